import { ShapeError } from '../errors.ts';
import type { Numbers } from '../tensor.ts';

/** One list of numbers a response. */
export type Rows = readonly Float32Array[];

/** Sum over the places where the mask is 1. */
export function maskedSum(rows: Rows, masks: Rows): number {
  let sum = 0;
  rows.forEach((row, i) => {
    for (let t = 0; t < row.length; t++) sum += row[t] * masks[i][t];
  });
  return sum;
}

/** Number of places where the mask is 1. */
export function maskedCount(masks: Rows): number {
  return masks.reduce((sum, mask) => sum + mask.reduce((a, b) => a + b, 0), 0);
}

/** Mean over the places where the mask is 1. */
export function maskedMean(rows: Rows, masks: Rows): number {
  return maskedSum(rows, masks) / maskedCount(masks);
}

/** Sample variance (n - 1) over the places where the mask is 1; 0 for a single one. */
export function maskedVariance(rows: Rows, masks: Rows): number {
  const count = maskedCount(masks);
  if (count < 2) return 0; // one token is no reason to end a run
  const mean = maskedMean(rows, masks);
  const squares = rows.map((row) => row.map((x) => (x - mean) ** 2));
  return maskedSum(squares, masks) / (count - 1);
}

/**
 * (x - mean) / sqrt(variance + 1e-8), moments over the places where the mask is 1; with `keepMean`
 * the mean is added back. Other places get the same formula: masked means ignore them.
 */
export function whiten(rows: Rows, masks: Rows, { keepMean = false } = {}): Float32Array[] {
  const mean = maskedMean(rows, masks);
  const scale = 1 / Math.sqrt(maskedVariance(rows, masks) + 1e-8);
  return rows.map((row) => row.map((x) => (x - mean) * scale + (keepMean ? mean : 0)));
}

/** Element by element; the rows have equal lengths. */
export function zipRows(
  a: Rows,
  b: Rows,
  combine: (a: number, b: number) => number,
): Float32Array[] {
  return a.map((row, i) => {
    if (row.length !== b[i].length)
      throw new ShapeError('rows', `[${row.length}]`, `[${b[i].length}]`);
    return row.map((x, t) => combine(x, b[i][t]));
  });
}

/** Mean and sample standard deviation (n - 1); 0 for a single number. */
export function moments(numbers: Numbers): { mean: number; std: number } {
  const n = numbers.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += numbers[i];
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (numbers[i] - mean) ** 2;
  return { mean, std: n > 1 ? Math.sqrt(squares / (n - 1)) : 0 };
}
