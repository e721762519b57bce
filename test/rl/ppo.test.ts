import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Algorithm } from '../../src/rl/algorithm.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { gae } from '../../src/rl/gae.ts';
import { maskedMean, maskedVariance, type Rows } from '../../src/rl/masked.ts';
import { ppo } from '../../src/rl/ppo.ts';
import type { RlSample } from '../../src/rl/sample.ts';
import { overPadding } from '../../src/rl/trl/estimate.ts';

const config = (options: Partial<RlConfig> = {}) => RlConfig.parse(options);
const ragged = ppo.estimate;
const padded = overPadding(ppo.estimate);

/** Advantages, returns and values of plain responses. */
function advantagesOf(
  rewards: Rows,
  values: Rows,
  masks: Rows,
  options: RlConfig,
  estimate: Algorithm['estimate'],
) {
  const samples = rewards.map(() => ({ bootstraps: false }) as RlSample);
  const parts = { samples, rewards, values, masks };
  const { advantages, critic } = estimate(parts, options);
  return { whitened: advantages, ...critic! };
}

const real = fc.float({ min: -5, max: 5, noNaN: true, noDefaultInfinity: true });
const token = fc.record({ reward: real, value: real, m: fc.constantFrom(0, 1) });
const batch = fc
  .array(fc.array(token, { minLength: 1, maxLength: 7 }), { minLength: 2, maxLength: 5 })
  .filter((rows) => rows.flat().filter(({ m }) => m === 1).length >= 3)
  .map((rows) => ({
    rewards: rows.map((row) => Float32Array.from(row, ({ reward }) => reward)),
    values: rows.map((row) => Float32Array.from(row, ({ value }) => value)),
    masks: rows.map((row) => Float32Array.from(row, ({ m }) => m)),
  }));
const flat = (rows: Rows) => rows.flatMap((row) => Array.from(row));

test('padding changes nothing', () => {
  const property = fc.property(batch, ({ rewards, values, masks }) => {
    const options = config({ gamma: 0.9, lam: 0.8 });
    const own = advantagesOf(rewards, values, masks, options, ragged);
    const wide = advantagesOf(rewards, values, masks, options, padded);
    expect(flat(own.returns)).toEqual(flat(wide.returns));
    expect(flat(own.whitened)).toEqual(flat(wide.whitened));
    expect(own.values).toEqual(wide.values);
  });
  fc.assert(property);
});

test('padding changes whitened rewards: what TRL whitens there leaks into the real tokens', () => {
  const rewards = [Float32Array.of(1, 2), Float32Array.of(0, 1, 5, 1, 3)];
  const values = rewards.map((row) => new Float32Array(row.length));
  const masks = rewards.map((row) => new Float32Array(row.length).fill(1));
  const options = config({ whitenRewards: true, gamma: 1, lam: 1 });
  const own = advantagesOf(rewards, values, masks, options, ragged);
  const wide = advantagesOf(rewards, values, masks, options, padded);
  const leak = own.returns.map((row, i) => wide.returns[i][0] - row[0]);
  // each padded place holds (0 - mean) / deviation + mean, and the short row has three of them
  const [mean, variance] = [maskedMean(rewards, masks), maskedVariance(rewards, masks)];
  const padding = (0 - mean) / Math.sqrt(variance) + mean;
  expect(leak).toBeAllClose([3 * padding, 0], { atol: 1e-5 }); // float32 sums
  expect(Math.abs(leak[0])).toBeGreaterThan(0.5);
});

test('returns are made before whitening, whitened advantages have mean 0 and deviation 1', () => {
  const rewards = [Float32Array.of(1, 2, 0), Float32Array.of(0, 5)];
  const values = [Float32Array.of(0.5, 1, 0), Float32Array.of(2, 1)];
  const masks = rewards.map((row) => new Float32Array(row.length).fill(1));
  const { returns, whitened } = advantagesOf(rewards, values, masks, config(), ragged);
  const plain = rewards.map((row, i) => gae(row, values[i], { gamma: 1, lambda: 0.95 }));
  expect(returns).toEqual(plain.map((row) => row.returns));
  expect(maskedMean(whitened, masks)).toBeCloseTo(0, 5); // float32
  expect(maskedVariance(whitened, masks)).toBeCloseTo(1, 5);
});

test('values and rewards count as 0 where the mask is 0', () => {
  const property = fc.property(batch, real, ({ rewards, values, masks }, noise) => {
    const hide = (rows: Rows) =>
      rows.map((row, i) => row.map((x, t) => (masks[i][t] === 1 ? x : noise)));
    const clean = advantagesOf(rewards, values, masks, config(), ragged);
    const noisy = advantagesOf(hide(rewards), hide(values), masks, config(), ragged);
    // toBeAllClose: 0 times a negative number is -0
    expect(flat(noisy.returns)).toBeAllClose(flat(clean.returns), { atol: 0 });
    expect(flat(noisy.whitened)).toBeAllClose(flat(clean.whitened), { atol: 0 });
    const hidden = flat(noisy.values).filter((_, i) => flat(masks)[i] === 0);
    expect(hidden.every((value) => value === 0)).toBe(true);
  });
  fc.assert(property);
});

test('a truncated response that bootstraps has the value behind it still to come', () => {
  const options = config({ gamma: 0.5, lam: 0.5, bootstrapTruncated: true });
  // the second response has one place more: 4 is what the critic says is still to come
  const parts = {
    samples: [{ bootstraps: false }, { bootstraps: true }] as RlSample[],
    rewards: [Float32Array.of(1, 3), Float32Array.of(1, 3, 0)],
    values: [Float32Array.of(1, 2), Float32Array.of(1, 2, 4)],
    masks: [Float32Array.of(1, 1), Float32Array.of(1, 1, 0)],
  };
  const { advantages, critic } = ppo.estimate(parts, options);
  // deltas 1 + 0.5·2 - 1 = 1 and 3 - 2 = 1, or 3 + 0.5·4 - 2 = 3; A_0 = 1 + 0.25 A_1
  expect(critic!.returns).toEqual([Float32Array.of(2.25, 3), Float32Array.of(2.75, 5, 0)]);
  expect(critic!.values).toEqual([Float32Array.of(1, 2), Float32Array.of(1, 2, 0)]);
  const plain = [Float32Array.of(1.25, 1), Float32Array.of(1.75, 3, 0)];
  const scale = Math.sqrt(maskedVariance(plain, parts.masks));
  const white = plain.map((row) => row.map((x) => (x - maskedMean(plain, parts.masks)) / scale));
  expect(flat(advantages)).toBeAllClose(flat(white), { atol: 1e-6 }); // float32
});
