/** A second implementation of the exchange test of distinct bigrams, for one sample a prompt. */
import { ngrams } from '../../src/eval/diversity.ts';
import { randomWords } from '../../src/eval/random-words.ts';

/** Responses to the same prompts. */
interface Sides {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

interface TestOptions {
  /** Random exchanges of before and after. @default 1000 */
  readonly exchanges?: number;
  readonly seed: number;
}

/**
 * Two-sided permutation test of equal distinct bigrams: before and after of each prompt change
 * places at random. The share belongs to all texts of a side together, so it has no paired mean.
 */
export function distinctTest(
  { before, after }: Sides,
  { exchanges = 1000, seed }: TestOptions,
): number {
  const ids = bigramIds([...before, ...after]);
  const n = before.length;
  const count = ids.flat().reduce((most, id) => Math.max(most, id + 1), 0);
  /** The round in which a side had a bigram last. */
  const seen = new Uint32Array(2 * count);
  let round = 0;
  const difference = (exchanged: readonly boolean[]) => {
    round++;
    const [distinct, all] = [new Float64Array(2), new Float64Array(2)];
    for (const [i, row] of ids.entries()) {
      const side = Number(i < n !== exchanged[i % n]);
      all[side] += row.length;
      for (const id of row) {
        const at = side * count + id;
        if (seen[at] !== round) distinct[side]++;
        seen[at] = round;
      }
    }
    const [one, other] = distinct.map((found, side) => found / Math.max(1, all[side]));
    return Math.abs(one - other);
  };
  const observed = difference(Array(n).fill(false)) - 1e-12;
  const word = randomWords(seed, 'distinct bigrams');
  let reached = 0;
  for (let r = 0; r < exchanges; r++) {
    if (difference(before.map(() => word() >= 2 ** 31)) >= observed) reached++;
  }
  return (reached + 1) / (exchanges + 1);
}

/** The word bigrams of each text as numbers, the same number for the same bigram. */
function bigramIds(texts: readonly string[]): number[][] {
  const ids = new Map<string, number>();
  const idOf = (bigram: string) => {
    const id = ids.get(bigram) ?? ids.size;
    ids.set(bigram, id);
    return id;
  };
  return texts.map((text) => ngrams(text, 2).map(idOf));
}
