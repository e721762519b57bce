import { expect, test } from 'vitest';
import { associationP } from '../../../src/eval/why/association.ts';
import { midranks, rankCorrelation, spearman } from '../../../src/eval/why/ranks.ts';
import { randomStream } from '../../../src/random.ts';
import { goldenJson } from '../../golden.ts';

interface Golden {
  correlations: { name: string; x: number[]; y: number[]; ranks: number[]; rho: number }[];
  bootstrap: { x: number[]; y: number[]; standard_error: number };
  permutation: { x: number[]; y: number[]; p: number };
}
const golden = await goldenJson<Golden>('why/expected.json');

test.each(golden.correlations)("ranks and rho are scipy's, $name", ({ x, y, ranks, rho }) => {
  expect([...midranks(x)]).toEqual(ranks);
  expect([spearman(x, y)]).toBeAllClose([rho], { atol: 1e-12 });
});

test('what does not vary goes with nothing', () => {
  expect(spearman([1, 1, 1, 1], [1, 2, 3, 4])).toBe(0);
  expect(rankCorrelation([2, 2, 2, 2, 2], [1, 2, 3, 4, 5])).toMatchObject({
    rho: 0,
    low: 0,
    high: 0,
  });
});

test("the interval's standard error is that of scipy's bootstrap", () => {
  const { x, y, standard_error } = golden.bootstrap;
  const { low, high } = rankCorrelation(x, y);
  const error = (Math.atanh(high) - Math.atanh(low)) / (2 * 1.959963984540054);
  // two estimates from 200 pairs, one of them by 4,000 draws
  expect(Math.abs(error / standard_error - 1)).toBeLessThan(0.05);
});

test("the p-value of a correlation is that of scipy's permutations", () => {
  const { x, y, p } = golden.permutation;
  // a studentised statistic orders the permutations a little otherwise
  expect(Math.abs(associationP(x, y, { seed: 1, permutations: 20_000 }) - p)).toBeLessThan(0.05);
});

test('two that are only 0 together do not go together', () => {
  const pValues = Array.from({ length: 200 }, (_, seed) => {
    const stream = randomStream(seed, ['zero together']);
    const pairs = Array.from({ length: 100 }, () =>
      stream.next() < 0.8 ? [0, 0] : [stream.normal(), stream.normal()],
    );
    const [x, y] = [0, 1].map((k) => pairs.map((pair) => pair[k]));
    return associationP(x, y, { seed, permutations: 500 });
  });
  // 5 % of 200, and three standard deviations
  expect(pValues.filter((p) => p <= 0.05).length).toBeLessThanOrEqual(19);
});

test('nothing that varies, no p-value below 1', () => {
  expect(associationP([1, 1, 1], [1, 2, 3], { seed: 1 })).toBe(1);
});
