/** Paired statistics: what a difference of means is worth. Deterministic for a seed. */

import type { PairedDifference, Summary } from '../comparison.ts';
import { InputError, NumericError } from '../errors.ts';
import { randomStream } from '../random.ts';

export interface PairedOptions {
  /** Coverage of the interval, between 0 and 1. @default 0.95 */
  readonly level?: number;
  /** Bootstrap resamples, and again as many sign flips. @default 10000 */
  readonly resamples?: number;
  readonly seed: number;
}

/** Mean and sample standard deviation (n - 1; 0 when n < 2). The mean of nothing is 0. */
export function summarize(numbers: readonly number[]): Summary {
  const n = numbers.length;
  const mean = n === 0 ? 0 : sum(numbers) / n;
  const squares = numbers.reduce((total, x) => total + (x - mean) ** 2, 0);
  return { n, mean, std: n < 2 ? 0 : Math.sqrt(squares / (n - 1)) };
}

/**
 * Mean of `after - before`, its BCa bootstrap interval (bias-corrected and accelerated: right also
 * for skewed differences) and a two-sided sign-flip permutation p-value, (k + 1) / (resamples + 1).
 * @throws {InputError} when there is no pair, or the two lengths differ
 * @throws {NumericError} when a number is not finite
 * @see Efron 1987, https://doi.org/10.2307/2289144
 */
export function pairedDifference(
  before: readonly number[],
  after: readonly number[],
  { level = 0.95, resamples = 10_000, seed }: PairedOptions,
): PairedDifference {
  const differences = differencesOf(before, after);
  if (!(level > 0 && level < 1)) {
    throw new InputError('paired difference', 'a level between 0 and 1', `${level}`);
  }
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new InputError('paired difference', 'one resample or more', `${resamples}`);
  }
  const n = differences.length;
  const mean = sum(differences) / n;
  if (differences.every((d) => d === differences[0])) {
    const pValue = mean === 0 ? 1 : signFlipP(differences, resamples, seed);
    return { n, mean: differences[0], low: differences[0], high: differences[0], level, pValue };
  }
  const means = bootstrapMeans(differences, resamples, seed);
  const [low, high] = bcaInterval(differences, mean, means, level);
  return { n, mean, low, high, level, pValue: signFlipP(differences, resamples, seed) };
}

function differencesOf(before: readonly number[], after: readonly number[]): number[] {
  if (before.length !== after.length) {
    const actual = `${before.length} before and ${after.length} after`;
    throw new InputError('paired difference', 'as many numbers before as after', actual);
  }
  if (before.length === 0) throw new InputError('paired difference', 'one pair or more', 'none');
  return after.map((x, i) => {
    const difference = x - before[i];
    if (Number.isFinite(difference)) return difference;
    throw new NumericError('paired difference', 'finite numbers', `${x} - ${before[i]}, pair ${i}`);
  });
}

/** Sorted means of `resamples` draws of n differences with replacement. */
function bootstrapMeans(differences: readonly number[], resamples: number, seed: number) {
  const n = differences.length;
  const word = randomWords(seed, 'bootstrap');
  const means = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    let total = 0;
    for (let i = 0; i < n; i++) total += differences[Math.floor((word() / 2 ** 32) * n)];
    means[r] = total / n;
  }
  return means.sort();
}

/**
 * BCa: the percentiles are shifted by the bias z0 and the acceleration a,
 * p -> Phi(z0 + (z0 + z_p) / (1 - a (z0 + z_p))).
 */
function bcaInterval(
  differences: readonly number[],
  mean: number,
  means: Float64Array,
  level: number,
): [number, number] {
  // For a mean, the jackknife's a is the skewness of the differences over 6 sqrt(n).
  const squares = differences.reduce((total, d) => total + (d - mean) ** 2, 0);
  const cubes = differences.reduce((total, d) => total + (d - mean) ** 3, 0);
  const a = cubes / (6 * squares ** 1.5);
  // Ties count half, so that few distinct differences (flags) bring no bias of their own.
  const tolerance = 1e-12 * Math.max(Math.abs(means[0]), Math.abs(means[means.length - 1]));
  const below = means.filter((m) => m < mean - tolerance).length;
  const above = means.filter((m) => m > mean + tolerance).length;
  const share = (below + (means.length - below - above) / 2) / means.length;
  const z0 = share > 0 && share < 1 ? normalQuantile(share) : 0;
  const end = (p: number) => {
    const z = z0 + normalQuantile(p);
    return quantile(means, normalCdf(z0 + z / (1 - a * z)));
  };
  return [end((1 - level) / 2), end((1 + level) / 2)];
}

/** Share of random sign patterns whose |mean| reaches the observed one, itself counted in. */
function signFlipP(differences: readonly number[], resamples: number, seed: number): number {
  const moved = differences.filter((d) => d !== 0);
  const word = randomWords(seed, 'sign flips');
  // A pattern equal to the observed one but for the order of rounding must count as reached.
  const slack = 1e-12 * moved.reduce((total, d) => total + Math.abs(d), 0);
  const observed = Math.abs(sum(moved)) - slack;
  let reached = 0;
  for (let r = 0; r < resamples; r++) {
    let total = 0;
    for (let i = 0, bits = 0; i < moved.length; i++, bits >>>= 1) {
      if (i % 32 === 0) bits = word();
      total += bits & 1 ? moved[i] : -moved[i];
    }
    if (Math.abs(total) >= observed) reached++;
  }
  return (reached + 1) / (resamples + 1);
}

/**
 * 32-bit words: sfc32 (Doty-Humphrey, PractRand), started from a Philox stream of the key.
 * Millions of draws that nobody addresses by index need speed: 100 times that of Philox.
 */
export function randomWords(seed: number, purpose: string): () => number {
  const start = randomStream(seed, ['paired difference', purpose]);
  let [a, b, c, counter] = [
    start.integer(2 ** 32),
    start.integer(2 ** 32),
    start.integer(2 ** 32),
    1,
  ];
  const next = () => {
    const output = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + output) | 0;
    return output >>> 0;
  };
  for (let i = 0; i < 15; i++) next();
  return next;
}

/** Linear interpolation between order statistics (numpy's default). */
function quantile(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1);
  const index = Math.floor(position);
  const next = sorted[Math.min(index + 1, sorted.length - 1)];
  return sorted[index] + (position - index) * (next - sorted[index]);
}

/** Standard normal distribution; absolute error < 7.5e-8 (Abramowitz and Stegun 26.2.17). */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const terms = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153];
  const polynomial = terms.reduce((total, term) => (total + term) * t, 0);
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return z > 0 ? 1 - tail : tail;
}

/** Inverse of `normalCdf` by bisection: it is called three times a difference. */
function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  let [low, high] = [-40, 0];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, x) => total + x, 0);
}
