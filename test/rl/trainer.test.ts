import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.ts';
import { writeModelFolder } from '../../src/hub/model-folder.ts';
import { freshPolicy, loadPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { RlLearner } from '../../src/rl/learner.ts';
import type { Reward } from '../../src/rl/reward.ts';
import type { Query } from '../../src/rl/rollout.ts';
import { trainRl } from '../../src/rl/trainer.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { loadTokenizer, type Tokenizer } from '../../src/tokenizer.ts';
import { testEngine } from '../engine.ts';
import { goldenPath } from '../golden.ts';
import { randomRows, tinyT5 } from '../model/tiny.ts';
import { restorer, snapshot } from './golden-policy.ts';

let engine: Engine;
let tokenizer: Tokenizer;
let folder: string;
let policy: Policy;
let restore: () => Promise<void>;
/** Random prompts, a batch of them. */
const queries: Query[] = randomRows(32).map((ids, i) => ({ id: `${i}`, text: `query ${i}`, ids }));
const lora = {
  rank: 4,
  alpha: 8,
  targetModules: ['q', 'v', 'o', 'wo'],
  rsLora: false,
  dropout: 0,
  baseModel: '',
};
beforeAll(async () => {
  engine = await testEngine();
  tokenizer = await loadTokenizer(goldenPath('tokenizers', 't5'));
  folder = await mkdtemp(join(tmpdir(), 'tactful-'));
  const random = await freshPolicy(engine, tinyT5, 1);
  await writeModelFolder(folder, tinyT5, random.parameters.tensors);
  await random.close();
  ({ policy } = await loadPolicy(engine, { model: folder, lora, valueHead: 'zero' }));
  restore = restorer(policy);
});
afterAll(async () => {
  await policy.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

const lengthReward: Reward = async (rollouts) => rollouts.map(({ response }) => -response.length);

interface TrainOptions {
  reward?: Reward;
  signal?: AbortSignal;
  /** Called with each event. */
  see?: (event: RunEvent) => void;
}

/** Trains the same start on the same queries at every step; a record of all that came of it. */
async function train(
  options: Partial<RlConfig>,
  { reward = lengthReward, signal, see = () => {} }: TrainOptions = {},
) {
  const generation = { sample: true, maxNewTokens: 12 };
  const batchSize = queries.length;
  const sizes = { batchSize, miniBatchSize: batchSize / 2, ppoEpochs: 2, steps: 2, calibrate: 0 };
  const config = RlConfig.parse({ ...sizes, generation, learningRate: 1e-2, ...options });
  await restore();
  const reference = await policy.parameters.copy();
  const start = snapshot(policy);
  const learner = new RlLearner({ policy, reference, config });
  const batches = (start: number) => Array.from({ length: config.steps - start }, () => queries);
  const events: RunEvent[] = [];
  let error: unknown;
  try {
    const parts = { policy, tokenizer, learner, reward, batches };
    for await (const event of trainRl(parts, config, signal)) {
      events.push(event);
      see(event);
    }
  } catch (caught) {
    error = caught;
  }
  const end = snapshot(policy);
  await reference.close();
  return { events, start, end, error };
}

/** Metrics of the steps, without what a clock says. */
function timeless(events: readonly RunEvent[]) {
  return events.map((event) => {
    if (event.type !== 'step') return event;
    const metrics = Object.entries(event.metrics).filter(([name]) => !name.startsWith('time/'));
    return { ...event, metrics: Object.fromEntries(metrics) };
  });
}

test('one event a step, in order, and as many as the config says', async () => {
  const { events } = await train({ steps: 3 });
  expect(events.map((event) => event.type === 'step' && [event.step, event.steps])).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
});

test("a step's metrics are finite numbers that survive JSON, times and truncation among them", async () => {
  const { events } = await train({ steps: 1 });
  const [event] = events;
  if (event.type !== 'step') throw new Error(`expected a step, got ${event.type}`);
  expect(JSON.parse(JSON.stringify(event))).toEqual(event);
  const { metrics } = event;
  expect(Object.keys(metrics).filter((name) => !Number.isFinite(metrics[name]))).toEqual([]);
  for (const name of ['time/generate', 'time/reward', 'time/step', 'env/truncated'])
    expect(metrics[name]).toBeGreaterThanOrEqual(0);
  const length = metrics['tokens/responses_len_mean'] - 1; // which counts the decoder start
  expect(metrics['env/reward_mean']).toBeCloseTo(-length, 6);
});

test('the same seed gives the same events and the same parameters, byte for byte', async () => {
  const [first, second] = [await train({}), await train({})];
  expect(timeless(second.events)).toEqual(timeless(first.events));
  expect(second.end).toEqual(first.end);
  expect(first.end).not.toEqual(first.start);
});

test('another seed gives other responses and other parameters', async () => {
  const [first, second] = [await train({ seed: 1 }), await train({ seed: 2 })];
  expect(timeless(second.events)).not.toEqual(timeless(first.events));
  expect(second.end).not.toEqual(first.end);
});

describe('an abort signal', () => {
  test('between two steps ends the run with "stopped"', async () => {
    const controller = new AbortController();
    const see = () => controller.abort();
    const { events, start, end } = await train({ steps: 5 }, { see, signal: controller.signal });
    expect(events.map(({ type }) => type)).toEqual(['step', 'stopped']);
    expect(events[1]).toEqual({ type: 'stopped', step: 1, reason: 'interrupted' });
    expect(end).not.toEqual(start);
  });

  test('in the middle of a step leaves the policy as it was before that step', async () => {
    const controller = new AbortController();
    const reward: Reward = (rollouts) => {
      controller.abort();
      return lengthReward(rollouts);
    };
    const { events, start, end } = await train({ steps: 5 }, { reward, signal: controller.signal });
    expect(events).toEqual([{ type: 'stopped', step: 0, reason: 'interrupted' }]);
    expect(end).toEqual(start);
  });

  test('given before the start, nothing runs', async () => {
    const { events, start, end } = await train({}, { signal: AbortSignal.abort() });
    expect(events).toEqual([{ type: 'stopped', step: 0, reason: 'interrupted' }]);
    expect(end).toEqual(start);
  });
});

test('a reward of minus the length makes responses shorter', async () => {
  const rewards: number[] = [];
  const see = (event: RunEvent) => {
    if (event.type === 'step') rewards.push(event.metrics['env/reward_mean']);
  };
  await train({ steps: 15, initKlCoef: 0, seed: 1 }, { see });
  const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
  // from some nine tokens to one or two; a mean of three steps is uncertain by half a token
  expect(mean(rewards.slice(-3))).toBeGreaterThan(mean(rewards.slice(0, 3)) + 4);
});

describe('a reward that is wrong', () => {
  test('in not being finite stops the run, naming the sample', async () => {
    const reward: Reward = async (rollouts) => rollouts.map((_, i) => (i === 2 ? Number.NaN : 1));
    const { error, events, start, end } = await train({}, { reward });
    expect(error).toMatchObject({
      name: 'NumericError',
      message: expect.stringContaining('sample 2'),
    });
    expect(events).toEqual([]);
    expect(end).toEqual(start);
  });

  test('in its number of scores stops the run', async () => {
    const { error } = await train({}, { reward: async () => [1] });
    expect(error).toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining('1 score'),
    });
  });

  test('in that it throws is not hidden', async () => {
    const fault = new Error('the reward model is on holiday');
    const { error } = await train({}, { reward: () => Promise.reject(fault) });
    expect(error).toBe(fault);
  });
});

test('the reward sees what was generated: query, ids, text, and whether the limit cut it', async () => {
  const seen: unknown[] = [];
  const reward: Reward = async (rollouts) => {
    for (const { query, response, truncated, text } of rollouts) {
      expect(truncated).toBe(response.at(-1) !== tokenizer.eosId);
      expect(text).toBe(await tokenizer.decode(response));
      seen.push(query);
    }
    return rollouts.map((_, i) => i);
  };
  await train({ steps: 1 }, { reward });
  expect(seen).toEqual(queries);
});
