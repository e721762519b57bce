/** I/O: short runs of the demo as processes, alone and on workers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { momentsOf } from './moments.ts';
import { outcomeOf } from './outcome.ts';
import { finished, type Program, program } from './programs.ts';

/** Few prompts are measured; a step's four minibatches are one optimizer step, so that they can be done at once. */
export const few = [
  ...['--samples', '8', '--rows', '4', '--guards', 'off'],
  ...['--mini-batch-size', '8', '--gradient-accumulation-steps', '4'],
];

interface UnderWay {
  readonly run: Program;
  readonly output: string;
  /** Waits until it is so many steps far. @throws when it ends before */
  readonly reaches: (moment: number) => Promise<void>;
}

export interface DemoRuns {
  readonly folder: string;
  /** What comes of a run in one process. */
  alone(words: readonly string[]): Promise<Awaited<ReturnType<typeof outcomeOf>>>;
  /** A run on workers, under way. */
  over(url: string, words: readonly string[]): UnderWay;
  /** What comes of a run on workers. */
  on(url: string, words: readonly string[]): Promise<Awaited<ReturnType<typeof outcomeOf>>>;
  close(): Promise<void>;
}

/** A folder for runs. */
export async function demoRuns(): Promise<DemoRuns> {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-machines-'));
  let count = 0;
  const newOutput = () => join(folder, `run-${count++}`);
  const over = (url: string, words: readonly string[]) => {
    const output = newOutput();
    const line = ['detox', ...few, ...words, '--workers', url, '--output', output];
    const run = program(line);
    return { run, output, reaches: momentsOf(run, output) };
  };
  return {
    folder,
    over,
    async alone(words) {
      const output = newOutput();
      await finished(['detox', ...few, ...words, '--threads', '1', '--output', output]);
      return outcomeOf(output);
    },
    async on(url, words) {
      const { run, output } = over(url, words);
      await endOf(run);
      return outcomeOf(output);
    },
    close: () => rm(folder, { recursive: true }),
  };
}

/** Waits for a good end. @throws when it was another */
export async function endOf(run: Program): Promise<void> {
  const how = await run.ended;
  if (how !== 0) throw new Error(`the run ended with ${how}:\n${run.text()}`);
}
