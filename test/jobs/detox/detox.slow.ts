import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { readAdapter, readValueHead } from '../../../src/adapter/peft.ts';
import type { RunEvent } from '../../../src/events.ts';
import { loadTokenizer } from '../../../src/family/tokenizer.ts';
import { DetoxConfig, rlConfigOf } from '../../../src/jobs/detox/config.ts';
import { detox } from '../../../src/jobs/library.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import { readEvents } from '../../../src/store/event-log.ts';
import { testEngine } from '../../engine.ts';
import { dialogues as rows, tinySettings } from './tiny.ts';

let engine: Engine;
let folder: string;
let settings: Awaited<ReturnType<typeof tinySettings>>;
let runs = 0;
beforeAll(async () => {
  engine = await testEngine();
  folder = await mkdtemp(join(tmpdir(), 'tactful-detox-'));
  settings = await tinySettings(folder);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

type Options = Partial<z.input<typeof DetoxConfig>>;

function configOf(options: Options = {}): DetoxConfig {
  return DetoxConfig.parse({ ...settings, ...options });
}

/** A whole run into a folder of its own. */
async function run(options: Options = {}, see?: (event: RunEvent, stop: () => void) => void) {
  const output = join(folder, `run-${++runs}`);
  const controller = new AbortController();
  const context = { engine, output, runId: 'test', version: '0', signal: controller.signal };
  const events: RunEvent[] = [];
  for await (const event of detox(configOf(options), context)) {
    events.push(event);
    see?.(event, () => controller.abort());
  }
  return { output, events, adapter: join(output, 'adapter') };
}

function only<T extends RunEvent['type']>(events: readonly RunEvent[], type: T) {
  return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}

test('the best adapter is chosen every so many steps, and the last one lies beside it', async () => {
  const { events } = await run({ steps: 3, samples: 1, evaluateEvery: 2, validationSamples: 6 });
  expect(only(events, 'validated').map(({ step }) => step)).toEqual([2]);
});

test('rows with one dialogue fill a batch as often as they are there, and are one prompt held out', async () => {
  const data = join(folder, 'repeated.jsonl');
  const lines = (await readFile(settings.data, 'utf8')).split('\n').slice(0, 3);
  await writeFile(data, Array.from({ length: 15 }, (_, i) => lines[i % 3]).join('\n'));
  const { events } = await run({ data, steps: 1 });
  expect(only(events, 'started')[0].data).toMatchObject({ rows: 15, train: 2, test: 1 });
  expect(only(events, 'step').length).toBe(1); // of 8 responses to 2 dialogues
  expect(only(events, 'compared')[0].comparison.slices[0].n).toBe(1);
});

describe('a run', () => {
  let first: Awaited<ReturnType<typeof run>>;
  let second: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    first = await run();
    second = await run();
  });

  test('measures, trains, measures again, compares', () => {
    const types = first.events.map(({ type }) => type).filter((type) => type !== 'progress');
    const training = ['checkpoint', 'calibrated', 'step', 'step', 'checked', 'checkpoint'];
    const measuring = ['evaluated', 'compared', 'finished'];
    expect(types).toEqual(['started', 'evaluated', ...training, ...measuring]);
    expect(only(first.events, 'evaluated').map(({ when }) => when)).toEqual(['before', 'after']);
    expect(only(first.events, 'finished')[0].steps).toBe(2);
  });

  test('counts rows and parameters in its first event', () => {
    const [{ data, policyParameters, referenceParameters }] = only(first.events, 'started');
    const test = Math.ceil(0.2 * rows);
    expect(data).toMatchObject({ rows, kept: rows, train: rows - test, test });
    expect(policyParameters.trainable).toBeGreaterThan(0);
    expect(policyParameters.trainable).toBeLessThan(policyParameters.all);
    expect(referenceParameters).toEqual({ trainable: 0, all: policyParameters.all });
  });

  test('measures by a sampler of its own, where that is set', async () => {
    const { output } = await run({
      evaluationMaxNewTokens: 3,
      evaluationMinLength: 0,
      evaluationTopK: 1, // greedy, by another name
    });
    const lines = async (of: string) =>
      (await readFile(join(of, 'samples-before.jsonl'), 'utf8')).trim().split('\n');
    const [own, plain] = [await lines(output), await lines(first.output)];
    const tokens = (line: string) => JSON.parse(line).tokens;
    expect(Math.max(...own.map(tokens))).toBe(3);
    expect(Math.max(...plain.map(tokens))).toBeGreaterThan(3);
  });

  test('says how much memory it will take, and in the end how much it took', () => {
    const [{ memory }] = only(first.events, 'started');
    expect(memory?.total).toBeGreaterThan(1e8); // the program alone
    expect(memory?.total).toBeLessThan(3e8); // small models
    expect(Object.keys(memory?.parts ?? {})).toContain('adapter');
    const [{ peakMemory }] = only(first.events, 'finished');
    expect(peakMemory).toBeGreaterThan(0.9 * process.memoryUsage.rss());
  });

  test('starts with no KL', () => {
    const [{ metrics }] = only(first.events, 'step');
    expect(Math.abs(metrics['objective/kl'])).toBeLessThan(1e-4);
  });

  test('compares every held-out dialogue, and shows as many rows as there are', () => {
    const [{ comparison }] = only(first.events, 'compared');
    const [{ data }] = only(first.events, 'started');
    expect(comparison.slices[0]).toMatchObject({ name: 'all', n: data.test });
    expect(comparison.rows).toHaveLength(data.test);
    const differences = comparison.rows.map((row) => row.reward_diff);
    expect(differences).toEqual(differences.toSorted((a, b) => b - a));
  });

  test('writes the verdict, and as many rows as it compares, into its report and tables', async () => {
    const [{ comparison }] = only(first.events, 'compared');
    const read = (name: string) => readFile(join(first.output, name), 'utf8');
    const report = await read('report.md');
    expect(report).toMatch(/^# Run test\n/);
    const lead = report.split('\n').find((line) => line.startsWith('> **'))!;
    expect(lead.toLowerCase()).toContain(`> **${comparison.verdict}`);
    const [{ steps }] = only(first.events, 'finished');
    expect(report).toContain(`${steps} steps`);
    const lines = (await read('comparison.jsonl')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      JSON.parse(JSON.stringify(comparison.rows)),
    );
    expect(await read('comparison.csv')).toContain(comparison.rows[0].id);
  });

  test('has every event in its log, but progress', async () => {
    const told = first.events.filter(({ type }) => type !== 'progress');
    const log = await readEvents(join(first.output, 'events.jsonl'));
    expect(log).toEqual(JSON.parse(JSON.stringify(told)));
  });

  test('events survive JSON', () => {
    expect(JSON.parse(JSON.stringify(first.events))).toEqual(first.events);
  });

  test('writes an adapter that can be loaded, changed from its start, and the value head beside it', async () => {
    const start = await readAdapter(settings.adapter);
    const end = await readAdapter(first.adapter);
    expect([...end.tensors.keys()].sort()).toEqual([...start.tensors.keys()].sort());
    expect(end.tensors).not.toEqual(start.tensors);
    const { rank, alpha, targetModules } = start.config;
    expect(end.config).toMatchObject({ rank, alpha, targetModules });
    const head = await readValueHead(first.adapter);
    expect([...head!.keys()].sort()).toEqual(['v_head.summary.bias', 'v_head.summary.weight']);
  });

  test('gives the same bytes twice', async () => {
    const names = await readdir(first.adapter);
    expect(names).toContain('adapter_model.safetensors');
    for (const name of names) {
      const bytes = await Promise.all(
        [first, second].map(({ adapter }) => readFile(join(adapter, name))),
      );
      expect(bytes[0].equals(bytes[1]), name).toBe(true);
    }
  });
});

test('without an adapter it starts a fresh one of the rank and targets asked for', async () => {
  const options = { adapter: undefined, loraRank: 2, loraAlpha: 4, loraTargets: ['v', 'q', 'o'] };
  const { adapter, events } = await run({ ...options, steps: 1, samples: 2, rows: 1 });
  const { config } = await readAdapter(adapter);
  expect(config).toMatchObject({ rank: 2, alpha: 4, targetModules: ['o', 'q', 'v'] });
  const [{ comparison }] = only(events, 'compared');
  expect([comparison.slices[0].n, comparison.rows.length]).toEqual([2, 1]);
});

test("runs with TRL 0.8.0's semantics against the bare model, whose KL is not zero", async () => {
  const { events } = await run({
    compat: 'trl-0.8.0',
    reference: 'base',
    steps: 1,
    samples: 1,
    minLength: 5, // no response so short that TRL's mask is empty
  });
  const [{ metrics }] = only(events, 'step');
  expect(Math.abs(metrics['objective/kl'])).toBeGreaterThan(1e-3);
});

test('with a weight of ROUGE, the reward is the logit plus weight · ROUGE-1', async () => {
  const tokenizer = await loadTokenizer(join(folder, 'model'));
  const ids = Array.from({ length: 256 }, (_, id) => [id]); // a random model writes some of these
  const summary = (await tokenizer.decodeBatch(ids)).join(' ');
  const data = join(folder, 'words.jsonl');
  const lines = Array.from({ length: 12 }, (_, id) => ({ id, dialogue: `A: Hi! ${id}`, summary }));
  await writeFile(data, lines.map((line) => JSON.stringify(line)).join('\n'));
  const options = { data, steps: 1, samples: 1, rows: 1 };
  const [plain, weighted] = [await run(options), await run({ ...options, rougeWeight: 2 })];
  const [{ metrics: logit }] = only(plain.events, 'step');
  const [{ metrics }] = only(weighted.events, 'step'); // of the same responses
  expect(metrics['env/reward/classifier']).toBeCloseTo(logit['env/reward_mean'], 12);
  expect(metrics['env/reward/rouge1']).toBeGreaterThan(0);
  expect(metrics['env/reward_mean']).toBeCloseTo(
    logit['env/reward_mean'] + 2 * metrics['env/reward/rouge1'],
    12,
  );
});

test('each step tells the share of toxic responses, and what a policy that games its reward would write', async () => {
  const { events } = await run({ steps: 1, samples: 1, rows: 1 });
  const [{ metrics }] = only(events, 'step');
  const names = ['distinct2', 'copy_share', 'empty_share', 'duplicate_share'];
  for (const name of ['env/toxic_share', ...names.map((guard) => `guard/${guard}`)]) {
    expect(metrics[name], name).toBeGreaterThanOrEqual(0);
    expect(metrics[name], name).toBeLessThanOrEqual(1);
  }
});

test('stopped, it saves a checkpoint and the adapter, and measures no more', async () => {
  const { events, adapter } = await run({}, ({ type }, stop) => type === 'step' && stop());
  const types = events.slice(-3).map(({ type }) => type);
  expect(types).toEqual(['step', 'checkpoint', 'stopped']);
  expect((await readAdapter(adapter)).tensors.size).toBeGreaterThan(0);
});

describe('what it refuses', () => {
  test('a label that the classifier does not have, listing those it has', async () => {
    await expect(run({ toxicLabel: 'toxic' })).rejects.toThrow(
      '`toxicLabel`: expected one of "nothate", "hate", got "toxic".',
    );
  });

  test('a data file that is not there', async () => {
    const data = join(folder, 'missing.csv');
    await expect(run({ data })).rejects.toThrow(
      `${data}: expected a file or folder of data, got no such file or folder. A dataset on the hub is named owner/name.`,
    );
  });

  test('too few dialogues for one batch, before anything is measured', async () => {
    const options = { batchSize: rows, miniBatchSize: rows, samples: 1 };
    const seen: string[] = [];
    await expect(run(options, ({ type }) => seen.push(type))).rejects.toThrow(
      `${settings.data}: expected at least ${rows} dialogues to train on, one batch, got 24: of 30 rows 30 are of a length that is kept, and 6 dialogues held out. Use more data, or a \`batchSize\` of 24 or less.`,
    );
    expect(seen).toEqual([]);
  });

  test('a target for a fresh adapter that names no module, listing those there are', async () => {
    const options = { adapter: undefined, loraTargets: ['q', 'vv'] };
    await expect(run(options)).rejects.toThrow(
      /^`loraTargets`: expected modules of the model \(k, o, q, v, .*\), got "vv"\. Did you mean "v"\?$/,
    );
  });

  test('a batch that the minibatch does not divide', () => {
    expect(() => rlConfigOf(configOf({ batchSize: 10 }))).toThrow('must divide batchSize');
  });

  test('a setting that does not exist', () => {
    const call = () => DetoxConfig.parse({ ...configOf(), tokK: 0 });
    expect(call).toThrow('Unrecognized key: \\"tokK\\"');
  });
});
