import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { loadTokenizer, type Tokenizer } from '../../src/family/tokenizer.ts';
import { ownMetrics, trlScalars } from '../../src/metrics.ts';
import { freshPolicy, loadPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import type { SeenStep } from '../../src/rl/collect.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { RlLearner } from '../../src/rl/learner.ts';
import type { LearnerState } from '../../src/rl/learner-state.ts';
import { moments } from '../../src/rl/masked.ts';
import type { Reward } from '../../src/rl/reward.ts';
import type { Query, Rollout } from '../../src/rl/rollout.ts';
import { responseIds, rolloutRows } from '../../src/rl/rollout-rows.ts';
import { trainRl } from '../../src/rl/trainer.ts';
import { numpyRandom } from '../../src/rl/trl/numpy.ts';
import type { Engine } from '../../src/runtime/engine.ts';
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
const config = { ...tinyT5, layers: 1, decoderLayers: 1 };
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
  const random = await freshPolicy(engine, config, 1);
  await writeModelFolder(folder, config, random.parameters.tensors);
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
  see?: (event: RunEvent) => unknown;
  /** Is shown each batch that the reward judges. */
  watch?: (rollouts: readonly Rollout[]) => unknown;
  /** Called before each batch. */
  ask?: () => void;
  /** Is shown what was learnt from. */
  seen?: (step: SeenStep) => Promise<void>;
  /** What an earlier run has left. */
  state?: LearnerState;
}

/** Trains the same start on the same queries at every step; a record of all that came of it. */
async function train(
  options: Partial<RlConfig>,
  { reward = lengthReward, signal, see, watch, ask, seen, state }: TrainOptions = {},
) {
  const generation = { sample: true, maxNewTokens: 12 };
  const batchSize = queries.length;
  const sizes = { batchSize, miniBatchSize: batchSize / 2, ppoEpochs: 2, steps: 2, calibrate: 0 };
  const config = RlConfig.parse({ ...sizes, generation, learningRate: 1e-2, ...options });
  await restore();
  const reference = await policy.parameters.copy();
  const start = snapshot(policy);
  const learner = new RlLearner({ policy, reference, config });
  if (state) await learner.restore(state);
  const perStep = queries.slice(0, config.batchSize / config.numGenerations);
  function* batches(first: number) {
    for (let step = first; step < config.steps; step++) {
      ask?.();
      yield perStep;
    }
  }
  const events: RunEvent[] = [];
  let error: unknown;
  try {
    const watched: Reward = (rollouts, signal) => {
      watch?.(rollouts);
      return reward(rollouts, signal);
    };
    const parts = { policy, tokenizer, learner, reward: watched, batches, ...(seen && { seen }) };
    for await (const event of trainRl(parts, config, signal)) {
      events.push(event);
      see?.(event);
    }
  } catch (caught) {
    error = caught;
  }
  const end = snapshot(policy);
  await reference.close();
  return { events, start, end, error, config, learner };
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
  const known: readonly string[] = [...trlScalars, ...ownMetrics];
  expect(Object.keys(metrics).filter((name) => !known.includes(name))).toEqual([]);
  for (const name of ['time/generate', 'time/reward', 'time/step', 'env/truncated'])
    expect(metrics[name]).toBeGreaterThanOrEqual(0);
  const length = metrics['tokens/responses_len_mean'] - 1; // which counts the decoder start
  expect(metrics['env/reward_mean']).toBeCloseTo(-length, 6);
});

