/** Words that mark the responses that are judged worse, or better, than most. Pure. */
import { summarize } from '../statistics.ts';
import type { Case, Said } from './cases.ts';

/** Each word with the share of the responses that have it which are marked. */
export interface TellingWords {
  readonly harmful: ReadonlyMap<string, number>;
  readonly helpful: ReadonlyMap<string, number>;
}

const folds = 5;
/** How far the share of marked responses has to be on the way from that of all to 1 where a word is. */
const mostly = 1 / 2;

/**
 * Which words mark the responses that are judged much worse than the mean, and much better: by more
 * than half a standard deviation. Before and after are looked at together, so that the words do not
 * know which is which; a prompt counts once a word.
 * @param good the larger the better
 */
export function tellingWords(cases: readonly Case[], good: (said: Said) => number): TellingWords {
  const scores = cases.flatMap((one) => [...one.before, ...one.after].map(good));
  const { mean, std } = summarize(scores);
  return {
    harmful: wordsThatMark(cases, (said) => good(said) < mean - std / 2),
    helpful: wordsThatMark(cases, (said) => good(said) > mean + std / 2),
  };
}

/** The same for each case from the cases of the other folds: no prompt says what its own words mean. */
export function tellingWordsOfOthers(
  cases: readonly Case[],
  good: (said: Said) => number,
): TellingWords[] {
  const learnt = Array.from({ length: folds }, (_, fold) =>
    tellingWords(
      cases.filter((_, i) => i % folds !== fold),
      good,
    ),
  );
  return cases.map((_, i) => learnt[i % folds]);
}

/**
 * Words whose responses are marked far more often than all are: by a binomial test that lets pass one
 * word of all by chance, and by half the way to always.
 */
function wordsThatMark(cases: readonly Case[], isMarked: (said: Said) => boolean) {
  const base = shareOf(cases.flatMap(({ before, after }) => [...before, ...after].map(isMarked)));
  const counts = new Map<string, { prompts: number; marked: number }>();
  for (const { before, after } of cases) {
    for (const [word, marks] of marksOf([...before, ...after], isMarked)) {
      const { prompts, marked } = counts.get(word) ?? { prompts: 0, marked: 0 };
      counts.set(word, { prompts: prompts + 1, marked: marked + shareOf(marks) });
    }
  }
  const found = [...counts].filter(([, { prompts, marked }]) => {
    const enough = marked / prompts >= base + mostly * (1 - base);
    return enough && binomialTail(Math.floor(marked), prompts, base) < 1 / counts.size;
  });
  return new Map(found.map(([word, { prompts, marked }]) => [word, marked / prompts]));
}

/** Of each word of a prompt's responses, whether those that have it are marked. */
function marksOf(some: readonly Said[], isMarked: (said: Said) => boolean) {
  const marks = new Map<string, boolean[]>();
  for (const said of some) {
    const mark = isMarked(said);
    for (const word of new Set(said.words)) marks.set(word, [...(marks.get(word) ?? []), mark]);
  }
  return marks;
}

/** Chance of k or more of n at a share p. */
function binomialTail(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let below = 0;
  for (let i = 0; i < k; i++) {
    below += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return Math.max(0, 1 - below);
}

function shareOf(marks: readonly boolean[]): number {
  return marks.filter(Boolean).length / Math.max(1, marks.length);
}
