import { expect } from 'vitest';
import type { Parameters } from '../src/model/parameters.ts';
import type { Policy } from '../src/model/policy.ts';

/**
 * Greedy ids equal the golden ones up to a place where the two likeliest tokens are closer than
 * 1e-3, the one difference that the goldens' README allows; from there on the texts are others.
 * @param actual and expected decoder ids, the decoder start first
 */
export async function expectGreedy(
  policy: Policy,
  query: readonly number[],
  [actual, expected]: readonly [number[], number[]],
  parameters: Parameters = policy.parameters,
): Promise<void> {
  const place = expected.findIndex((id, t) => id !== actual[t]);
  if (place < 0) return expect(actual).toEqual(expected);
  expect(place, 'the decoder start').toBeGreaterThan(0);
  const inputs = expected.slice(0, place);
  const { data, shape } = await policy.logits({ query, inputs, labels: inputs }, { parameters });
  const last = data.subarray(data.length - shape[1]);
  const gap = Math.abs(last[expected[place]] - last[actual[place]]);
  expect(gap, `token ${actual[place]} for ${expected[place]} at ${place}`).toBeLessThan(1e-3);
}