describe('what is kept of a step', () => {
  const mean = (numbers: readonly number[]) => moments(numbers).mean;
  const settings: [string, Partial<RlConfig>][] = [
    ['ppo', {}],
    ['a value behind what is cut off', { bootstrapTruncated: true }],
    ['rescored', { rescore: true }],
    ['rloo', { algorithm: 'rloo', numGenerations: 4, valueHead: 'none' }],
    ['grpo', { algorithm: 'grpo', numGenerations: 4, valueHead: 'none' }],
    ['trl-0.8.0', { compat: 'trl-0.8.0' }],
  ];
  test.each(settings)('adds up to the metrics: %s', async (_, options) => {
    const kept: { readonly rows: ReturnType<typeof rolloutRows>; readonly events: number }[] = [];
    const told: RunEvent[] = [];
    const seen = async (step: SeenStep) => {
      await new Promise((resolve) => setImmediate(resolve));
      const texts = responseIds(step.learnt).map((ids) => ids.map((id) => `${id}`));
      const hashes = step.rollouts.map(({ query }) => query.id);
      kept.push({ rows: rolloutRows(step, { queries: hashes, texts }), events: told.length });
    };
    const see = (event: RunEvent) => told.push(event);
    const { events, error } = await train({ steps: 2, ...options }, { seen, see });
    expect(error).toBeUndefined();
    expect(kept.map((one) => one.events)).toEqual([0, 1]); // each before its event
    for (const [i, event] of events.entries()) {
      if (event.type !== 'step') throw new Error(`expected a step, got ${event.type}`);
      const { metrics } = event;
      const { rows } = kept[i];
      expect(rows.map(({ step, row }) => [step, row])).toEqual(
        rows.map((__, place) => [event.step, place]),
      );
      const has = (name: string, of: (row: (typeof rows)[number]) => number) =>
        expect(mean(rows.map(of)), name).toBeCloseTo(metrics[name], 4);
      has('objective/kl', ({ kl }) => kl);
      has('ppo/mean_scores', ({ score }) => score);
      has('objective/entropy', ({ logprob }) => -logprob);
      has('tokens/responses_len_mean', ({ length }) => length + 1);
      has('env/truncated', ({ truncated }) => Number(truncated));
      expect(metrics['time/record']).toBeGreaterThanOrEqual(0);
      for (const { tokens, length, value, entropy } of rows) {
        expect(new Set(Object.values(tokens ?? {}).map((row) => row.length))).toEqual(
          new Set([length]),
        );
        expect(value === undefined).toBe(options.valueHead === 'none');
        expect(entropy).toBeGreaterThan(0);
      }
    }
  });
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

  test('while responses are generated ends the run before the reward is asked', async () => {
    const controller = new AbortController();
    let asked = 0;
    const reward: Reward = (rollouts) => {
      asked++;
      return lengthReward(rollouts);
    };
    const ask = () => setTimeout(() => controller.abort()); // comes while the engine runs
    const { events, start, end } = await train({}, { reward, ask, signal: controller.signal });
    expect(events).toEqual([{ type: 'stopped', step: 0, reason: 'interrupted' }]);
    expect(asked).toBe(0);
    expect(end).toEqual(start);
  });

  test('that a reward answers by throwing ends the run as any other', async () => {
    const controller = new AbortController();
    const reward: Reward = async (_, signal) => {
      controller.abort();
      signal?.throwIfAborted();
      return [];
    };
    const { events, error } = await train({}, { reward, signal: controller.signal });
    expect(events).toEqual([{ type: 'stopped', step: 0, reason: 'interrupted' }]);
    expect(error).toBeUndefined();
  });

  test('given before the start, nothing runs', async () => {
    const { events, start, end } = await train({}, { signal: AbortSignal.abort() });
    expect(events).toEqual([{ type: 'stopped', step: 0, reason: 'interrupted' }]);
    expect(end).toEqual(start);
  });
});

describe('a reward of minus the length makes responses shorter', () => {
  const variants: Partial<RlConfig>[] = [
    { algorithm: 'ppo', steps: 15 },
    { algorithm: 'rloo', steps: 10, numGenerations: 4 },
    { algorithm: 'grpo', steps: 10, numGenerations: 4 },
  ];

  test.each(variants)('with $algorithm', async (options) => {
    const rewards: number[] = [];
    const see = (event: RunEvent) => {
      if (event.type === 'step') rewards.push(event.metrics['env/reward_mean']);
    };
    await train({ ...options, initKlCoef: 0, seed: 1 }, { see });
    const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
    // from some nine tokens to one or two; a mean of three steps is uncertain by half a token
    expect(mean(rewards.slice(-3))).toBeGreaterThan(mean(rewards.slice(0, 3)) + 4);
  });
});

