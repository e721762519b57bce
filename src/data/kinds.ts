/** Whether the held-out part is of the same kind as the part that is trained on. Pure. */
import type { Note } from '../events.ts';
import type { Example } from './examples.ts';
import { codePoints } from './prepare.ts';

/** Something that a dialogue has or does not have, and how many of each part have it. */
export interface Difference {
  /** In words: `tone "hostile"`. */
  readonly what: string;
  /** Shares, 0 to 1. */
  readonly train: number;
  readonly test: number;
}

/** Dialogues of each part that are looked at, evenly spaced. */
const lookedAt = 500;
/** Words that are counted, the most frequent ones. */
const mostWords = 300;
/** Standard errors from which on a difference is no chance: once in a million, and hundreds are tried. */
const leastErrors = 5;
/** Difference of shares that is worth a word: of values of a column, and of texts, which drift more. */
const least = { column: 0.2, text: 0.3 };

/**
 * The largest difference between two parts: in a column's values, in length, or in the words that
 * dialogues have; undefined when there is none to speak of.
 * @param groupColumn name of the column that holds the group
 */
export function differenceOf(
  train: readonly Example[],
  test: readonly Example[],
  groupColumn: string,
): Difference | undefined {
  const parts = [train, test].map(spaced);
  const columns = [
    largest(parts, (row) => (row.group === undefined ? [] : [`${groupColumn} "${row.group}"`])),
    largest(parts, ({ topic }) => (topic === undefined ? [] : [`topic "${topic}"`])),
  ];
  const found = worst(columns, least.column);
  if (found) return found;
  const lengths = parts.flat().map(({ dialogue }) => codePoints(dialogue));
  const middle = lengths.sort((a, b) => a - b)[lengths.length >> 1] ?? 0;
  const texts = [
    largest(parts, ({ dialogue }) =>
      codePoints(dialogue) > middle ? [`a length above ${middle} characters`] : [],
    ),
    largest(parts, ({ dialogue }) => wordsOf(dialogue)),
  ];
  return worst(texts, least.text);
}

/** What whoever reads the numbers must know of a held-out end of another kind. */
export function kindNote({ what, train, test }: Difference): Note {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const says =
    `The held-out end of the data differs from the part that is trained on: ${what} is in ` +
    `${percent(test)} of the one and in ${percent(train)} of the other. Is the file sorted?`;
  return { says, remedy: 'Set `shuffleSplit` to hold out dialogues from all over it.' };
}

function spaced<T>(items: readonly T[]): T[] {
  const count = Math.min(items.length, lookedAt);
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]);
}

/** The feature whose shares differ most among those that differ by more than chance. */
function largest(
  [train, test]: readonly (readonly Example[])[],
  features: (row: Example) => readonly string[],
): Difference | undefined {
  const counts = [train, test].map((rows) => counted(rows.map(features)));
  const names = new Map<string, number>();
  for (const count of counts) {
    for (const [name, n] of count) names.set(name, (names.get(name) ?? 0) + n);
  }
  const frequent = [...names].sort((a, b) => b[1] - a[1]).slice(0, mostWords);
  const found = frequent.flatMap(([what, both]): Difference[] => {
    const [a, b] = counts.map((count) => count.get(what) ?? 0);
    const [shareA, shareB] = [a / train.length, b / test.length];
    const share = both / (train.length + test.length);
    // of two proportions, pooled
    const error = Math.sqrt(share * (1 - share) * (1 / train.length + 1 / test.length));
    const isChance = Math.abs(shareB - shareA) < leastErrors * error;
    return isChance ? [] : [{ what, train: shareA, test: shareB }];
  });
  return worst(found, 0);
}

function worst(
  differences: readonly (Difference | undefined)[],
  least: number,
): Difference | undefined {
  // of two that say the same, the one that is held out
  const size = ({ train, test }: Difference) => Math.abs(test - train) + (test > train ? 1e-9 : 0);
  const some = differences.filter((one) => one !== undefined && size(one) >= least);
  return some.reduce((a, b) => (a && size(a) >= size(b!) ? a : b), undefined);
}

/** How many rows have each feature. */
function counted(rows: readonly (readonly string[])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const features of rows) {
    for (const name of new Set(features)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Words of a text; of scripts without spaces between them, their characters. */
function wordsOf(text: string): string[] {
  const found = text
    .toLowerCase()
    .match(/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]|[\p{L}\p{N}]+(?:['’]\p{L}+)*/gu);
  return (found ?? []).map((word) => `the word "${word}"`);
}
