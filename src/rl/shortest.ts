/** Float32 numbers as the shortest decimals that stand for them. Pure. */

/** Of these the double is exact. */
const powers = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const largest = 3.4028234663852886e38;

/**
 * The number of fewest decimal digits that rounds to a float32, for JSON: 0.1 in place of
 * 0.10000000149011612. What is beyond all numbers becomes the largest one.
 */
export function shortest(number: number): number {
  const size = Math.abs(number);
  if (size > largest) return Math.sign(number) * largest;
  // a whole number over a power of ten, both exact, is the double nearest to the decimal
  const left = Math.floor(Math.log10(size)) + 1;
  for (let digits = 6; digits <= 9; digits++) {
    const power = powers[digits - left];
    const short = power ? Math.round(number * power) / power : Number(number.toPrecision(digits));
    if (Math.fround(short) === number) return short;
  }
  return number;
}

/** A row of them. @param length so many of the first */
export function shortestRow(row: ArrayLike<number>, length = row.length): number[] {
  return Array.from({ length }, (_, t) => shortest(row[t]));
}
