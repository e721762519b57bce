/** What several runs answered to the prompts that all of them measured. Pure. */
import type { Sample } from '../../comparison.ts';
import { matched } from '../../eval/matched.ts';
import type { Answers } from '../../report/several/several.ts';

/** Those on which the rewards lie furthest apart first. */
export function answersOf([first, ...others]: readonly (readonly Sample[])[]): Answers[] {
  let common = first.map((sample): readonly Sample[] => [sample]);
  for (const other of others) {
    const firsts = common.map(([sample]) => sample);
    const pairs = matched(firsts, other);
    const kept = new Set(pairs.first);
    common = common
      .filter(([sample]) => kept.has(sample))
      .map((samples, i) => [...samples, pairs.second[i]]);
  }
  return [...common].sort((a, b) => spreadOf(b) - spreadOf(a)).map(answered);
}

function spreadOf(samples: readonly Sample[]): number {
  const rewards = samples.map(({ reward }) => reward);
  return Math.max(...rewards) - Math.min(...rewards);
}

function answered(samples: readonly Sample[]): Answers {
  const [{ query, group }] = samples;
  return {
    query,
    ...(group !== undefined && { group }),
    responses: samples.map(({ response, toxicity, reward, rouge1 }) => ({
      ...{ response, toxicity, reward },
      ...(rouge1 !== undefined && { rouge1 }),
    })),
  };
}
