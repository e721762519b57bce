/** How numbers are spread: equal buckets between the smallest and the largest. Pure. */

export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Right edges; each bucket begins where the one before it ends, the first at `min`. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

/** As many as TensorBoard draws. */
const buckets = 30;

/** Of finite numbers; undefined where there are none. */
export function histogramOf(numbers: readonly number[]): Histogram | undefined {
  const values = numbers.filter(Number.isFinite);
  if (values.length === 0) return undefined;
  let [min, max, sum, sumOfSquares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    sumOfSquares += value * value;
  }
  const width = (max - min) / buckets;
  const n = width > 0 ? buckets : 1;
  const counts = new Array<number>(n).fill(0);
  for (const value of values) {
    counts[n === 1 ? 0 : Math.min(n - 1, Math.floor((value - min) / width))]++;
  }
  const limits = counts.map((_, i) => (i === n - 1 ? max : min + (i + 1) * width));
  return { min, max, count: values.length, sum, sumOfSquares, limits, counts };
}
