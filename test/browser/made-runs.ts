/** A folder of finished runs, made up: what they learnt from follows from its place, one text is hostile. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSamples } from '../../src/eval/samples-file.ts';
import type { JobEvent } from '../../src/events.ts';
import { randomStream } from '../../src/random.ts';
import type { RolloutRow, RolloutTokens } from '../../src/rollouts.ts';
import { rolloutWriter } from '../../src/store/rollout-writer.ts';
import {
  exampleComparison,
  exampleSamples,
  finished,
  started,
  steps as stepEvents,
} from '../report/comparison.ts';

export const hostile =
  '</script><script>document.title = "run"</script><img src="http://127.0.0.1:9/x" onerror="document.title = 1">';

/** Prompts that all runs share; each comes once in so many rows. */
const prompts = 40;
const words = 'Tom says that the damn parcel is late and Ann finds the answer rather rude'.split(
  ' ',
);

export interface MadeRuns {
  /** Holds them all. */
  readonly folder: string;
  /** Names of the runs. */
  readonly runs: readonly string[];
  remove(): Promise<void>;
}

interface Size {
  readonly runs?: readonly string[];
  readonly steps?: number;
  /** Responses a step. */
  readonly rows?: number;
  /** Whether the numbers of each token are kept. @default true */
  readonly tokens?: boolean;
}

export async function madeRuns(size: Size = {}): Promise<MadeRuns> {
  const { runs = ['first', 'seeds/7'] } = size;
  const folder = await mkdtemp(join(tmpdir(), 'tactful-runs-'));
  for (const [i, run] of runs.entries()) await makeRun(join(folder, run), run, i, size);
  return { folder, runs, remove: () => rm(folder, { recursive: true }) };
}

async function makeRun(folder: string, run: string, seed: number, size: Size) {
  const { steps = 5, rows = 16, tokens = true } = size;
  await mkdir(folder, { recursive: true });
  const { write } = rolloutWriter(folder);
  const queries = new Map(Array.from({ length: prompts }, (_, i) => [hashOf(i), promptOf(i)]));
  for (let step = 1; step <= steps; step++)
    await write(
      step,
      Array.from({ length: rows }, (_, row) => {
        const { tokens: all, ...rest } = rollout(step, row, rows, seed);
        return tokens ? { ...rest, tokens: all } : rest;
      }),
      queries,
    );
  const { before, after } = exampleSamples(30);
  const spoilt = after.map((one, i) => (i === 1 ? { ...one, response: hostile } : one));
  await writeSamples(join(folder, 'samples-before.jsonl'), before);
  await writeSamples(join(folder, 'samples-after.jsonl'), spoilt);
  const config = { ...started.config, seed };
  const events: JobEvent[] = [
    { ...started, runId: run, steps: stepEvents.length, config },
    ...stepEvents,
    { type: 'compared', comparison: exampleComparison() },
    finished,
  ];
  const log = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  await writeFile(join(folder, 'events.jsonl'), log);
}

function hashOf(prompt: number): string {
  return `hash${prompt}`;
}

function promptOf(prompt: number): string {
  return `Summarize the following conversation.\n\nTom: prompt number ${prompt}?\n\nSummary:`;
}

function rollout(step: number, row: number, rows: number, seed: number) {
  const stream = randomStream(seed, ['rollout', step, row]);
  const own = Array.from({ length: 8 }, () => words[stream.integer(words.length)]);
  const isHostile = step === 2 && row === 3;
  const tokens = tokensOf(isHostile ? [hostile] : own, stream);
  const prompt = ((step - 1) * rows + row) % prompts;
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);
  const mean = (numbers: readonly number[] = []) => sum(numbers) / numbers.length;
  return {
    ...{ step, row, id: `d${prompt}`, query: hashOf(prompt) },
    response: isHostile ? hostile : own.join(' '),
    ...{ length: tokens.ids.length, truncated: row % 5 === 0 },
    ...{ score: stream.normal() + step / 10, parts: { classifier: 1, rouge1: 0.5 } },
    ...{ kl: sum(tokens.kls), logprob: sum(tokens.logprobs), refLogprob: sum(tokens.refLogprobs) },
    ...{ advantage: mean(tokens.advantages), value: mean(tokens.values) },
    ...{ return: mean(tokens.returns), entropy: mean(tokens.entropies), tokens },
  } satisfies RolloutRow;
}

function tokensOf(own: readonly string[], stream: ReturnType<typeof randomStream>): RolloutTokens {
  const texts = [...own.map((word, i) => (i === 0 ? word : ` ${word}`)), '</s>'];
  const numbers = (from: number, width: number) => texts.map(() => from + width * stream.next());
  const logprobs = numbers(-3, 3);
  const kls = numbers(-0.2, 0.6);
  return {
    ...{ ids: texts.map((_, i) => i), texts, mask: texts.map((_, i) => (i === 2 ? 0 : 1)) },
    ...{ logprobs, refLogprobs: logprobs.map((p, i) => p - kls[i]), kls },
    ...{ advantages: numbers(-1, 2), values: numbers(0, 1), returns: numbers(0, 1) },
    ...{ entropies: numbers(0, 2), ratios: numbers(0.9, 0.2) },
  };
}
