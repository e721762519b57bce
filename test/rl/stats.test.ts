import { describe, expect, test } from 'vitest';
import { RlConfig } from '../../src/rl/config.ts';
import { k3 } from '../../src/rl/kl.ts';
import { policyLoss } from '../../src/rl/loss.ts';
import type { Rows } from '../../src/rl/masked.ts';
import { rlSample } from '../../src/rl/sample.ts';
import { batchStats, meanOf, minibatchStats, stepStats } from '../../src/rl/stats.ts';
import { row } from './experience.ts';
import { type PlainInput, plainStats } from './plain-loss.ts';
import { workedLoss } from './work-graph.ts';

const float32 = { atol: 1e-6, rtol: 1e-6 };
const { log } = Math;

/** Two responses; the second has a token that does not count, with numbers that would show. */
const masks = [row(1, 1), row(1, 0)];
const input = {
  masks,
  weights: [row(1 / 3, 1 / 3), row(1 / 3, 0)],
  oldLogprobs: [row(log(0.5), log(0.5)), row(log(0.4), log(0.1))],
  refLogprobs: [row(log(0.25), log(0.4)), row(log(0.8), log(0.9))],
  advantages: [row(1, -2), row(-1, 50)],
  oldValues: [row(0.5, 2), row(4, 70)],
  returns: [row(1.5, 1), row(3.5, 90)],
  scores: [
    { logprobs: row(log(0.75), log(0.4)), values: row(1, 2), entropies: row(0.3, 0.6) },
    { logprobs: row(log(0.2), log(0.3)), values: row(3, 80), entropies: row(0.9, 60) },
  ],
  klCoef: 0.1,
};
const { oldValues: _, returns: __, ...withoutCritic } = input;
const ratios = [1.5, 0.8, 0.5];
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

const config = (options: Partial<RlConfig> = {}) =>
  RlConfig.parse({ clipRange: 0.25, clipRangeValue: 0.2, vfCoef: 0.5, ...options });

/** Compares in the order of the names, which the message shows. */
function expectStats(actual: object, expected: Record<string, number>): void {
  const names = Object.keys(expected);
  const found = names.map((name) => (actual as Record<string, number>)[name]);
  expect(found, names.join(', ')).toBeAllClose(Object.values(expected), float32);
}

/** What the loss's own graph says of a minibatch, worked out. */
function worked({ scores, masks, klCoef, weights, ...rows }: PlainInput, settings: RlConfig) {
  const klWeights = weights.map((row) => row.map((weight) => klCoef * weight));
  return workedLoss(policyLoss(settings), scores, { ...rows, weights, klWeights });
}

const graphStats = (given: PlainInput, settings: RlConfig): Readonly<Record<string, number>> =>
  minibatchStats(worked(given, settings), given);

test('ratios are the probabilities of the tokens now, over those in the rollouts', () => {
  const [first, second] = worked(input, config()).terms.ratio;
  expect(first).toBeAllClose([1.5, 0.8], float32);
  expect(second).toBeAllClose([0.5, 3], float32);
});

