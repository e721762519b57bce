/** I/O: worker processes on one Redis, and what becomes of them. */
import { setTimeout } from 'node:timers/promises';
import type { RandomStream } from '../../src/random.ts';
import { type Program, program } from './programs.ts';

export interface Crew {
  readonly workers: readonly Program[];
  /** SIGKILL to one, and another in its place. */
  replace(index: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts workers of one thread each, and waits until they are ready. @param words besides where Redis is */
export async function crew(
  url: string,
  size: number,
  words: readonly string[] = [],
): Promise<Crew> {
  const all: Program[] = [];
  const start = async (index: number) => {
    const line = [
      'worker',
      '--redis',
      url,
      '--threads',
      '1',
      '--name',
      `w${index}`,
      '--json',
      ...words,
    ];
    all[index] = program(line);
    await all[index].says(/"type":"ready"/);
  };
  await Promise.all(Array.from({ length: size }, (_, i) => start(i)));
  return {
    workers: all,
    async replace(index) {
      await all[index].kill();
      await start(index);
    },
    async close() {
      await Promise.all(all.map((one) => one.kill()));
    },
  };
}

/**
 * Kills workers at random moments until there were enough kills, or `done` is.
 * @returns what was killed when, in ms since the first moment
 */
export async function killing(
  { workers, replace }: Crew,
  {
    kills,
    stream,
    pause,
    done,
  }: { kills: number; stream: RandomStream; pause: number; done: Promise<unknown> },
): Promise<string[]> {
  const start = performance.now();
  const killed: string[] = [];
  const starting: Promise<void>[] = [];
  let isDone = false;
  const end = done.then(
    () => {
      isDone = true;
    },
    () => {
      isDone = true;
    },
  );
  while (killed.length < kills) {
    await Promise.race([setTimeout(2 * pause * stream.next()), end]);
    if (isDone) break;
    const index = stream.integer(workers.length);
    killed.push(`w${index} at ${Math.round(performance.now() - start)}`);
    starting[index] = (starting[index] ?? Promise.resolve()).then(() => replace(index));
  }
  await Promise.all(starting);
  return killed;
}
