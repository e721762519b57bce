import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  maskedCount,
  maskedMean,
  maskedSum,
  maskedVariance,
  moments,
  type Rows,
  whiten,
  zipRows,
} from '../../src/rl/masked.ts';
import type { Tensor } from '../../src/tensor.ts';
import { goldenTensors } from '../golden.ts';
import { numbers, rows2 } from '../tensors.ts';

const floats = (tensor: Tensor): Rows => rows2(tensor).map((row) => Float32Array.from(row));
const flat = (rows: Rows) => rows.flatMap((row) => Array.from(row));

describe("TRL's core functions", () => {
  let golden: Map<string, Tensor>;
  let rows: Rows;
  let masks: Rows;
  beforeAll(async () => {
    golden = await goldenTensors('ppo', 'core_functions.safetensors');
    rows = floats(golden.get('values')!);
    masks = floats(golden.get('mask')!);
  });
  const expected = (name: string) => numbers(golden.get(name)!);
  const float32Noise = { atol: 1e-5, rtol: 1e-5 }; // torch sums in float32

  test('masked_mean, whole and row by row', () => {
    expect([maskedMean(rows, masks)]).toBeAllClose(expected('masked_mean'), float32Noise);
    const each = rows.map((row, i) => maskedMean([row], [masks[i]]));
    expect(each).toBeAllClose(expected('masked_mean_axis1'), float32Noise);
  });

  test('masked_var', () => {
    const variance = maskedVariance(rows, masks);
    expect([variance]).toBeAllClose(expected('masked_var'), float32Noise);
    const n = maskedCount(masks);
    const biased = [(variance * (n - 1)) / n];
    expect(biased).toBeAllClose(expected('masked_var_biased'), float32Noise);
  });

  test('masked_whiten, with and without its mean', () => {
    expect(flat(whiten(rows, masks))).toBeAllClose(expected('masked_whiten'), float32Noise);
    const kept = flat(whiten(rows, masks, { keepMean: true }));
    expect(kept).toBeAllClose(expected('masked_whiten_no_shift'), float32Noise);
  });
});

const real = fc.float({ min: -10, max: 10, noNaN: true });
const token = fc.record({ x: real, m: fc.constantFrom(0, 1) });
const batch = fc
  .array(fc.array(token, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 })
  .filter((rows) => rows.flat().filter(({ m }) => m === 1).length >= 2)
  .map((rows) => ({
    rows: rows.map((row) => Float32Array.from(row, ({ x }) => x)),
    masks: rows.map((row) => Float32Array.from(row, ({ m }) => m)),
    kept: rows.flat().flatMap(({ x, m }) => (m === 1 ? [Math.fround(x)] : [])),
  }));

test('what the mask hides changes no moment', () => {
  const property = fc.property(batch, real, ({ rows, masks }, noise) => {
    const other = zipRows(rows, masks, (x, m) => (m === 1 ? x : noise));
    expect(maskedMean(other, masks)).toBe(maskedMean(rows, masks));
    expect(maskedVariance(other, masks)).toBe(maskedVariance(rows, masks));
  });
  fc.assert(property);
});

test('masked moments are the moments of what is left', () => {
  const property = fc.property(batch, ({ rows, masks, kept }) => {
    const { mean, std } = moments(kept);
    expect(maskedCount(masks)).toBe(kept.length);
    expect(maskedSum(rows, masks)).toBeCloseTo(mean * kept.length, 9); // float64 both
    // squares are rounded to float32 row by row
    expect([maskedVariance(rows, masks)]).toBeAllClose([std * std], { atol: 1e-6, rtol: 1e-5 });
  });
  fc.assert(property);
});

test('whitened numbers have mean 0 and deviation 1', () => {
  const spread = batch.filter(({ kept }) => moments(kept).std > 0.1);
  const property = fc.property(spread, ({ rows, masks }) => {
    const white = whiten(rows, masks);
    expect(maskedMean(white, masks)).toBeCloseTo(0, 4); // float32
    expect(maskedVariance(white, masks)).toBeCloseTo(1, 4);
  });
  fc.assert(property);
});

test('equal numbers whiten to zero, not to NaN', () => {
  expect(whiten([Float32Array.of(3, 3)], [Float32Array.of(1, 1)])).toEqual([Float32Array.of(0, 0)]);
});

test('one scored token has no variance, and whitens to zero', () => {
  const one = [[Float32Array.of(1, 2)], [Float32Array.of(1, 0)]] as const;
  expect(maskedVariance(...one)).toBe(0);
  expect(whiten(...one)[0][0]).toBe(0);
});

test('rows of other lengths do not zip', () => {
  const call = () => zipRows([Float32Array.of(1, 2)], [Float32Array.of(1)], Math.max);
  expect(call).toThrow('rows: expected [2], got [1].');
});

test('a single number deviates by 0', () => {
  expect(moments([4])).toEqual({ mean: 4, std: 0 });
});