describe.each([
  ['of the graph', graphStats],
  ['in plain float64', plainStats],
])('statistics of a minibatch, %s,', (_, statsOf) => {
  // -A r: -1.5, 1.6, 0.5; with r clipped to [0.75, 1.25]: -1.25, 1.6, 0.75
  const policy = (-1.25 + 1.6 + 0.75) / 3;
  // (V - R)^2: 0.25, 1, 0.25; with V clipped to 0.7, 2, 3.8: 0.64, 1, 0.09
  const value = (0.5 * (0.64 + 1 + 0.25)) / 3;

  test('are those of the tokens that count', () => {
    const stats = statsOf(input, config());
    expectStats(stats, {
      'loss/policy': policy,
      'loss/value': value,
      'loss/total': policy + 0.5 * value,
      'policy/entropy': (0.3 + 0.6 + 0.9) / 3,
      'policy/approxkl': sum(ratios.map((r) => log(r) ** 2)) / 6,
      'policy/policykl': -sum(ratios.map(log)) / 3,
      'policy/clipfrac': 2 / 3,
      'policy/advantages_mean': -2 / 3,
      'returns/mean': 2,
      'returns/var': (0.25 + 1 + 2.25) / 2,
      'val/vpred': 2,
      'val/error': 0.5,
      'val/clipfrac': 1 / 3,
      'val/mean': 6.5 / 3,
      'val/var': (0.25 + 4 + 16 - 6.5 ** 2 / 3) / 2,
      ratio: 2.8 / 3,
      k3: sum(ratios.map((r) => r - 1 - log(r))) / 3,
    });
    expect(Object.keys(stats)).toHaveLength(17);
  });

  test('without a critic say nothing of values, and the loss has none', () => {
    const rloo = config({ algorithm: 'rloo' });
    const stats = statsOf(withoutCritic, rloo);
    expectStats(stats, { 'loss/policy': policy, 'loss/value': 0, 'loss/total': policy });
    expect(Object.keys(stats).filter((name) => /^(val|returns)\//.test(name))).toEqual([]);
    const { oldValues } = input; // which say nothing alone
    expect(statsOf({ ...withoutCritic, oldValues }, rloo)).toEqual(stats);
  });

  test('weigh the losses as the settings say, and nothing else', () => {
    const weights = [row(1 / 4, 1 / 4), row(1 / 2, 0)]; // both responses the same
    const plain = statsOf(input, config());
    const stats = statsOf({ ...input, weights }, config());
    const [policy, value] = [(-1.25 + 1.6) / 4 + 0.75 / 2, 0.5 * ((0.64 + 1) / 4 + 0.25 / 2)];
    const loss = {
      'loss/policy': policy,
      'loss/value': value,
      'loss/total': policy + 0.5 * value,
    };
    expectStats(stats, loss);
    expect({ ...stats, ...loss }).toEqual({ ...plain, ...loss });
  });

  test('have the KL in the total loss, where it is paid there', () => {
    const inLoss = { klPlacement: 'loss', klPenalty: 'mse' } as const;
    // log(0.75 / 0.25), log(0.4 / 0.4), log(0.2 / 0.8)
    const kl = (0.5 * (log(3) ** 2 + log(4) ** 2)) / 3;
    const total = policy + 0.5 * value + 0.1 * kl;
    expectStats(statsOf(input, config(inLoss)), { 'loss/total': total });
    const weights = [row(1 / 4, 1 / 4), row(1 / 2, 0)];
    const other = statsOf({ ...input, weights }, config(inLoss))['loss/total'];
    const without = statsOf({ ...input, weights }, config())['loss/total'];
    expect(other - without).toBeCloseTo(0.1 * 0.5 * (log(3) ** 2 / 4 + log(4) ** 2 / 2), 6);
    const free = { ...input, klCoef: 0 };
    expectStats(statsOf(free, config(inLoss)), { 'loss/total': policy + 0.5 * value });
  });

  test('take the entropy bonus from the total loss', () => {
    const total = policy + 0.5 * value - 0.2 * 0.6;
    expectStats(statsOf(input, config({ entropyCoef: 0.2 })), { 'loss/total': total });
  });

  test('of a single token have no variance', () => {
    const one = { ...input, masks: [row(0, 1), row(0, 0)], weights: [row(0, 1), row(0, 0)] };
    const stats = statsOf(one, config());
    expectStats(stats, { 'returns/var': 0, 'val/var': 0, 'returns/mean': 1, 'val/mean': 2 });
    const two = { ...input, masks: [row(1, 1), row(0, 0)] };
    expectStats(statsOf(two, config()), { 'returns/var': 0.125, 'val/var': 1.125 });
  });
});

test('statistics of a step are means over its minibatches, whatever their sizes', () => {
  const first = graphStats(input, config());
  const second = { ...first, 'loss/policy': 5, 'val/mean': -1, ratio: 9 };
  const means = meanOf([first, second, second]);
  expectStats(means, {
    'ppo/loss/policy': (first['loss/policy'] + 10) / 3,
    'ppo/val/mean': (first['val/mean']! - 2) / 3,
    'ppo/loss/value': first['loss/value'],
  });
  const named = Object.keys(first).filter((name) => name.includes('/'));
  expect(Object.keys(means)).toEqual(named.map((name) => `ppo/${name}`));
  expect(Object.keys(means)).not.toContain('ppo/ratio');
});

test('statistics of a batch are those of the tokens that count, before the update', () => {
  const samples = [rlSample([5, 6, 7], [0, 8, 1]), rlSample([5], [0, 8, 8, 1])];
  const logprobs: Rows = [row(-1, -2), row(-3, -4, -50)];
  const refLogprobs: Rows = [row(-1.5, -1), row(-3, -6, -5)];
  const stats = batchStats({
    samples,
    scores: [2, 5],
    masks: [row(1, 1), row(1, 1, 0)],
    logprobs,
    refLogprobs,
    klDist: [0.5, 2.5],
    nonScoreRewards: [row(0.1, 0.2), row(0.3, 0.6, 100)],
    klCoef: 0.7,
  });
  const pairs = [
    [-1, -1.5],
    [-2, -1],
    [-3, -3],
    [-4, -6],
  ];
  expectStats(stats, {
    'objective/kl': 1.5,
    'objective/kl_per_token': (0.5 - 1 + 0 + 2) / 4,
    'objective/kl_k3': sum(pairs.map(([lp, ref]) => k3(lp, ref))) / 4,
    'objective/kl_coef': 0.7,
    'objective/entropy': (3 + 7) / 2,
    'ppo/mean_non_score_reward': 0.3,
    'ppo/mean_scores': 3.5,
    'ppo/std_scores': Math.sqrt(4.5),
    'tokens/queries_len_mean': 2,
    'tokens/queries_len_std': Math.SQRT2,
    'tokens/responses_len_mean': 3.5, // with the decoder start
    'tokens/responses_len_std': Math.SQRT1_2,
  });
  expect(Object.keys(stats)).toHaveLength(12);
});

test('a step reports its batch, the means of its minibatches, and what its critic explains', () => {
  const batch = {
    samples: [rlSample([5], [0, 8, 1]), rlSample([5], [0, 8, 8, 1])],
    scores: [2, 5],
    masks,
    logprobs: [row(-1, -2), row(-3, -4)],
    refLogprobs: [row(-1.5, -1), row(-3, -6)],
    klDist: [0.5, 2.5],
    nonScoreRewards: [row(0.1, 0.2), row(0.3, 0.6)],
    klCoef: 0.7,
  };
  const minibatches = [graphStats(input, config())];
  const expected = {
    ...batchStats(batch),
    ...meanOf(minibatches),
    'ppo/learning_rate': 0.01,
    'ppo/val/var_explained': 1 - 0.5 / 1.75, // error over variance of the returns
  };
  const stats = stepStats(batch, minibatches, 0.01);
  expect(Object.keys(stats).toSorted()).toEqual(Object.keys(expected).toSorted());
  expectStats(stats, expected);
  const flat = minibatches.map((each) => ({ ...each, 'returns/var': 0 }));
  expect(stepStats(batch, flat, 0.01)).not.toHaveProperty(['ppo/val/var_explained']);
});
