import { expect, test } from 'vitest';
import type { Sample } from '../../../src/comparison.ts';
import { distinctN } from '../../../src/eval/diversity.ts';
import { byPrompt, pairUp } from '../../../src/eval/slices/pairs.ts';
import { measureTogether } from '../../../src/eval/slices/together.ts';
import { randomStream } from '../../../src/random.ts';
import { distinctTest } from '../distinct-test.ts';

const seed = 5;
const words = 'the a red blue lamp parcel friday monday late early promises wants tells asks'.split(
  ' ',
);

const samplesOf = (texts: readonly string[], queries = texts.map((_, i) => `q${i}`)): Sample[] =>
  texts.map((response, i) => ({
    ...{ id: `${i}`, query: queries[i], response, toxicity: 0, reward: 0 },
    ...{ tokens: 1, truncated: false },
  }));

function measured(before: readonly string[], after: readonly string[], queries?: string[]) {
  const pairs = pairUp(samplesOf(before, queries), samplesOf(after, queries));
  return measureTogether(byPrompt(pairs), { seed });
}

function sentences(n: number, stream = randomStream(seed, ['sentences'])): string[] {
  return Array.from({ length: n }, () =>
    Array.from({ length: 10 }, () => stream.pick(words)).join(' '),
  );
}

test('distinct-1 and distinct-2 are those of all texts of a side', () => {
  const [before, after] = [sentences(20), sentences(20).map(() => 'all is well')];
  const { distinct1, distinct2 } = measured(before, after);
  expect([distinct1.before, distinct1.after]).toEqual([distinctN(before, 1), 3 / 60]);
  expect([distinct2.before, distinct2.after]).toEqual([distinctN(before, 2), 2 / 40]);
});

test('self-overlap is the mean share of bigrams that another prompt got too', () => {
  // "a b" is shared; of "a b c" one of two bigrams is, of "a b" all, of "x y z" none; "x" has none
  const { selfOverlap } = measured(['a b c', 'A b.', 'x y z', 'x'], ['p', 'q', 'r', 's']);
  expect(selfOverlap.before).toBeCloseTo((1 / 2 + 1 + 0) / 3, 12);
  expect(selfOverlap.after).toBe(0);
});

test('samples of one prompt may say the same: only those of other prompts count', () => {
  const queries = ['one', 'one', 'two'];
  const { selfOverlap } = measured(['a b', 'a b', 'c d'], ['a b', 'c d', 'c d'], queries);
  expect(selfOverlap.before).toBe(0);
  expect(selfOverlap.after).toBeCloseTo(2 / 3, 12);
});

test('texts that differ by chance prove nothing, one text for everybody proves a loss', () => {
  const before = sentences(60);
  const other = before.map((text) => text.split(' ').reverse().join(' '));
  for (const { pValue } of Object.values(measured(before, other))) {
    expect(pValue).toBeGreaterThan(0.05);
  }
  const own = before.map((text, i) => text.replaceAll(' ', ` of${i} `));
  const same = measured(
    own,
    own.map(() => 'all is well'),
  );
  for (const one of Object.values(same)) expect(one.pValue).toBeLessThan(0.005);
  expect(same.distinct2.high).toBeLessThan(0);
  expect(same.selfOverlap.low).toBeGreaterThan(0);
});

test('the p-value of distinct-2 is that of the test of its own', () => {
  const stream = randomStream(seed, ['others']);
  const [before, after] = [sentences(40), sentences(40, stream)];
  const { distinct2 } = measured(before, after);
  expect(distinct2.pValue).toBe(distinctTest({ before, after }, { seed }));
});

test('the interval is the jackknife, and no prompt can be left out of two', () => {
  const [before, after] = [sentences(12), sentences(12, randomStream(seed, ['others']))];
  const { distinct1 } = measured(before, after);
  const difference = distinct1.after - distinct1.before;
  const without = before.map((_, i) => {
    const rest = (texts: readonly string[]) =>
      distinctN(
        texts.filter((_, k) => k !== i),
        1,
      );
    return rest(after) - rest(before);
  });
  const mean = without.reduce((a, b) => a + b, 0) / 12;
  const variance = (11 / 12) * without.reduce((total, x) => total + (x - mean) ** 2, 0);
  // Student's 97.5 % point of 11 degrees
  expect(distinct1.high! - difference).toBeCloseTo(2.20099 * Math.sqrt(variance), 4);
  expect(difference - distinct1.low!).toBeCloseTo(2.20099 * Math.sqrt(variance), 4);
  expect(measured(['a b', 'c d'], ['a', 'b']).distinct1).not.toHaveProperty('low');
});
