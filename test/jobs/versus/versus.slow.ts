/** The same run under several semantics: one that goes on ends as one that was never stopped. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DetoxConfig } from '../../../src/jobs/detox/config.ts';
import { readRun } from '../../../src/jobs/detox/record.ts';
import { runVersus, type VersusEvent } from '../../../src/jobs/versus/versus.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import { startEngine } from '../../../src/runtime/select.ts';
import { tinySettings } from '../detox/tiny.ts';

let directory: string;
let engine: Engine;
let config: DetoxConfig;
let whole: VersusEvent[];
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-versus-'));
  engine = await startEngine({ engine: 'onnxruntime', threads: 1 });
  config = DetoxConfig.parse({ ...(await tinySettings(directory)), seed: 3 });
  whole = await run('whole');
});
afterAll(async () => {
  await engine.close();
  await rm(directory, { recursive: true });
});

/** @param until ends it when an event fulfils this */
async function run(
  name: string,
  { resume = false, until, settings = config }: Partial<Run> = {},
): Promise<VersusEvent[]> {
  const stop = new AbortController();
  const context = { engine, output: at(name), version: '1', ablate: true, resume };
  const events: VersusEvent[] = [];
  for await (const event of runVersus(settings, { ...context, signal: stop.signal })) {
    events.push(event);
    if (until?.(event)) stop.abort();
  }
  return events;
}
interface Run {
  readonly resume: boolean;
  readonly settings: DetoxConfig;
  until(event: VersusEvent): boolean;
}

const begun = (events: readonly VersusEvent[]) =>
  events.flatMap((event) => (event.type === 'began' ? [event.run] : []));

/** Without what is never the same twice. */
async function numbersOf(name: string) {
  const { runs, ...rest } = JSON.parse(await readFile(at(`${name}/versus.json`), 'utf8'));
  return { ...rest, runs: runs.map(({ seconds: _, folder: __, ...run }: object & Timed) => run) };
}
type Timed = { readonly seconds: number; readonly folder: string };

test('runs the default, TRL, and each correction that acts on these settings left out alone', async () => {
  const acting = [
    ...['scoresFirstToken', 'keepsDecoderStart', 'rewardsByLabel', 'stripsSpecialTokens'],
    ...['skipsWholeStep', 'shufflesByKey', 'samplesWithoutDropout'],
  ];
  const names = ['default', 'trl-0.8.0', ...acting.map((name) => `without-${name}`)];
  expect(begun(whole)).toEqual(names);
  expect((await readdir(at('whole'))).sort()).toEqual(
    [...names, 'config.yaml', 'report.md', 'versus.json'].sort(),
  );
  const { config: first } = (await readRun(at('whole/without-rewardsByLabel'))).started;
  expect(first).toMatchObject({ compat: 'none', without: ['rewardsByLabel'], seed: 3 });
  const { idle } = await numbersOf('whole');
  expect(idle).toEqual([
    ...['scoresAtTemperature', 'clipsEveryStep', 'stopsBeforeStep', 'whitensRealTokens'],
  ]);
});

test('all answer the same prompts from the same starting policy', async () => {
  const [plain, trl] = await Promise.all(
    ['default', 'trl-0.8.0'].map((name) => readRun(at(`whole/${name}`))),
  );
  // how probable answers are is measured by each run's own reference
  const answers = (run: typeof trl) => run.before?.map(({ refLogprob: _, ...one }) => one);
  expect(answers(trl)).toEqual(answers(plain));
  const { runs } = await numbersOf('whole');
  const [{ cost: none }, { cost }] = runs;
  expect(none).toBeUndefined();
  expect(cost).toMatchObject({ first: 'default', second: 'trl-0.8.0' });
  const mean = (of: typeof plain) =>
    of.after.reduce((sum, { tokens }) => sum + tokens, 0) / of.after.length;
  expect(cost.slices[0].tokens.before.mean).toBeCloseTo(mean(plain), 12);
  expect(cost.slices[0].tokens.after.mean).toBeCloseTo(mean(trl), 12);
});

test('stopped within a run goes on there, and runs nothing twice', async () => {
  const stopped = await run('half', {
    until: (event) =>
      event.type === 'event' && event.run === 'trl-0.8.0' && event.event.type === 'step',
  });
  expect(begun(stopped)).toEqual(['default', 'trl-0.8.0']);
  expect(stopped.some(({ type }) => type === 'compared')).toBe(false);
  const resumed = await run('half', { resume: true });
  expect(resumed[0]).toEqual({ type: 'known', run: 'default', place: 1, of: 9 });
  const first = resumed.find((event) => event.type === 'event');
  expect(first).toMatchObject({ run: 'trl-0.8.0', event: { type: 'resumed', step: 1 } });
  expect(await numbersOf('half')).toEqual(await numbersOf('whole'));
  const weights = 'adapter/adapter_model.safetensors';
  expect(await readFile(at(`half/trl-0.8.0/${weights}`))).toEqual(
    await readFile(at(`whole/trl-0.8.0/${weights}`)),
  );
});

test('finished is told once more without a run; with other settings it is refused', async () => {
  const again = await run('whole', { resume: true });
  expect(begun(again)).toEqual([]);
  expect(again.at(-1)).toEqual(whole.at(-1));
  const settings = { ...config, learningRate: 0.5 };
  await expect(run('whole', { resume: true, settings })).rejects.toThrow(
    'learningRate: expected 0.001, with which the run began, got 0.5. Put it back, or start a new run.',
  );
});

test('a folder that holds something is refused', async () => {
  await expect(run('whole')).rejects.toThrow('expected a new or empty folder');
});