describe('several responses to one prompt', () => {
  test('stand next to each other, each with random numbers of its own', async () => {
    let seen: readonly Rollout[] = [];
    const watch = (rollouts: readonly Rollout[]) => {
      seen = rollouts;
    };
    await train({ algorithm: 'rloo', numGenerations: 4, steps: 1 }, { watch });
    const asked = queries.slice(0, 8);
    expect(seen.map(({ query }) => query)).toEqual(asked.flatMap((q) => [q, q, q, q]));
    const texts = asked.map((_, i) =>
      seen.slice(4 * i, 4 * i + 4).map(({ response }) => `${response}`),
    );
    // two long random responses are never the same; short ones may be
    const different = texts.filter((group) => new Set(group).size > 1);
    expect(different.length).toBe(asked.length);
  });
});

describe('responseLimits', () => {
  const range = [3, 8] as const;
  /** Limits and what became of them, step after step. */
  async function limited(options: Partial<RlConfig>) {
    const rows: { tokens: number; truncated: boolean }[][] = [];
    const watch = (rollouts: readonly Rollout[]) =>
      rows.push(
        rollouts.map(({ response, truncated }) => ({ tokens: response.length, truncated })),
      );
    const { error } = await train({ responseLimits: [...range], ...options }, { watch });
    expect(error).toBeUndefined();
    return rows;
  }

  test('a response that is cut has a length in [low, high), others are shorter', async () => {
    const rows = (await limited({})).flat();
    const cut = rows.flatMap(({ tokens, truncated }) => (truncated ? [tokens] : []));
    expect(new Set(cut)).toEqual(new Set([3, 4, 5, 6, 7]));
    expect(Math.max(...rows.map(({ tokens }) => tokens))).toBeLessThan(range[1]);
  });

  test("come from numpy's stream in compat mode, with the order of minibatches between them", async () => {
    const generation = GenerationConfig.parse({ minNewTokens: 2, maxNewTokens: 12 });
    const epochs = { ppoEpochs: 2, compat: 'trl-0.8.0' } as const;
    const steps = await limited({ ...epochs, generation, seed: 7 });
    expect(steps).toHaveLength(2);
    const numpy = numpyRandom(7);
    for (const rows of steps) {
      for (const { tokens, truncated } of rows) {
        const limit = numpy.choice(...range);
        if (truncated) expect(tokens).toBe(limit);
        else expect(tokens).toBeLessThanOrEqual(limit);
      }
      for (let epoch = 0; epoch < epochs.ppoEpochs; epoch++) numpy.permutation(rows.length);
    }
  });
});

