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
    const some = numbers.subarray(t * width, (t + 1) * width);
    let sums = Float64Array.of(0);
    for (const d of some) {
      const [minus, plus] = [sums.map((sum) => sum - d), sums.map((sum) => sum + d)];
      sums = Float64Array.of(...minus, ...plus);
    }
    // bits beyond the last number say nothing
    return Float64Array.from({ length: 2 ** width }, (_, bits) => sums[bits % sums.length]);
  });
}
