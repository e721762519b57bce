/** Ranks, and what goes with what by them. Pure. */
import type { Correlation } from '../../explanation.ts';
import { normalQuantile } from '../normal.ts';

/** Ranks from 1; equal numbers share the mean of theirs. */
export function midranks(numbers: readonly number[]): Float64Array {
  const order = numbers.map((_, i) => i).sort((a, b) => numbers[a] - numbers[b]);
  const ranks = new Float64Array(numbers.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && numbers[order[end]] === numbers[order[start]]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2;
  }
  return ranks;
}

/** Centred and of length 1; all zeros where nothing varies. */
export function standardized(numbers: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(numbers);
  const mean = values.reduce((total, x) => total + x, 0) / Math.max(1, values.length);
  const centred = values.map((x) => x - mean);
  const length = Math.sqrt(centred.reduce((total, x) => total + x * x, 0));
  const scale = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) * values.length * 1e-12;
  return length <= scale ? centred.fill(0) : centred.map((x) => x / length);
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

/** Spearman's rho: Pearson's correlation of the midranks; 0 where one of the two does not vary. */
export function spearman(x: readonly number[], y: readonly number[]): number {
  const rho = dot(standardized(midranks(x)), standardized(midranks(y)));
  return Math.min(1, Math.max(-1, rho));
}

/**
 * Spearman's rho with the interval of Fisher's z, whose standard error is the jackknife's: each prompt
 * is left out once. That holds with ties and where the spread depends on the place, which Fisher's own
 * 1 / sqrt(n - 3) does not.
 * @see Efron 1981, "Nonparametric standard errors and confidence intervals", sec. 6 (transformed jackknife)
 */
export function rankCorrelation(
  x: readonly number[],
  y: readonly number[],
  level = 0.95,
): Correlation {
  const n = x.length;
  const rho = spearman(x, y);
  if (n < 4 || Math.abs(rho) > 1 - 1e-12) return { n, rho, low: rho, high: rho, level };
  const z = Math.atanh(rho);
  const half = normalQuantile((1 + level) / 2) * jackknifeError(x, y);
  return { n, rho, low: Math.tanh(z - half), high: Math.tanh(z + half), level };
}

/** Standard error of atanh(rho). */
function jackknifeError(x: readonly number[], y: readonly number[]): number {
  const [xs, ys] = [midranks(x), midranks(y)];
  const n = xs.length;
  const most = 1 - 1e-9;
  const values = Float64Array.from({ length: n }, (_, i) => {
    const rho = withoutOne(xs, ys, i);
    return Math.atanh(Math.min(most, Math.max(-most, rho)));
  });
  const mean = values.reduce((total, v) => total + v, 0) / n;
  const squares = values.reduce((total, v) => total + (v - mean) ** 2, 0);
  return Math.sqrt((squares * (n - 1)) / n);
}

/** Rho without number i, from the ranks of all: what lies above it falls by 1, what equals it by 1/2. */
function withoutOne(xs: Float64Array, ys: Float64Array, i: number): number {
  const middle = xs.length / 2; // the mean of the ranks of n - 1
  let [xx, yy, xy] = [0, 0, 0];
  for (let j = 0; j < xs.length; j++) {
    if (j === i) continue;
    const dx = xs[j] - middle - fall(xs[j], xs[i]);
    const dy = ys[j] - middle - fall(ys[j], ys[i]);
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

function fall(rank: number, gone: number): number {
  if (rank === gone) return 0.5;
  return rank > gone ? 1 : 0;
}
