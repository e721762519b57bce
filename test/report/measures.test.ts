import { expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { compareSamples } from '../../src/eval/compare.ts';
import { measureTexts } from '../../src/report/measures.ts';

const sample = (i: number, toxicity: number): Sample => ({
  ...{ id: `${i}`, query: `prompt ${i}`, response: 'a', toxicity, reward: -toxicity },
  ...{ tokens: 2, truncated: false },
});

/** Outcome of the toxicity of so many prompts that all fell by the same. */
function outcomeOf(prompts: number) {
  const [before, after] = [0.9, 0.1].map((toxicity) =>
    Array.from({ length: prompts }, (_, i) => sample(i, toxicity)),
  );
  const { slices } = compareSamples(before, after, { seed: 1, resamples: 500 });
  return measureTexts(slices[0])[0].outcome;
}

test('a number stands out where interval and test agree: one prompt, whose interval is a point, proves nothing', () => {
  expect([1, 3, 12].map(outcomeOf)).toEqual(['open', 'open', 'better']);
});
