/** Training where products are bfloat16: what samples and what learns are two roundings of one policy. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.ts';
import { reachable } from '../../src/graph/graph.ts';
import type { Parameters } from '../../src/model/parameters.ts';
import type { Policy } from '../../src/model/policy.ts';
import { encodeGraph } from '../../src/model/policy-graphs.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { RlLearner } from '../../src/rl/learner.ts';
import { trainRl } from '../../src/rl/trainer.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { randomRows, tinyT5 } from '../model/tiny.ts';
import { narrowEngine } from '../narrow-engine.ts';
import { snapshot } from './golden-policy.ts';
import { tinyStart } from './tiny-policy.ts';

let engine: Engine;
let policy: Policy;
let reference: Parameters;
let restore: () => Promise<void>;
let close: () => Promise<void>;
beforeAll(async () => {
  engine = await narrowEngine();
  ({ policy, reference, restore, close } = await tinyStart(engine));
});
afterAll(async () => {
  await close();
  await engine.close();
});

const queries = randomRows(16).map((ids, i) => ({ id: `${i}`, text: '', ids }));

/** Steps of PPO from the same start: their metrics, and where they end. */
async function train(options: Partial<RlConfig> = {}) {
  await restore();
  const config = RlConfig.parse({
    ...{ batchSize: 16, miniBatchSize: 4, ppoEpochs: 1, steps: 3, calibrate: 0 },
    ...{ generation: { maxNewTokens: 12 }, learningRate: 1e-3, ...options },
  });
  const learner = new RlLearner({ policy, reference, config });
  const parts = {
    ...{ policy, learner },
    tokenizer: { decodeBatch: async (rows: readonly unknown[]) => rows.map(() => '') } as never,
    reward: async (rollouts: readonly { response: readonly number[] }[]) =>
      rollouts.map(({ response }) => -response.length),
    batches: (start: number) => Array.from({ length: config.steps - start }, () => queries),
  };
  const events: RunEvent[] = [];
  for await (const event of trainRl(parts, config)) events.push(event);
  const steps = events.flatMap((event) => (event.type === 'step' ? [event.metrics] : []));
  return { steps, end: snapshot(policy) };
}

test('before the first update KL is 0 and the ratio 1, as in float32', async () => {
  const { steps } = await train(); // the invariants stop it otherwise
  expect(steps).toHaveLength(3);
  expect(steps[0]['objective/kl']).toBe(0);
  const first = (await train({ steps: 1, miniBatchSize: 16 })).steps[0];
  expect(first['ppo/mean_non_score_reward']).toBeCloseTo(0, 9);
  expect(first['ppo/policy/approxkl']).toBeLessThan(1e-9);
});

test('rows that are scored together say what they say alone, whatever the order and length of their queries', async () => {
  await restore();
  const rows = [...randomRows(6), ...randomRows(3)].map((query, i) =>
    [...query, ...query].slice(i % 4),
  );
  const sequences = rows.map((query, i) => policy.sequence(query, rows[(i + 1) % rows.length]));
  const together = await policy.score(sequences);
  for (const [i, sequence] of sequences.entries()) {
    const [alone] = await policy.score([sequence]);
    expect(together[i].logprobs).toHaveLength(sequence.labels.length);
    for (const name of ['logprobs', 'values', 'entropies'] as const) {
      for (const [t, x] of together[i][name].entries()) expect(x).toBeCloseTo(alone[name][t], 4);
    }
  }
});

test('the gap to what sampled is there, small, and told', async () => {
  const { steps } = await train();
  for (const metrics of steps) {
    expect(metrics['sampling/sampling_logp_difference/mean']).toBeLessThan(0.01);
    expect(metrics['sampling/sampling_logp_difference/max']).toBeGreaterThan(0);
    expect(metrics['sampling/sampling_logp_difference/max']).toBeLessThan(0.1);
    expect(metrics['sampling/importance_sampling_ratio/mean']).toBeCloseTo(1, 2);
  }
});

test('weights of the draw change what is learnt, and by little', async () => {
  const [weighed, plain] = [await train(), await train({ samplingCorrection: 'none' })];
  expect(weighed.end).not.toEqual(plain.end);
  for (const [name, row] of Object.entries(weighed.end)) {
    const off = Math.max(...row.map((x, i) => Math.abs(x - plain.end[name][i])));
    expect(off).toBeLessThan(6e-3); // three steps of Adam in another direction
  }
});

test('a response that is scored as soon as it is there has the bits of a scoring', async () => {
  const prompts = [...queries.map(({ ids }) => ids), queries[3].ids];
  const config = GenerationConfig.parse({ maxNewTokens: 12, minLength: 2 });
  const draw = { seed: 3, key: ['scored'] };
  const options = { scored: true, valueBehind: true };
  const made = await policy.generate(prompts, config, draw, options);
  const rows = made.map(({ response, truncated }, i) =>
    policy.sequence(prompts[i], truncated ? [...response, 0] : response),
  );
  const scores = await policy.score(rows);
  expect(made.some(({ truncated }) => truncated)).toBe(true);
  for (const [i, { response, logprobs, scored }] of made.entries()) {
    expect(scored!.logprobs).toEqual(scores[i].logprobs.slice(0, response.length));
    expect(scored!.values).toEqual(scores[i].values);
    expect(logprobs).toBeAllClose(scored!.logprobs, { atol: 0.1 });
  }
});

test('reading that tells what the encoder says computes it once', () => {
  const sizes = [false, true].map((tells) => {
    // a table of that many distances is one by itself, not by what is in it
    const config = { ...tinyT5, relativeMaxDistance: 64 };
    const { graph } = encodeGraph({ ...policy.shape, config }, { tells });
    return reachable(graph.outputs.values()).length;
  });
  expect(sizes[1]).toBe(sizes[0]);
});

describe('log-probabilities', () => {
  test('are those of one distribution: over all labels they sum to 1', async () => {
    const labels = Array.from({ length: tinyT5.vocabSize }, (_, id) => id);
    const inputs = [tinyT5.decoderStartId];
    const rows = labels.map((id) => ({ query: queries[0].ids, inputs, labels: [id] }));
    const scores = await policy.score(rows);
    const sum = scores.reduce((all, { logprobs }) => all + Math.exp(logprobs[0]), 0);
    expect(sum).toBeCloseTo(1, 5);
  });
});
