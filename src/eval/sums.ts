/** Sums of plain numbers. Pure. */

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, x) => total + x, 0);
}

/** Not a number where there is none. */
export function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}
