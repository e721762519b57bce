import type { Sample } from '../comparison.ts';

/** Responses of two policies to the same prompts, place by place. */
export interface Matched {
  readonly first: readonly Sample[];
  readonly second: readonly Sample[];
}

/**
 * The prompts that both answered, in the order of the first: the same text, and of several samples the
 * same one. Name and group are the first's. Pure.
 */
export function matched(first: readonly Sample[], second: readonly Sample[]): Matched {
  const waiting = new Map<string, Sample[]>();
  for (const sample of second) {
    const key = keyOf(sample);
    waiting.set(key, [...(waiting.get(key) ?? []), sample]);
  }
  const pairs = first.flatMap((sample) => {
    const other = waiting.get(keyOf(sample))?.shift();
    return other ? [[sample, asIn(sample, other)] as const] : [];
  });
  return { first: pairs.map(([one]) => one), second: pairs.map(([, other]) => other) };
}

function keyOf({ query, sample = 0 }: Sample): string {
  return `${sample} ${query}`;
}

/**
 * With the name and the group that another data file gave the same prompt; with its number where one
 * run has several samples and the other one, which has none.
 */
function asIn({ id, group, sample }: Sample, { group: _, sample: __, ...other }: Sample): Sample {
  return {
    ...{ ...other, id },
    ...(group !== undefined && { group }),
    ...(sample !== undefined && { sample }),
  };
}
