/** Folders of runs as trainings leave them, small. I/O. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { Sample } from '../../../src/comparison.ts';
import { writeFileAtomic } from '../../../src/disk/atomic.ts';
import type { JobEvent } from '../../../src/events.ts';
import type { RolloutRow } from '../../../src/rollouts.ts';
import { openLog } from '../../../src/store/event-log.ts';
import { stepFile } from '../../../src/store/rollouts.ts';

/** An empty folder, gone after the test. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-index-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function started(over: Partial<Extract<JobEvent, { type: 'started' }>> = {}): JobEvent {
  return {
    type: 'started',
    job: 'detox',
    runId: 'a run',
    time: '2026-11-29T10:00:00.000Z',
    version: '0.1.0',
    steps: 4,
    config: { model: 'a/model', algorithm: 'ppo', seed: 7 },
    engine: 'onnxruntime',
    data: { rows: 10, kept: 10, train: 8, test: 2 },
    ...over,
  };
}

export function stepped(step: number, score = 0): JobEvent {
  return { type: 'step', step, steps: 4, metrics: { 'ppo/mean_scores': score } };
}

/** Appends events as a job does. */
export async function log(folder: string, ...events: readonly JobEvent[]): Promise<void> {
  const opened = await openLog(join(folder, 'events.jsonl'));
  for (const event of events) await opened.append(event);
  await opened.close();
}

export function rollout(step: number, row: number, over: Partial<RolloutRow> = {}): RolloutRow {
  return {
    ...{ step, row, id: `d${row}`, query: `q${row}`, response: `step ${step} row ${row}` },
    ...{ length: 3, truncated: false, score: 0, kl: 0, logprob: -1, refLogprob: -1, advantage: 0 },
    ...over,
    tokens: {
      ids: [5, 1],
      texts: [',"tokens":{', '</s>'],
      logprobs: [-0.5, -0.5],
      refLogprobs: [-0.5, -0.5],
      kls: [0, 0],
      advantages: [0, 0],
    },
  };
}

/** Writes the file of a step, and the texts of its queries. */
export async function keep(folder: string, step: number, rows: readonly RolloutRow[]) {
  const place = join(folder, 'rollouts');
  await mkdir(place, { recursive: true });
  const queries = rows.map(({ query }) => ({ query, text: `prompt of ${query}` }));
  await writeFile(join(place, 'queries.jsonl'), lines(queries), { flag: 'a' });
  await writeFileAtomic(join(place, stepFile(step)), gzipSync(lines(rows)));
}

export async function keepSamples(
  folder: string,
  before: readonly Sample[],
  after: readonly Sample[],
): Promise<void> {
  await writeFileAtomic(join(folder, 'samples-before.jsonl'), lines(before));
  await writeFileAtomic(join(folder, 'samples-after.jsonl'), lines(after));
}

function lines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
