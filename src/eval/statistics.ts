/** Paired statistics: what a difference of means is worth. Deterministic for a seed. */

import type { PairedDifference, Summary } from '../comparison.ts';
import { InputError, NumericError } from '../errors.ts';
import { bootstrapInterval, bootstrapMeans, expandedEnds } from './bootstrap.ts';
import { detectableDifference } from './power.ts';
import { signFlipP } from './sign-flips.ts';
import { sum } from './sums.ts';

export interface PairedOptions {
  /** Coverage of the interval, between 0 and 1. @default 0.95 */
  readonly level?: number;
  /** Bootstrap resamples, and again as many sign flips. @default 10000 */
  readonly resamples?: number;
  readonly seed: number;
}

/** Bootstrap resamples and sign flips, where none are asked for. */
export const usualResamples = 10_000;

/** Numbers of the same things, before and after. */
export interface Paired {
  readonly before: readonly number[];
  readonly after: readonly number[];
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
 * for skewed differences; percentiles where it cannot be had; widened for small n) and a two-sided sign-flip permutation
 * p-value, (k + 1) / (resamples + 1).
 * @param clusters of each pair, what it belongs to: pairs of one cluster count by their mean
 * @throws {InputError} when there is no pair, or the lengths differ
 * @throws {NumericError} when a number is not finite
 * @see Efron 1987, https://doi.org/10.2307/2289144
 */
export function pairedDifference(
  before: readonly number[],
  after: readonly number[],
  { clusters, ...options }: PairedOptions & { readonly clusters?: readonly unknown[] },
): PairedDifference {
  const pairs = { before, after };
  return pairedDifferences([clusters ? byCluster(pairs, clusters) : pairs], options)[0];
}

/** The same of several quantities: those of as many pairs share their draws, and the time these take. */
export function pairedDifferences(
  many: readonly Paired[],
  { level = 0.95, resamples = usualResamples, seed }: PairedOptions,
): PairedDifference[] {
  if (!(level > 0 && level < 1)) {
    throw new InputError('paired difference', 'a level between 0 and 1', `${level}`);
  }
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new InputError('paired difference', 'one resample or more', `${resamples}`);
  }
  const columns = many.map(differencesOf);
  const means = meansOfVaried(columns, { resamples, seed });
  return columns.map((differences) => {
    const n = differences.length;
    const drawn = means.get(differences);
    const moved = drawn !== undefined || differences[0] !== 0;
    const pValue = moved ? signFlipP(differences, { flips: resamples, seed }) : 1;
    if (!drawn) return allEqual(differences[0], { n, level, pValue });
    const { mean, std } = summarize(Array.from(differences));
    const { low, high, interval } = bootstrapInterval(differences, drawn, expandedEnds(level, n));
    const detectable = detectableDifference(std ** 2, n, level);
    return { n, mean, low, high, level, pValue, interval, effect: mean / std, detectable };
  });
}

/** Of differences that have no spread nothing is known but their value. */
function allEqual(
  mean: number,
  known: Pick<PairedDifference, 'n' | 'level' | 'pValue'>,
): PairedDifference {
  const { n, level, pValue } = known;
  const ends = { low: mean, high: mean, level, pValue, interval: 'percentile' as const };
  return { n, mean, ...ends, ...(mean === 0 && { effect: 0 }) };
}

/** Bootstrap means of the columns that are not all one number. */
function meansOfVaried(
  columns: readonly Float64Array[],
  options: { readonly resamples: number; readonly seed: number },
): Map<Float64Array, Float64Array> {
  const varied = columns.filter((column) => column.some((d) => d !== column[0]));
  const sizes = new Set(varied.map(({ length }) => length));
  const drawn = [...sizes].flatMap((n) => {
    const same = varied.filter(({ length }) => length === n);
    return bootstrapMeans(same, options).map((means, i) => [same[i], means] as const);
  });
  return new Map(drawn);
}

function differencesOf({ before, after }: Paired): Float64Array {
  if (before.length !== after.length) {
    const actual = `${before.length} before and ${after.length} after`;
    throw new InputError('paired difference', 'as many numbers before as after', actual);
  }
  if (before.length === 0) throw new InputError('paired difference', 'one pair or more', 'none');
  return Float64Array.from(after, (x, i) => {
    const difference = x - before[i];
    if (Number.isFinite(difference)) return difference;
    throw new NumericError('paired difference', 'finite numbers', `${x} - ${before[i]}, pair ${i}`);
  });
}

/** The mean of each cluster, in the order in which clusters come. */
function byCluster({ before, after }: Paired, clusters: readonly unknown[]): Paired {
  if (clusters.length !== before.length) {
    const actual = `${clusters.length} of ${before.length} pairs`;
    throw new InputError('paired difference', 'the cluster of each pair', actual);
  }
  const members = new Map<unknown, number[]>();
  for (const [i, cluster] of clusters.entries()) {
    members.set(cluster, [...(members.get(cluster) ?? []), i]);
  }
  const means = (numbers: readonly number[]) =>
    [...members.values()].map((some) => sum(some.map((i) => numbers[i])) / some.length);
  return { before: means(before), after: means(after) };
}
