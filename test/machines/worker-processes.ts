/** I/O: worker processes on one Redis, and what becomes of them. */
import { setTimeout } from 'node:timers/promises';
import type { RandomStream } from '../../src/random.ts';
import { type Program, program } from './programs.ts';

export interface Crew {
  readonly workers: readonly Program[];
  /** SIGKILL to one of those that serve a run, as soon as there is one; another takes its place. @returns its name */
  killOne(stream: RandomStream): Promise<string>;
  /** @throws when one that took a place did not get ready */
  close(): Promise<void>;
}

/** What a killed worker had comes again soon. */
const soon = ['--lost-after', '2'];

/** Starts workers of one thread each, and waits until they are ready. @param words besides where Redis is */
export async function crew(
  url: string,
  size: number,
  words: readonly string[] = soon,
): Promise<Crew> {
  const workers: Program[] = [];
  const start = (index: number) => {
    const name = `w${index}`;
    const line = ['worker', '--redis', url, '--threads', '1', '--name', name, '--json', ...words];
    workers[index] = program(line);
    return workers[index].says(/"type":"ready"/);
  };
  await Promise.all(Array.from({ length: size }, (_, i) => start(i)));
  const failures: unknown[] = [];
  let isClosed = false;
  return {
    workers,
    async killOne(stream) {
      for (;;) {
        const serving = [...workers.keys()].filter((i) =>
          /"type":"serving"/.test(workers[i].text()),
        );
        if (serving.length > 0) {
          const index = stream.pick(serving);
          await workers[index].kill();
          start(index).catch((error) => isClosed || failures.push(error));
          return `w${index}`;
        }
        await setTimeout(20);
      }
    },
    async close() {
      isClosed = true;
      await Promise.all(workers.map((one) => one.kill()));
      if (failures.length > 0) throw failures[0];
    },
  };
}
