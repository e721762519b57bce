import { randomWords } from './random-words.ts';

/** Signs that are flipped at once, by a table of all their sums. */
const width = 8;

/**
 * Two-sided permutation p-value of "as likely up as down": the share of random sign patterns whose
 * |sum| reaches the observed one, itself counted in, (k + 1) / (flips + 1). Zeros change nothing.
 */
export function signFlipP(
  differences: Float64Array,
  { flips, seed }: { readonly flips: number; readonly seed: number },
): number {
  const moved = differences.filter((d) => d !== 0);
  const tables = sumTables(moved);
  const word = randomWords(seed, 'sign flips');
  // A pattern equal to the observed one but for the order of rounding must count as reached.
  const slack = 1e-12 * moved.reduce((total, d) => total + Math.abs(d), 0);
  const observed = Math.abs(moved.reduce((total, d) => total + d, 0)) - slack;
  let reached = 0;
  for (let r = 0; r < flips; r++) {
    let total = 0;
    for (let t = 0, bits = 0; t < tables.length; t++, bits >>>= width) {
      if (t % (32 / width) === 0) bits = word();
      total += tables[t][bits & (2 ** width - 1)];
    }
    if (Math.abs(total) >= observed) reached++;
  }
  return (reached + 1) / (flips + 1);
}

/** Of each eight numbers the sum under every pattern of signs; a bit that is set keeps its sign. */
function sumTables(numbers: Float64Array): Float64Array[] {
  return Array.from({ length: Math.ceil(numbers.length / width) }, (_, t) => {
    const table = new Float64Array(2 ** width);
    for (let k = 0; k < width; k++) {
      // beyond the last number a bit says nothing
      const number = numbers[t * width + k] ?? 0;
      // the upper half of 2^(k + 1) patterns has bit k, the lower one is made from itself
      for (let bits = 0; bits < 2 ** k; bits++) {
        table[bits + 2 ** k] = table[bits] + number;
        table[bits] -= number;
      }
    }
    return table;
  });
}
