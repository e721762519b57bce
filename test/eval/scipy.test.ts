import { describe, expect, test } from 'vitest';
import { bootstrapInterval, bootstrapMeans, expandedEnds } from '../../src/eval/bootstrap.ts';
import { pairedDifference } from '../../src/eval/statistics.ts';
import { goldenJson } from '../golden.ts';

interface Recorded {
  readonly name: string;
  readonly differences: number[];
  readonly level: number;
  /** The level at which scipy's interval is as wide as ours at `level`, by Student's t and n - 1. */
  readonly wider: number;
  readonly bca: [number, number];
  readonly bcaWider: [number, number];
  readonly percentile: [number, number];
  readonly standardError: number;
  readonly exact: boolean;
  readonly pValue: number;
}

const { cases } = await goldenJson<{ cases: Recorded[] }>('statistics', 'paired.json');
const resamples = 100_000;

describe.each(cases)('of $name differences', (recorded) => {
  const { differences, level, standardError } = recorded;
  const numbers = Float64Array.from(differences);
  const [means] = bootstrapMeans([numbers], { seed: 1, resamples });
  // A 2.5 % point of 100,000 means has a standard deviation of 0.009 standard errors, of scipy's as
  // many too, four times that where the tail is long; means of few distinct numbers move in steps.
  const [distinct, n] = [new Set(differences).size, differences.length];
  const atol = Math.max(0.1 * standardError, distinct <= 3 ? 1 / n : 0);

  test("the interval is scipy's BCa, widened for n", () => {
    const zeros = differences.map(() => 0);
    const { low, high, interval } = pairedDifference(zeros, differences, { seed: 1, resamples });
    expect(interval).toBe('bca');
    // further out in the tail, where the mean is drawn more seldom
    expect([low, high]).toBeAllClose(recorded.bcaWider, { atol: 2 * atol });
    expect(expandedEnds(level, n)[0]).toBeCloseTo((1 - recorded.wider) / 2, 5);
  });

  test("without that it is scipy's BCa", () => {
    const ends = [(1 - level) / 2, (1 + level) / 2] as const;
    const { low, high } = bootstrapInterval(numbers, means, ends);
    expect([low, high]).toBeAllClose(recorded.bca, { atol });
  });

  test("the p-value is scipy's, of all sign patterns or of as many as it drew", () => {
    const zeros = differences.map(() => 0);
    const { pValue } = pairedDifference(zeros, differences, { seed: 1, resamples });
    const { pValue: p, exact } = recorded;
    const error = Math.sqrt((p * (1 - p) * (exact ? 1 : 2)) / resamples);
    // four standard deviations of Monte Carlo, and the 1 that is counted in
    expect(Math.abs(pValue - p)).toBeLessThan(4 * error + 2 / resamples);
  });
});

test('where BCa cannot be had the percentiles stay as they are, and the interval says so', () => {
  const of = (differences: number[]) =>
    pairedDifference(
      differences.map(() => 0),
      differences,
      { seed: 1 },
    ).interval;
  expect(of([0.5, 0.5, 0.5])).toBe('percentile'); // no spread
  expect(of([0, 0, 0, 0, 0, 0, 0, 1])).toBe('percentile'); // means in less than ten steps
  expect(of([0.1, 0.4, 0.35, 0.72, 0.2, 0.55, 0.9])).toBe('bca');
  const numbers = Float64Array.of(1, 2, 4, 9, 3, 5);
  // all means below the observed one: a bias without bound
  const below = Float64Array.from({ length: 100 }, (_, i) => i / 100);
  expect(bootstrapInterval(numbers, below, [0.025, 0.975]).interval).toBe('percentile');
  // skewed so much that the upper percentile would come out below the lower one
  const skewed = Float64Array.from({ length: 60 }, (_, i) => (i === 0 ? 1000 : i / 1000));
  const [means] = bootstrapMeans([skewed], { seed: 1, resamples: 1000 });
  const far = bootstrapInterval(skewed, means, [1e-12, 1 - 1e-12]);
  expect(far.interval).toBe('percentile');
  expect(far.low).toBeLessThan(far.high);
});
