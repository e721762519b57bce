/** A prompt with its responses before and after: what the explanation counts. Pure. */
import type { Sample } from '../../comparison.ts';
import { InputError } from '../../errors.ts';
import { summarize } from '../statistics.ts';
import { wordsOf } from './words.ts';

/** A response with its words. */
export interface Said {
  readonly sample: Sample;
  readonly words: readonly string[];
}

/** One prompt. `before[i]` and `after[i]` are a pair. */
export interface Case {
  readonly query: string;
  /** The dialogue, where it is known; otherwise the query. */
  readonly dialogue: string;
  readonly group?: string;
  readonly references: readonly string[];
  readonly before: readonly Said[];
  readonly after: readonly Said[];
}

export interface Texts {
  /** Of each sample, in its order. @default none */
  readonly references?: readonly (readonly string[])[] | undefined;
  /** Of each sample. @default its query */
  readonly dialogues?: readonly string[] | undefined;
}

/**
 * One case a query, in the order of the first sample of each: samples and rows of one dialogue are one.
 * @throws {InputError} when the two sets do not pair up
 */
export function casesOf(
  before: readonly Sample[],
  after: readonly Sample[],
  { references = [], dialogues = [] }: Texts = {},
): Case[] {
  const isPaired = before.every(({ query }, i) => query === after[i]?.query);
  if (!isPaired || before.length !== after.length) {
    throw new InputError('why', 'the same prompts before and after', 'others');
  }
  const said = (sample: Sample): Said => ({ sample, words: wordsOf(sample.response) });
  const places = new Map<string, number[]>();
  before.forEach(({ query }, i) => {
    const own = places.get(query) ?? [];
    places.set(query, [...own, i]);
  });
  return [...places].map(([query, of]) => {
    const [{ group }] = of.map((i) => before[i]);
    return {
      query,
      dialogue: dialogues[of[0]] ?? query,
      ...(group !== undefined && { group }),
      references: [...new Set(of.flatMap((i) => references[i] ?? []))],
      before: of.map((i) => said(before[i])),
      after: of.map((i) => said(after[i])),
    };
  });
}

/** Mean over a prompt's samples. */
export function meanOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0) / items.length;
}

/** A quantity of each prompt, mean over its samples. */
export interface Sides {
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** After - before. */
  readonly changes: readonly number[];
}

export function sidesOf(
  cases: readonly Case[],
  value: (said: Said, place: number) => number,
): Sides {
  const [before, after] = (['before', 'after'] as const).map((side) =>
    cases.map((one, place) => meanOf(one[side], (said) => value(said, place))),
  );
  return { before, after, changes: after.map((x, i) => x - before[i]) };
}

/** Part of a standard deviation before training below which a change is none. */
const negligible = 0.05;

/** The smallest change that is one: what lies below it is the noise of numbers that mean the same. */
export function leastChange({ before }: Sides): number {
  return negligible * summarize(before).std;
}
