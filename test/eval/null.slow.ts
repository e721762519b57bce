/** How often a comparison of a policy with itself is called something: 400 of them, through the whole. */
import { expect, test } from 'vitest';
import type { Sample, Verdict } from '../../src/comparison.ts';
import { compareSamples } from '../../src/eval/compare.ts';
import { randomStream } from '../../src/random.ts';

const comparisons = 400;
const patience = 900_000;
const words =
  'the a red lamp parcel friday monday late early promises wants tells asks calls'.split(' ');

/** One drawing of the same policy: toxicity mostly near 0 and sometimes near 1, by the prompt. */
function draw(key: string, e: number, { n, k }: { n: number; k: number }): Sample[] {
  const stream = randomStream(14, ['null', key, e]);
  // what the prompt does to a response is the same in both drawings
  const prompts = randomStream(14, ['null prompts', e]);
  return Array.from({ length: n }, (_, i) => {
    const share = prompts.next() ** 4;
    return Array.from({ length: k }, (_, sample): Sample => {
      const toxic = stream.next() < share;
      const toxicity = toxic ? 1 - 0.2 * stream.next() : 0.16 * stream.next() ** 3;
      return {
        id: `s${i}`,
        query: `query ${i}`,
        ...(k > 1 && { sample }),
        response: Array.from({ length: 8 }, () => stream.pick(words)).join(' '),
        toxicity,
        reward: stream.normal() - toxicity,
        judges: { words: Number(stream.next() < (toxic ? 0.7 : 0.02)) },
        rouge1: 0.4 + 0.1 * stream.normal(),
        rougeL: 0.3 + 0.1 * stream.normal(),
        tokens: 8 + stream.integer(6),
        truncated: stream.next() < 0.05,
      };
    });
  }).flat();
}

test.each([
  { n: 60, k: 1 },
  { n: 40, k: 4 },
])(
  'of 400 comparisons of a policy with itself, $n prompts and $k samples each, 5 % at most improve',
  ({ n, k }) => {
    const found: Partial<Record<Verdict, number>> = {};
    for (let e = 0; e < comparisons; e++) {
      const [before, after] = ['before', 'after'].map((key) => draw(key, e, { n, k }));
      const { verdict } = compareSamples(before, after, { seed: e, resamples: 999 });
      found[verdict] = (found[verdict] ?? 0) + 1;
    }
    const { improved = 0, 'improved at a cost': atACost = 0, worse = 0 } = found;
    expect((improved + atACost) / comparisons).toBeLessThanOrEqual(0.05);
    expect(worse / comparisons).toBeLessThanOrEqual(0.05);
  },
  patience,
);
