/** Bootstrap intervals of a mean. Pure; deterministic for a seed. */
import { normalCdf, normalQuantile, quantile, studentQuantile } from './normal.ts';
import { randomWords } from './random-words.ts';

/** Ends of an interval, and how it was made. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly interval: 'bca' | 'percentile';
}

/**
 * Means of draws with replacement, sorted, for several columns of n numbers: the same draws for
 * all, so that they are drawn but once.
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
 * Percentiles at the ends of an interval, wider than (1 ± level) / 2 by what the bootstrap lacks at
 * small n: its variance divides by n, where n - 1 would be right, and its tails are the normal
 * distribution's, where Student's would be. z -> t sqrt(n / (n - 1)).
 * @see Hesterberg 2015, sec. 5.3, https://doi.org/10.1080/00031305.2015.1089789
 */
export function expandedEnds(level: number, n: number): [low: number, high: number] {
  const t = studentQuantile(normalQuantile((1 + level) / 2), n - 1);
  const low = normalCdf(-t * Math.sqrt(n / (n - 1)));
  return [low, 1 - low];
}

/** Distinct means below which the percentiles are a staircase that nothing can be shifted along. */
const fewestSteps = 10;

/**
 * BCa: the percentiles are shifted by the bias z0 and the acceleration a,
 * p -> Phi(z0 + (z0 + z_p) / (1 - a (z0 + z_p))). The percentiles as they are where BCa cannot be
 * had: no spread or too few distinct means, no bias that is finite, or an acceleration so large that
 * it folds them.
 * @param means bootstrap means of `numbers`, sorted
 * @param ends percentiles of the interval's ends
 * @see Efron 1987, https://doi.org/10.2307/2289144
 */
export function bootstrapInterval(
  numbers: Float64Array,
  means: Float64Array,
  ends: readonly [low: number, high: number],
): Interval {
  const shifted = bcaPercentiles(numbers, means, ends);
  const [low, high] = (shifted ?? ends).map((p) => quantile(means, p));
  return { low, high, interval: shifted ? 'bca' : 'percentile' };
}

function bcaPercentiles(
  numbers: Float64Array,
  means: Float64Array,
  ends: readonly number[],
): number[] | undefined {
  // Ties are equal but for the order of rounding.
  const tolerance = 1e-12 * Math.max(Math.abs(means[0]), Math.abs(means[means.length - 1]));
  if (!hasSteps(means, tolerance)) return undefined;
  const n = numbers.length;
  let [total, squares, cubes] = [0, 0, 0];
  for (let i = 0; i < n; i++) total += numbers[i];
  const mean = total / n;
  for (let i = 0; i < n; i++) {
    squares += (numbers[i] - mean) ** 2;
    cubes += (numbers[i] - mean) ** 3;
  }
  // For a mean, the jackknife's a is the skewness of the numbers over 6 sqrt(n).
  const a = cubes / (6 * squares ** 1.5);
  const share = shareBelow(means, mean, tolerance);
  if (share === 0 || share === 1) return undefined;
  const z0 = normalQuantile(share);
  const shifts = ends.map((p) => z0 + normalQuantile(p));
  if (shifts.some((z) => a * z >= 1)) return undefined;
  return shifts.map((z) => normalCdf(z0 + z / (1 - a * z)));
}

function hasSteps(means: Float64Array, tolerance: number): boolean {
  let steps = 1;
  for (let r = 1; r < means.length && steps < fewestSteps; r++) {
    if (means[r] - means[r - 1] > tolerance) steps++;
  }
  return steps >= fewestSteps;
}

/** Ties count half, so that few distinct numbers (flags) bring no bias of their own. */
function shareBelow(means: Float64Array, mean: number, tolerance: number): number {
  let [below, above] = [0, 0];
  for (let r = 0; r < means.length; r++) {
    if (means[r] < mean - tolerance) below++;
    else if (means[r] > mean + tolerance) above++;
  }
  return (below + (means.length - below - above) / 2) / means.length;
}
