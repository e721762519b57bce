/** How varied responses are: numbers of all texts of a side together, with tests and intervals of their own. Pure. */
import type { Together } from '../../comparison.ts';
import { ngrams } from '../diversity.ts';
import { normalQuantile, studentQuantile } from '../normal.ts';
import { randomWords } from '../random-words.ts';
import type { PromptPairs } from './pairs.ts';

export const togetherNames = ['distinct1', 'distinct2', 'selfOverlap'] as const;
type Name = (typeof togetherNames)[number];

interface TogetherOptions {
  /** @default 0.95 */
  readonly level?: number;
  readonly seed: number;
  /** Random exchanges of before and after. @default 1000 */
  readonly exchanges?: number;
}

/** Exchanges of before and after, where none are asked for. */
export const usualExchanges = 1000;
/** Parts of the prompts that the jackknife leaves out one after the other. */
const mostParts = 100;

/** A response as numbers, the same number for the same word or bigram. */
interface Text {
  readonly words: readonly number[];
  readonly bigrams: readonly number[];
}
/** Each prompt's responses on both sides. */
type Prompt = readonly [before: readonly Text[], after: readonly Text[]];

/**
 * `distinct1`, `distinct2`: distinct words and bigrams over all (Li et al. 2016). `selfOverlap`: mean
 * share of a response's bigrams that stand in a response to another prompt of its side; Self-BLEU's
 * precision (Zhu et al. 2018) without its clipping and length penalty.
 *
 * The p-value is of a permutation test in which before and after of whole prompts change places; the
 * interval is the jackknife's over parts of the prompts, since a prompt that the bootstrap draws twice
 * would count as a repetition.
 * @see https://arxiv.org/abs/1510.03055, https://arxiv.org/abs/1802.01886
 */
export function measureTogether(
  prompts: readonly PromptPairs[],
  { level = 0.95, seed, exchanges = usualExchanges }: TogetherOptions,
): Readonly<Record<Name, Together>> {
  const texts = textsOf(prompts);
  const measure = measurer(texts);
  const nobody = texts.map(() => false);
  const [before, after] = measure(nobody, nobody);
  const observed = before.map((x, m) => after[m] - x);
  const pValues = exchangeTest(measure, observed, { n: texts.length, exchanges, seed });
  const halves = jackknife(measure, texts.length, level);
  const of = (m: number): Together => {
    const difference = observed[m];
    const pair = { before: before[m], after: after[m], pValue: pValues[m] };
    const half = halves?.[m];
    if (half === undefined) return pair;
    return { ...pair, low: difference - half, high: difference + half, level };
  };
  return { distinct1: of(0), distinct2: of(1), selfOverlap: of(2) };
}

/** The three numbers of either side, in the order of `togetherNames`. */
type Measure = (
  exchanged: readonly boolean[],
  left: readonly boolean[],
) => readonly [before: number[], after: number[]];

function textsOf(prompts: readonly PromptPairs[]): Prompt[] {
  const ids = [new Map<string, number>(), new Map<string, number>()];
  const numbers = (text: string, n: number) =>
    ngrams(text, n).map((ngram) => {
      const id = ids[n - 1].get(ngram) ?? ids[n - 1].size;
      ids[n - 1].set(ngram, id);
      return id;
    });
  const textOf = ({ response }: { readonly response: string }): Text => ({
    words: numbers(response, 1),
    bigrams: numbers(response, 2),
  });
  return prompts.map(({ before, after }) => [before.map(textOf), after.map(textOf)] as const);
}

function measurer(prompts: readonly Prompt[]): Measure {
  const all = prompts.flat(2);
  const size = (of: keyof Text) =>
    1 + all.reduce((most, text) => text[of].reduce((a, b) => Math.max(a, b), most), -1);
  const words = new Int32Array(size('words'));
  const owners = new Int32Array(size('bigrams'));
  const sideOf = (side: 0 | 1, exchanged: readonly boolean[], left: readonly boolean[]) => {
    words.fill(0);
    owners.fill(0);
    let [distinctWords, allWords, distinctBigrams, allBigrams] = [0, 0, 0, 0];
    for (let p = 0; p < prompts.length; p++) {
      if (left[p]) continue;
      for (const text of prompts[p][exchanged[p] ? 1 - side : side]) {
        allWords += text.words.length;
        allBigrams += text.bigrams.length;
        for (const id of text.words) if (words[id]++ === 0) distinctWords++;
        for (const id of text.bigrams) {
          // the first prompt that has it, or -1 where several do
          if (owners[id] === 0) {
            distinctBigrams++;
            owners[id] = p + 1;
          } else if (owners[id] !== p + 1) owners[id] = -1;
        }
      }
    }
    let [overlap, responses] = [0, 0];
    for (let p = 0; p < prompts.length; p++) {
      if (left[p]) continue;
      for (const { bigrams } of prompts[p][exchanged[p] ? 1 - side : side]) {
        if (bigrams.length === 0) continue;
        let shared = 0;
        for (const id of bigrams) if (owners[id] === -1) shared++;
        overlap += shared / bigrams.length;
        responses++;
      }
    }
    const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);
    return [
      share(distinctWords, allWords),
      share(distinctBigrams, allBigrams),
      share(overlap, responses),
    ];
  };
  return (exchanged, left) => [sideOf(0, exchanged, left), sideOf(1, exchanged, left)];
}

/** Two-sided p-values of "before and after are exchangeable", (k + 1) / (exchanges + 1). */
function exchangeTest(
  measure: Measure,
  observed: readonly number[],
  { n, exchanges, seed }: { readonly n: number; readonly exchanges: number; readonly seed: number },
): number[] {
  const word = randomWords(seed, 'distinct bigrams');
  const exchanged = Array<boolean>(n).fill(false);
  const nobody = exchanged.slice();
  const reached = observed.map(() => 0);
  for (let r = 0; r < exchanges; r++) {
    for (let p = 0; p < n; p++) exchanged[p] = word() >= 2 ** 31;
    const [before, after] = measure(exchanged, nobody);
    for (const [m, x] of observed.entries()) {
      if (Math.abs(after[m] - before[m]) >= Math.abs(x) - 1e-12) reached[m]++;
    }
  }
  return reached.map((k) => (k + 1) / (exchanges + 1));
}

/** Half of each interval: parts of the prompts are left out in turn; undefined of less than three prompts. */
function jackknife(measure: Measure, n: number, level: number): number[] | undefined {
  if (n < 3) return undefined;
  const parts = Math.min(n, mostParts);
  const nobody = Array<boolean>(n).fill(false);
  const without = Array.from({ length: parts }, (_, part) => {
    const [before, after] = measure(
      nobody,
      nobody.map((_, p) => p % parts === part),
    );
    return before.map((x, m) => after[m] - x);
  });
  const t = studentQuantile(normalQuantile((1 + level) / 2), parts - 1);
  return togetherNames.map((_, m) => {
    const mean = without.reduce((total, row) => total + row[m], 0) / parts;
    const squares = without.reduce((total, row) => total + (row[m] - mean) ** 2, 0);
    return t * Math.sqrt(((parts - 1) / parts) * squares);
  });
}
