import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followRun } from '../../src/cli/follow-run.ts';
import { newEvents } from '../../src/cli/new-events.ts';
import { secondsLeft, stepLine, watchText } from '../../src/cli/watch-text.ts';
import type { JobEvent } from '../../src/events.ts';
import type { RolloutRow } from '../../src/rollouts.ts';
import { tactful } from './io.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-watch-'));
});
afterEach(() => rm(folder, { recursive: true }));

const started: JobEvent = {
  type: 'started',
  runId: 'mine',
  time: '2026-11-29T05:00:00.000Z',
  version: '1',
  config: {},
  engine: 'none',
  data: { rows: 1, kept: 1, train: 1, test: 1 },
};
const step = (number: number, reward = number / 10): JobEvent => ({
  type: 'step',
  step: number,
  steps: 4,
  metrics: {
    ...{ 'env/reward_mean': reward, 'objective/kl': number / 4, 'env/toxic_share': 0.25 },
    'time/step': 2 * number,
  },
});
const finished: JobEvent = { type: 'finished', steps: 4, seconds: 9 };

const row = (score: number, response: string): RolloutRow => ({
  ...{ step: 2, row: 0, id: 'd', query: 'h', response, length: 3, truncated: false, score },
  ...{ kl: 0, logprob: 0, refLogprob: 0, advantage: 0 },
});

const log = (...events: JobEvent[]) =>
  appendFile(
    join(folder, 'events.jsonl'),
    events.map((one) => `${JSON.stringify(one)}\n`).join(''),
  );

test('a screen has how far it is, curves, and the samples with the least and the most reward', () => {
  const samples = [5, 1, 4, 2, 3].map((score) => row(score, `text\n\x1b[31m of ${score}`));
  const run = { state: 'running', events: [started, step(1), step(2)], samples } as const;
  expect(watchText(run, 80).split('\n')).toEqual([
    'mine  step 2/4  6.0 s left',
    'reward  ▁█  0.200',
    'toxic   ▄▄  0.250',
    'KL      ▁█  0.500',
    '',
    'responses of step 2, by score',
    '   1.000  text [31m of 1',
    '   2.000  text [31m of 2',
    '   4.000  text [31m of 4',
    '   5.000  text [31m of 5',
  ]);
  expect(watchText({ state: 'left', events: [started], samples: [] }, 80)).toBe(
    'mine  before the first step  its process is gone',
  );
});

test('the rest is judged by the last steps', () => {
  expect(secondsLeft([started])).toBeUndefined();
  expect(secondsLeft([started, step(3), step(4)])).toBeUndefined(); // it measures
  expect(secondsLeft([started, step(1), step(2), step(3)])).toBe(4);
});

test('a log that went back tells its steps again, and nothing twice else', () => {
  const fresh = newEvents();
  expect(fresh([started, step(1)])).toEqual([started, step(1)]);
  expect(fresh([started, step(1)])).toEqual([]);
  expect(fresh([started, step(1), step(2)])).toEqual([step(2)]);
  expect(fresh([started, step(1, 9)])).toEqual([step(1, 9)]);
  expect(fresh([started, step(1, 9), finished])).toEqual([finished]);
});

test('a run is followed while its process is there, and until it ends', async () => {
  await writeFile(join(folder, 'lock'), `${process.pid}\n`);
  const steps = [
    () => log(started, step(1)),
    async () => {},
    () => log(step(2)),
    () => log(finished),
  ];
  const wait = async () => steps.shift()?.();
  const seen: string[] = [];
  for await (const run of followRun(folder, { signal: new AbortController().signal, wait })) {
    seen.push(`${run.state} ${run.events.length}`);
  }
  expect(seen).toEqual(['running 2', 'running 3', 'ended 4']);
});

test('a run whose process is gone is shown once, with its last samples', async () => {
  await log(started, step(1), step(2));
  await mkdir(join(folder, 'rollouts'));
  const file = (name: string, rows: readonly RolloutRow[]) =>
    writeFile(
      join(folder, 'rollouts', name),
      gzipSync(rows.map((one) => `${JSON.stringify(one)}\n`).join('')),
    );
  await file('step-000001.jsonl.gz', [row(9, 'old')]);
  await file('step-000002.jsonl.gz', [row(1, 'new')]);
  await writeFile(join(folder, 'rollouts', 'step-000003.jsonl.gz.tmp'), 'half');
  const { code, out } = await tactful(['watch', folder], { columns: 80 });
  expect(code).toBe(0);
  expect(out).toContain('its process is gone');
  expect(out).toContain('   1.000  new\n');
  expect(out).not.toContain('old');
});

test('a pipe gets a line a step, and JSON the events', async () => {
  await log(started, step(1), step(2), finished);
  const { out } = await tactful(['watch', folder]);
  expect(out.split('\n').slice(0, 3)).toEqual([
    expect.stringMatching(/^step 1\/4 /),
    expect.stringMatching(/^step 2\/4 /),
    'mine  step 2/4  ended',
  ]);
  const { out: lines } = await tactful(['watch', folder, '--json']);
  const events = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events).toEqual([started, step(1), step(2), finished]);
});

test('a folder without a run is told', async () => {
  const { code, err } = await tactful(['watch', folder]);
  expect(code).not.toBe(0);
  expect(err).toContain(`${folder}: expected a run with its events.jsonl, got none.`);
});

test('a training from given texts shows its loss', () => {
  const at = (number: number, loss: number) =>
    ({ type: 'step', step: number, steps: 3, metrics: { loss, grad_norm: 1 } }) as const;
  const events = [started, at(1, 0.5), at(2, 0.25)];
  const text = watchText({ state: 'running', events, samples: [] }, 80);
  expect(text.split('\n')).toEqual(['mine  step 2/3  measuring', 'loss    █▁  0.2500']);
  expect(stepLine(at(1, 0.5))).toBe('step 1/3  loss 0.5000');
});
