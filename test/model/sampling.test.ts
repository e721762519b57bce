import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { argmax, GenerationConfig, sampleToken, warpLogits } from '../../src/model/sampling.ts';

const config = (options: Partial<GenerationConfig> = {}) => GenerationConfig.parse(options);
const place = { newTokens: 5, eosIds: [0] };
const kept = (logits: Float32Array) => [...logits.keys()].filter((i) => logits[i] > -Infinity);
const softmax = (logits: readonly number[]) => {
  const weights = logits.map(Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
};

describe('sampleToken', () => {
  const logits = Float32Array.of(0.5, -1, -Infinity, 2, 2, -Infinity);

  test('gives each token the share of [0, 1) that its probability is', () => {
    const count = 100_000;
    const counts = new Float64Array(logits.length);
    for (let i = 0; i < count; i++) counts[sampleToken(logits, (i + 0.5) / count)]++;
    // evenly spaced draws: each border is off by one draw at most
    const shares = counts.map((n) => n / count);
    expect(shares).toBeAllClose(softmax([...logits]), { atol: 2 / count });
  });

  test('follows the cumulative probabilities in the order of the ids', () => {
    const draws = Array.from({ length: 1000 }, (_, i) => sampleToken(logits, i / 1000));
    expect(draws).toEqual(draws.toSorted((a, b) => a - b));
  });

  test('never draws a token of logit -Infinity, not even at the ends', () => {
    const blocked = Float32Array.of(-Infinity, 1, -Infinity, 1, -Infinity);
    expect(sampleToken(blocked, 0)).toBe(1);
    expect(sampleToken(blocked, 0.5)).toBe(3);
    expect(sampleToken(blocked, 1 - 2 ** -53)).toBe(3);
  });

  test('is not moved by a constant on all logits, nor by large ones', () => {
    const real = fc.float({ min: -8, max: 8, noNaN: true });
    const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const property = fc.property(fc.array(real, { minLength: 1 }), unit, (values, u) => {
      const whole = values.map(Math.round); // so that float32 holds the sums exactly
      const token = sampleToken(Float32Array.from(whole), u);
      expect(
        sampleToken(
          Float32Array.from(whole, (x) => x + 1024),
          u,
        ),
      ).toBe(token);
    });
    fc.assert(property);
  });
});

describe('warpLogits', () => {
  const logits = [1, 3, 2, 3, 0];

  test('keeps ties with the k-th largest', () => {
    expect(kept(warpLogits(logits, config({ topK: 1 }), place))).toEqual([1, 3]);
    expect(kept(warpLogits(logits, config({ topK: 3 }), place))).toEqual([1, 2, 3]);
    expect(kept(warpLogits(logits, config({ topK: 99 }), place))).toHaveLength(5);
  });

  test('keeps the likeliest tokens up to the probability, and always one', () => {
    const [, top, next] = softmax(logits).toSorted((a, b) => b - a);
    expect(kept(warpLogits(logits, config({ topP: 2 * top + next / 2 }), place))).toEqual([
      1, 2, 3,
    ]);
    expect(kept(warpLogits(logits, config({ topP: 1e-6 }), place))).toHaveLength(1);
  });

  test('divides by the temperature, and leaves the input as it was', () => {
    const input = Float32Array.from(logits);
    const warped = warpLogits(input, config({ temperature: 2 }), place);
    expect([...warped]).toEqual([0.5, 1.5, 1, 1.5, 0]);
    expect([...input]).toEqual(logits);
  });

  test('greedy decoding knows only the minimum lengths', () => {
    const greedy = config({ sample: false, temperature: 2, topK: 1, topP: 0.1, minNewTokens: 9 });
    expect([...warpLogits(logits, greedy, place)]).toEqual([-Infinity, 3, 2, 3, 0]);
  });

  test('a minimum length counts the decoder start, a minimum of new tokens does not', () => {
    const blocked = (options: Partial<GenerationConfig>, newTokens: number) =>
      warpLogits(logits, config(options), { newTokens, eosIds: [4] })[4] === -Infinity;
    expect([0, 1, 2, 3].map((n) => blocked({ minLength: 3 }, n))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([0, 1, 2, 3].map((n) => blocked({ minNewTokens: 3 }, n))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

test('the likeliest token is the first of the largest', () => {
  expect(argmax([1, 3, 2, 3])).toBe(1);
  expect(argmax([-Infinity, -5])).toBe(1);
});

test('logits that are no numbers are an error, not a token', () => {
  for (const logits of [
    [NaN, NaN],
    [-Infinity, -Infinity],
  ]) {
    const remedy = 'logits: expected finite numbers, got NaN or infinity.';
    expect(() => argmax(logits)).toThrow(remedy);
    expect(() => sampleToken(Float32Array.from(logits), 0.5)).toThrow(remedy);
  }
  expect(() => sampleToken(Float32Array.from([0, NaN]), 0.5)).toThrow('logits: expected finite');
  expect(() => argmax([0, NaN])).toThrow('logits: expected finite');
});
