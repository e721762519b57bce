import { expect, test } from 'vitest';
import type { Sample } from '../../../src/comparison.ts';
import { byPrompt, pairUp } from '../../../src/eval/slices/pairs.ts';
import { measureTogether, togetherNames } from '../../../src/eval/slices/together.ts';
import { randomStream } from '../../../src/random.ts';

const experiments = 400;

/** Responses of words as uneven as a language's; `power` is how uneven, `size` how many there are. */
function draw(stream: ReturnType<typeof randomStream>, n: number, size: number, power: number) {
  return Array.from({ length: n }, (_, i): Sample => {
    const word = () => `w${Math.floor(size * stream.next() ** power)}`;
    const response = Array.from({ length: 6 + stream.integer(8) }, word).join(' ');
    return { ...{ id: `${i}`, query: `q${i}`, response, toxicity: 0, reward: 0 }, ...ended };
  });
}
const ended = { tokens: 1, truncated: false };

test.each([60, 200])(
  'jackknife intervals of %i prompts hold the difference in 93 % of experiments or more',
  (n) => {
    const stream = randomStream(14, ['together', n]);
    const measured = Array.from({ length: experiments }, (_, seed) => {
      const pairs = pairUp(draw(stream, n, 400, 3), draw(stream, n, 300, 4));
      return measureTogether(byPrompt(pairs), { seed, exchanges: 1 });
    });
    for (const name of togetherNames) {
      const found = measured.map((one) => one[name]);
      // expectation over corpora of this size, to a twentieth of an interval
      const mean = found.reduce((total, x) => total + x.after - x.before, 0) / experiments;
      const held = found.filter(({ low, high }) => low! <= mean && mean <= high!).length;
      // the jackknife errs on the safe side: up to 99 % of them hold it
      expect(held / experiments).toBeGreaterThanOrEqual(0.93);
    }
  },
  600_000,
);
