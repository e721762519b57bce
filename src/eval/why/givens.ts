/** What prompts bring along, and whether they gain more with it. Pure. */
import type { Given } from '../../explanation.ts';
import { signFlipP } from '../sign-flips.ts';
import { type Case, meanOf, type Said } from './cases.ts';
import { inSet } from './features.ts';
import { midranks, rankCorrelation } from './ranks.ts';
import type { TellingWords } from './telling-words.ts';
import { wordsOf } from './words.ts';

/** Prompts of a group, and beside it, below which nothing is asked; groups asked about at most. */
const [fewestPrompts, mostGroups] = [10, 20];

/** A question before its answer is held against all others. */
export type Tested<T> = Omit<T, 'adjusted' | 'found'> & { readonly pValue: number };

interface Question extends Pick<Given, 'given' | 'group'> {
  readonly values: readonly number[];
  /** From which value on a prompt is said to have it. */
  readonly least: number;
}

interface GivenOptions {
  readonly good: (said: Said) => number;
  readonly telling: readonly TellingWords[];
  readonly seed: number;
  readonly level: number;
  readonly draws: number;
}

/**
 * Each asks whether the gain rises or falls with it. The test exchanges before and after, prompt by
 * prompt: the gain changes its sign, and what is asked about does not change, for none of it knows which
 * is which. What toxicity was *before* does: it goes with the gain even where nothing was learnt.
 */
export function givensOf(
  cases: readonly Case[],
  gains: readonly number[],
  options: GivenOptions,
): Tested<Given>[] {
  return questions(cases, options).map(({ values, least, ...question }) => {
    const ranks = midranks(values);
    const middle = (values.length + 1) / 2;
    const products = ranks.map((rank, i) => (rank - middle) * gains[i]);
    return {
      ...question,
      correlation: rankCorrelation(values, gains, options.level),
      ...split(values, least, gains),
      pValue: signFlipP(products, { flips: options.draws, seed: options.seed }),
    };
  });
}

function questions(cases: readonly Case[], { good, telling }: GivenOptions): Question[] {
  const levels = cases.map(({ before, after }) => -meanOf([...before, ...after], good));
  const lowest = levels.reduce((a, b) => Math.min(a, b));
  const highest = levels.reduce((a, b) => Math.max(a, b));
  const dialogues = cases.map(({ dialogue }) => wordsOf(dialogue));
  return [
    { given: 'level', values: levels, least: lowest + (highest - lowest) / 4 },
    {
      given: 'promptWords',
      values: dialogues.map((words, i) => inSet(words, telling[i].harmful)),
      least: 1,
    },
    ...largestGroups(cases).map((group): Question => {
      const values = cases.map((one) => Number(one.group === group));
      return { given: 'group', group, values, least: 1 };
    }),
  ];
}

/** With two groups that all prompts are in, one says it for both. */
function largestGroups(cases: readonly Case[]): string[] {
  const sizes = new Map<string | undefined, number>();
  for (const { group } of cases) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const named = [...sizes].flatMap(([group, length]) =>
    group === undefined ? [] : [{ group, length }],
  );
  const asked = named
    .filter(({ length }) => length >= fewestPrompts && cases.length - length >= fewestPrompts)
    .sort((a, b) => b.length - a.length || (a.group < b.group ? -1 : 1));
  const isSame = sizes.size === 2 && asked.length === 2;
  return asked.slice(0, isSame ? 1 : mostGroups).map(({ group }) => group);
}

/** Mean gains of the prompts that have it, and of the others. */
function split(values: readonly number[], least: number, gains: readonly number[]) {
  const [having, lacking] = [true, false].map((side) => {
    const some = gains.filter((_, i) => values[i] >= least === side);
    return { n: some.length, gain: some.reduce((sum, x) => sum + x, 0) / Math.max(1, some.length) };
  });
  return { with: having, without: lacking };
}
