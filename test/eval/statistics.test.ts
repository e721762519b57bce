import { expect, test } from 'vitest';
import { bootstrapInterval, bootstrapMeans } from '../../src/eval/bootstrap.ts';
import { pairedDifference, summarize } from '../../src/eval/statistics.ts';
import { randomStream } from '../../src/random.ts';

const seed = 7;
const zeros = (n: number) => Array<number>(n).fill(0);

test('a summary holds the mean and the sample standard deviation', () => {
  expect(summarize([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ n: 8, mean: 5, std: Math.sqrt(32 / 7) });
  expect(summarize([3])).toEqual({ n: 1, mean: 3, std: 0 });
  expect(summarize([])).toEqual({ n: 0, mean: 0, std: 0 });
});

/** Mean over the 2^n sign patterns of "as far from 0 as observed". */
function exactSignFlipP(differences: number[]): number {
  const observed = Math.abs(differences.reduce((sum, d) => sum + d, 0));
  const patterns = 2 ** differences.length;
  let reached = 0;
  for (let pattern = 0; pattern < patterns; pattern++) {
    const total = differences.reduce((sum, d, i) => sum + ((pattern >> i) & 1 ? d : -d), 0);
    if (Math.abs(total) >= observed - 1e-12) reached++;
  }
  return reached / patterns;
}

test.each([
  { differences: [1, 2, 3] },
  { differences: [0.1, 0.2, 0.3, -0.05, 0.4, 0.11, 0.6] },
  { differences: [1, -1, 1, 1, 1, -1, 1, 1, 1, 1] },
  { differences: [0, 0, 0.3, 0.1, 0, 0.2, 0.4, 0.1] },
  { differences: [0.5, 0.5, 0.5, 0.5, 0.5] },
])('the p-value of $differences is that of all sign patterns', ({ differences }) => {
  const { pValue } = pairedDifference(zeros(differences.length), differences, { seed });
  // Monte Carlo error of 10,000 patterns: a standard deviation of 0.005 at most, times 4.
  expect(Math.abs(pValue - exactSignFlipP(differences))).toBeLessThan(0.02);
});

test('the p-value never falls below 1 / (resamples + 1)', () => {
  const { pValue } = pairedDifference(zeros(100), Array(100).fill(1), { seed, resamples: 999 });
  expect(pValue).toBe(1 / 1000);
});

test('for many normal differences the interval is that of the normal distribution', () => {
  const stream = randomStream(seed, ['normal']);
  const differences = Array.from({ length: 2000 }, () => 0.3 + stream.normal());
  const { low, high, mean } = pairedDifference(zeros(2000), differences, { seed });
  const half = (1.96 * summarize(differences).std) / Math.sqrt(2000);
  // Monte Carlo error of a 2.5 % quantile of 10,000 means: about 0.03 standard errors, times 4.
  expect([low, high]).toBeAllClose([mean - half, mean + half], { atol: 0.12 * (half / 1.96) });
});

test('for skewed differences the interval is the BCa interval of scipy', () => {
  const differences = [0.02, 0.05, 0.01, 0.6, 0.04, -0.03, 0.12, 0.9, 0.07, 0.3, -0.01, 0.15];
  const numbers = Float64Array.from(differences);
  const [means] = bootstrapMeans([numbers], { seed, resamples: 100_000 });
  const { low, high } = bootstrapInterval(numbers, means, [0.025, 0.975]);
  // scipy 1.17.1, stats.bootstrap(method='BCa', n_resamples=1_000_000); plain percentiles: [0.051, 0.356].
  // Monte Carlo error of 100,000 resamples: a standard deviation of 0.0025 at the upper end, times 4.
  expect([low, high]).toBeAllClose([0.07083, 0.41167], { atol: 0.01 });
});

test('with two pairs the ends of the interval are the two differences', () => {
  // The only means are -1, 0 and 1 (a quarter, a half, a quarter).
  const { low, high } = pairedDifference([0, 0], [-1, 1], { seed });
  expect([low, high]).toEqual([-1, 1]);
});

test('a 90 % interval of skewed differences holds the true mean about 90 % of the time', () => {
  const stream = randomStream(seed, ['coverage']);
  const trials = 400;
  let covered = 0;
  for (let trial = 0; trial < trials; trial++) {
    // Exponential: mean 1, skewness 2.
    const differences = Array.from({ length: 40 }, () => -Math.log(1 - stream.next()));
    const options = { seed: trial, level: 0.9, resamples: 500 };
    const { low, high } = pairedDifference(zeros(40), differences, options);
    if (low <= 1 && 1 <= high) covered++;
  }
  // Four standard deviations of 400 trials are 0.06; BCa at n = 40 is about 0.02 short.
  expect(covered / trials).toBeGreaterThan(0.82);
  expect(covered / trials).toBeLessThan(0.96);
});

test('when nothing differs, about one p-value in ten is below 0.1', () => {
  const stream = randomStream(seed, ['null']);
  const trials = 400;
  let rejected = 0;
  for (let trial = 0; trial < trials; trial++) {
    const differences = Array.from({ length: 20 }, () => stream.normal());
    const options = { seed: trial, resamples: 199 };
    if (pairedDifference(zeros(20), differences, options).pValue <= 0.1) rejected++;
  }
  // Four standard deviations of 400 trials.
  expect(Math.abs(rejected / trials - 0.1)).toBeLessThan(0.06);
});

test('before and after exchanged negate the difference and keep the p-value', () => {
  const stream = randomStream(seed, ['swap']);
  const before = Array.from({ length: 60 }, () => stream.next() ** 3);
  const after = Array.from({ length: 60 }, () => stream.next() ** 2);
  const forward = pairedDifference(before, after, { seed });
  const backward = pairedDifference(after, before, { seed });
  // Exact but for the rounding of the two percentiles p and 1 - p.
  expect([-backward.mean, -backward.high, -backward.low]).toBeAllClose(
    [forward.mean, forward.low, forward.high],
    { atol: 1e-12 },
  );
  expect(backward.pValue).toBe(forward.pValue);
});

test('the same seed gives the same numbers, another seed nearly the same', () => {
  const after = [0.313, -0.107, 0.801, 0.254, 0.402, -0.309, 0.911, 0.053];
  const first = pairedDifference(zeros(8), after, { seed });
  expect(pairedDifference(zeros(8), after, { seed })).toEqual(first);
  const other = pairedDifference(zeros(8), after, { seed: seed + 1 });
  expect(other.low).not.toBe(first.low);
  // The spread of the differences is 0.4, of their mean 0.15; Monte Carlo noise is 5 % of that.
  expect([other.low, other.high]).toBeAllClose([first.low, first.high], { atol: 0.03 });
});

test('a higher level gives a wider interval', () => {
  const after = [0.3, -0.1, 0.8, 0.25, 0.4, -0.3, 0.9, 0.05];
  const width = (level: number) => {
    const { low, high } = pairedDifference(zeros(8), after, { seed, level });
    return high - low;
  };
  expect(width(0.99)).toBeGreaterThan(width(0.95));
  expect(width(0.95)).toBeGreaterThan(width(0.5));
});

test('when all pairs are equal, the interval is [0, 0] and p is 1', () => {
  const difference = pairedDifference([0.2, 0.9], [0.2, 0.9], { seed });
  expect(difference).toEqual({
    n: 2,
    mean: 0,
    low: 0,
    high: 0,
    level: 0.95,
    pValue: 1,
    interval: 'percentile',
    effect: 0,
  });
});

test('no pairs, pairs without a partner and numbers that are not finite are errors', () => {
  expect(() => pairedDifference([], [], { seed })).toThrow(
    'paired difference: expected one pair or more, got none.',
  );
  expect(() => pairedDifference([1], [1, 2], { seed })).toThrow(
    'paired difference: expected as many numbers before as after, got 1 before and 2 after.',
  );
  expect(() => pairedDifference([1], [Number.NaN], { seed })).toThrow(
    'paired difference: expected finite numbers, got NaN - 1, pair 0.',
  );
  expect(() => pairedDifference([1], [2], { seed, level: 95 })).toThrow('between 0 and 1, got 95');
});