describe('calibration', () => {
  const options = { calibrate: 20, steps: 2, batchSize: 16, miniBatchSize: 8, ppoEpochs: 1 };

  test('scores responses of the starting policy, once, before the first step', async () => {
    const seen: (readonly Rollout[])[] = [];
    const reward: Reward = (rollouts) => {
      seen.push(rollouts);
      return lengthReward(rollouts);
    };
    const { events, learner, config } = await train(options, { reward });
    const scores = seen.slice(0, 2).flatMap((all) => all.map(({ response }) => -response.length));
    expect(events.slice(0, 4)).toEqual([
      { type: 'progress', phase: 'calibrate', done: 0, total: 20 },
      { type: 'progress', phase: 'calibrate', done: 16, total: 20 },
      { type: 'progress', phase: 'calibrate', done: 20, total: 20 },
      { type: 'calibrated', n: 32, ...moments(scores) },
    ]);
    expect(events.slice(4).map(({ type }) => type)).toEqual(['step', 'step']);
    expect(seen).toHaveLength(2 + 2);
    expect(learner.calibration).toEqual({ n: 32, ...moments(scores) });
    await restore();
    const ids = seen[1].map(({ query }) => query.ids);
    const draw = { seed: 0, key: ['calibrate', 16] };
    const made = await policy.generate(ids, config.generation, draw);
    expect(seen[1].map(({ response }) => response)).toEqual(made.map(({ response }) => response));
  });

  test('measures the scores of every step by it', async () => {
    const { events, learner } = await train({ ...options, missingEosPenalty: 0 });
    const { mean, std } = learner.calibration!;
    const steps = events.flatMap((event) => (event.type === 'step' ? [event.metrics] : []));
    for (const metrics of steps) {
      const expected = (metrics['env/reward_mean'] - mean) / std;
      expect(metrics['ppo/mean_scores']).toBeCloseTo(expected, 10); // another order of sums
    }
    expect(steps).toHaveLength(2);
  });

  test('is not done again by a run that goes on, which ends as the one that was not stopped', async () => {
    const whole = await train(options);
    const controller = new AbortController();
    const see = ({ type }: RunEvent) => type === 'step' && controller.abort();
    const first = await train(options, { signal: controller.signal, see });
    const state = first.learner.save();
    const second = await train(options, { state });
    expect(second.events.map(({ type }) => type)).toEqual(['step']);
    const stopped = { type: 'stopped', step: 1, reason: 'interrupted' };
    expect(first.events.at(-1)).toEqual(stopped);
    const both = [...first.events.slice(0, -1), ...second.events];
    expect(timeless(both)).toEqual(timeless(whole.events));
    expect(second.end).toEqual(whole.end);
  });

  test('is told again, and not done again, by a run that was stopped before its first step', async () => {
    const whole = await train(options);
    const controller = new AbortController();
    const see = ({ type }: RunEvent) => type === 'calibrated' && controller.abort();
    const first = await train(options, { signal: controller.signal, see });
    const second = await train(options, { state: first.learner.save() });
    // a log that goes on after step 0 holds nothing of what came after that
    const told = whole.events.filter(({ type }) => type !== 'progress');
    expect(timeless(second.events)).toEqual(timeless(told));
    expect(second.end).toEqual(whole.end);
  });

  test('stops when it is interrupted, and leaves no scale behind', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const reward: Reward = (rollouts) => {
      controller.abort();
      return lengthReward(rollouts);
    };
    const { events, learner, start, end } = await train(options, { reward, signal });
    expect(events.map(({ type }) => type)).toEqual(['progress', 'stopped']);
    expect(events[1]).toEqual({ type: 'stopped', step: 0, reason: 'interrupted' });
    expect(learner.calibration).toBeUndefined();
    expect(end).toEqual(start);
  });
});

test('the reward judges each batch before it is learnt from', async () => {
  const policies: unknown[] = [];
  const watch = () => policies.push(snapshot(policy));
  const { start, end } = await train({ steps: 2 }, { watch });
  expect(policies).toHaveLength(2);
  expect(policies[0]).toEqual(start);
  expect(policies[1]).not.toEqual(start);
  expect(policies[1]).not.toEqual(end);
});

describe('a reward that is wrong', () => {
  test('in not being finite stops the run, naming the sample', async () => {
    const reward: Reward = async (rollouts) => rollouts.map((_, i) => (i === 2 ? Number.NaN : 1));
    const { error, events, start, end } = await train({}, { reward });
    const message = expect.stringContaining('sample 2');
    expect(error).toMatchObject({ name: 'NumericError', message });
    expect(events).toEqual([]);
    expect(end).toEqual(start);
  });

  test('in its number of scores stops the run', async () => {
    const { error } = await train({}, { reward: async () => [1] });
    const message = expect.stringContaining('1 score');
    expect(error).toMatchObject({ name: 'ConfigError', message });
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
