import { expect, test } from 'vitest';
import { detectableDifference, pairsToDetect } from '../../src/eval/power.ts';
import { pairedDifference } from '../../src/eval/statistics.ts';
import { randomStream } from '../../src/random.ts';

test('half a standard deviation takes 32 pairs', () => {
  // (1.960 + 0.842)² / 0.5² = 31.4
  expect(pairsToDetect(1, 0.5)).toBe(32);
  expect(detectableDifference(1, 31.395)).toBeCloseTo(0.5, 4);
});

test('four times the pairs see half the difference', () => {
  expect(detectableDifference(0.3, 400)).toBeCloseTo(detectableDifference(0.3, 100) / 2, 12);
});

test("the verdict's own test finds such a difference in about four of five samples", () => {
  const [n, trials] = [60, 200];
  const shift = detectableDifference(1, n);
  const random = randomStream(1, ['power']);
  let found = 0;
  for (let trial = 0; trial < trials; trial++) {
    const before = Array.from({ length: n }, () => 0);
    const after = before.map(() => shift + random.normal());
    const { pValue } = pairedDifference(before, after, { seed: trial, resamples: 400 });
    if (pValue < 0.05) found++;
  }
  expect(found / trials).toBeGreaterThan(0.72); // 0.8 ± 3 standard errors
  expect(found / trials).toBeLessThan(0.88);
});
