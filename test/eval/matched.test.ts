import { expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { compareSamples } from '../../src/eval/compare.ts';
import { matched } from '../../src/eval/matched.ts';

const queries = ['one', 'two', 'three'];

/** Samples of prompts, as a run with so many to each has them. */
function samplesOf(perPrompt: number, toxicity: number): Sample[] {
  return Array.from({ length: perPrompt }, (_, sample) =>
    queries.map((query, i): Sample => {
      const measured = { toxicity: toxicity + i / 10, reward: 1, tokens: 3, truncated: false };
      const number = perPrompt > 1 && { sample };
      return { id: `t${i}`, query, response: `${query} ${sample}`, ...measured, ...number };
    }),
  ).flat();
}

test.each([
  [1, 3],
  [3, 1],
  [3, 2],
  [1, 1],
])(
  'runs of %d and of %d samples to a prompt are compared on those that both have',
  (one, other) => {
    const { first, second } = matched(samplesOf(one, 0.5), samplesOf(other, 0.2));
    expect(first).toHaveLength(3 * Math.min(one, other));
    expect(second.map(({ response }) => response)).toEqual(first.map(({ response }) => response));
    const { slices } = compareSamples(first, second, { seed: 1 });
    expect(slices[0].n).toBe(3);
    expect(slices[0].toxicity.difference.mean).toBeCloseTo(-0.3, 12);
  },
);
