/** Samples before and after, put together by prompt: the prompt is what was drawn, and the unit. Pure. */
import type { Sample } from '../../comparison.ts';
import { InputError } from '../../errors.ts';

/** A response and the one after training that belongs to it. */
export interface Pair {
  readonly before: Sample;
  readonly after: Sample;
}

export type Side = keyof Pair;

/** All samples of one prompt, whichever rows of the data they are from. */
export interface PromptPairs {
  readonly query: string;
  /** Of its first sample. */
  readonly group?: string;
  readonly before: readonly Sample[];
  readonly after: readonly Sample[];
}

/**
 * Samples by place.
 * @throws {InputError} when the sets are empty or do not pair up
 */
export function pairUp(before: readonly Sample[], after: readonly Sample[]): Pair[] {
  const where = 'compare';
  const remedy = 'Measure both on the same prompts in the same order.';
  if (before.length !== after.length) {
    const actual = `${before.length} before and ${after.length} after`;
    throw new InputError(where, 'as many samples before as after', actual, remedy);
  }
  if (before.length === 0) throw new InputError(where, 'one sample or more', 'none');
  return before.map((sample, i) => {
    const other = after[i];
    for (const key of ['id', 'query', 'group', 'sample'] as const) {
      if (sample[key] === other[key]) continue;
      const expected = `${key} ${JSON.stringify(sample[key])} at place ${i} after training`;
      throw new InputError(where, expected, JSON.stringify(other[key]) ?? 'none', remedy);
    }
    return { before: sample, after: other };
  });
}

/** Each prompt once, in the order of its first sample. */
export function byPrompt(pairs: readonly Pair[]): PromptPairs[] {
  const prompts = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const same = prompts.get(pair.before.query);
    if (same) same.push(pair);
    else prompts.set(pair.before.query, [pair]);
  }
  return [...prompts].map(([query, same]) => {
    const { group } = same[0].before;
    const [before, after] = (['before', 'after'] as const).map((side) =>
      same.map((pair) => pair[side]),
    );
    return { query, ...(group !== undefined && { group }), before, after };
  });
}

/** Mean of what a prompt's samples have; undefined where none has it. */
export function meanOf(
  samples: readonly Sample[],
  value: (sample: Sample) => number | undefined,
): number | undefined {
  const values = samples.flatMap((sample) => value(sample) ?? []);
  if (values.length === 0) return undefined;
  return values.reduce((total, x) => total + x, 0) / values.length;
}
