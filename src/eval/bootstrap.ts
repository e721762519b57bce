/** Bootstrap intervals of a mean. Pure; deterministic for a seed. */
import { normalCdf, normalQuantile, quantile } from './normal.ts';
import { randomWords } from './random-words.ts';

/** Ends of an interval, and how it was made. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly interval: 'bca' | 'percentile';
}

/**
 * Means of draws with replacement, sorted, for several columns of n numbers: the same draws for
 * all, since drawing is what costs.
 */
export function bootstrapMeans(
  columns: readonly Float64Array[],
  { resamples, seed }: { readonly resamples: number; readonly seed: number },
): Float64Array[] {
  const n = columns[0]?.length ?? 0;
  const word = randomWords(seed, 'bootstrap');
  const drawn = new Uint32Array(n);
  const means = columns.map(() => new Float64Array(resamples));
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < n; i++) drawn[i] = Math.floor((word() / 2 ** 32) * n);
    for (let c = 0; c < columns.length; c++) means[c][r] = meanOf(columns[c], drawn);
  }
  return means.map((some) => some.sort());
}

function meanOf(column: Float64Array, drawn: Uint32Array): number {
  let total = 0;
  for (let i = 0; i < drawn.length; i++) total += column[drawn[i]];
  return total / drawn.length;
}

/**
 * BCa: the percentiles are shifted by the bias z0 and the acceleration a,
 * p -> Phi(z0 + (z0 + z_p) / (1 - a (z0 + z_p))). The percentiles as they are where BCa cannot be
 * had: no spread, no bias that is finite, or an acceleration so large that it folds them.
 * @param means bootstrap means of `numbers`, sorted
 * @see Efron 1987, https://doi.org/10.2307/2289144
 */
export function bootstrapInterval(
  numbers: Float64Array,
  means: Float64Array,
  level: number,
): Interval {
  const ends = [(1 - level) / 2, (1 + level) / 2];
  const shifted = bcaPercentiles(numbers, means, ends);
  const [low, high] = (shifted ?? ends).map((p) => quantile(means, p));
  return { low, high, interval: shifted ? 'bca' : 'percentile' };
}

function bcaPercentiles(
  numbers: Float64Array,
  means: Float64Array,
  ends: readonly number[],
): number[] | undefined {
  const mean = numbers.reduce((total, d) => total + d, 0) / numbers.length;
  // For a mean, the jackknife's a is the skewness of the numbers over 6 sqrt(n).
  const squares = numbers.reduce((total, d) => total + (d - mean) ** 2, 0);
  const cubes = numbers.reduce((total, d) => total + (d - mean) ** 3, 0);
  const a = cubes / (6 * squares ** 1.5);
  const share = shareBelow(means, mean);
  if (squares === 0 || share === 0 || share === 1) return undefined;
  const z0 = normalQuantile(share);
  const shifts = ends.map((p) => z0 + normalQuantile(p));
  if (shifts.some((z) => a * z >= 1)) return undefined;
  return shifts.map((z) => normalCdf(z0 + z / (1 - a * z)));
}

/** Ties count half, so that few distinct numbers (flags) bring no bias of their own. */
function shareBelow(means: Float64Array, mean: number): number {
  const tolerance = 1e-12 * Math.max(Math.abs(means[0]), Math.abs(means[means.length - 1]));
  const below = means.filter((m) => m < mean - tolerance).length;
  const above = means.filter((m) => m > mean + tolerance).length;
  return (below + (means.length - below - above) / 2) / means.length;
}
