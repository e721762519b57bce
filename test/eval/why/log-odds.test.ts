import { expect, test } from 'vitest';
import { informativePrior, logOdds } from '../../../src/eval/why/log-odds.ts';
import { goldenJson } from '../../golden.ts';

interface Golden {
  words: { first: number[]; second: number[]; prior: number[]; z: number[] };
}
const { words } = await goldenJson<Golden>('why/expected.json');

test("z is that of convokit's Fighting Words", () => {
  const { first, second, prior, z } = words;
  const odds = logOdds(first, second, prior);
  // it keeps its counts in float32
  expect(odds.map(({ delta, error }) => delta / error)).toBeAllClose(z, { atol: 1e-5 });
});

test('the prior is one count an average word, in proportion to how often each is used', () => {
  expect(informativePrior(words.first, words.second)).toBeAllClose(words.prior, { atol: 1e-12 });
});
