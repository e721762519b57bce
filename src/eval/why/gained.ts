/** The prompts that gained most, and what of a feature shows in them. Pure. */
import type { Change, WordCount } from '../../explanation.ts';
import type { Case, Said } from './cases.ts';
import type { TellingWords } from './telling-words.ts';

/** Words that are shown at most. */
const mostWords = 8;
/** Part of the prompts that are looked at when few come near the largest gain. */
const [part, fewest] = [0.1, 10];

/**
 * The prompts whose gain is at least half the largest; where these are few, the tenth of all with the
 * largest.
 * @param gains of each prompt, above 0 where it went as the mean did
 */
export function gainedMost(gains: readonly number[]): Set<number> {
  const sorted = gains
    .map((gain, i) => ({ gain, i }))
    .filter(({ gain }) => gain > 0)
    .sort((a, b) => b.gain - a.gain);
  const near = sorted.filter(({ gain }) => gain >= sorted[0].gain / 2).length;
  const size = near >= fewest ? near : Math.ceil(part * gains.length);
  return new Set(sorted.slice(0, size).map(({ i }) => i));
}

/** How many of those that gained most, and of the others, changed as the gain wants it. */
export function countsOf(
  changes: readonly number[],
  { direction, most }: { readonly direction: number; readonly most: ReadonlySet<number> },
): Required<Pick<Change, 'most' | 'others'>> {
  const moved = changes.map((change) => Math.sign(change) === direction);
  const count = (isMost: boolean) => {
    const some = moved.filter((_, i) => most.has(i) === isMost);
    return { of: some.length, with: some.filter(Boolean).length };
  };
  return { most: count(true), others: count(false) };
}

interface WordParts {
  readonly cases: readonly Case[];
  readonly most: ReadonlySet<number>;
  readonly telling: TellingWords;
  /** Whether fewer of the feature go with the gain. */
  readonly fewer: boolean;
}

/** Which words of the feature went, or came, in the prompts that gained most; the surest first. */
export function wordsOfMost(
  feature: Change['feature'],
  { cases, most, telling, fewer }: WordParts,
): Pick<Change, 'words'> {
  const found = findersOf(feature, telling);
  if (found.length === 0) return {};
  const some = cases.filter((_, i) => most.has(i));
  const counts = found.map(({ word, isIn, marked }) => {
    const has = (said: readonly Said[]) => said.some(isIn);
    const prompts = some.filter(({ before, after }) =>
      fewer ? has(before) && !has(after) : !has(before) && has(after),
    ).length;
    return { word, prompts, marked };
  });
  const sorted = counts
    .filter(({ prompts }) => prompts > 0)
    .sort((a, b) => b.marked - a.marked || b.prompts - a.prompts || (a.word < b.word ? -1 : 1))
    .map(({ word, prompts }): WordCount => ({ word, prompts }));
  return { words: sorted.slice(0, mostWords) };
}

interface Finder {
  readonly word: string;
  /** Share of the responses with it that are marked. */
  readonly marked: number;
  isIn(said: Said): boolean;
}

function findersOf(feature: Change['feature'], { harmful, helpful }: TellingWords): Finder[] {
  const words = feature === 'harmfulWords' ? harmful : feature === 'helpfulWords' ? helpful : [];
  return [...words].map(([word, marked]) => {
    return { word, marked, isIn: (said) => said.words.includes(word) };
  });
}
