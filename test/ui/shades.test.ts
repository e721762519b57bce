/** How tokens are coloured by their numbers. */
import { expect, test } from 'vitest';
import { fixed, signed } from '../../src/ui/numbers.ts';
import { numbersOf, scaleOf, shadeOf } from '../../src/ui/shades.ts';

const tokens = {
  ids: [1, 2],
  texts: ['a', 'b'],
  logprobs: [-1, -2],
  refLogprobs: [-1, -2],
  kls: [0, 0],
  advantages: [0.5, -1],
  ratios: [1, Math.E],
};

test('a two-sided scale is as wide on both sides, and zero has no colour', () => {
  const scale = scaleOf([0.5, -1], 'advantage');
  expect(scale).toEqual({ low: -1, high: 1, twoSided: true });
  expect(shadeOf(0.5, scale)).toEqual({ amount: 0.5, sign: 1 });
  expect(shadeOf(-1, scale)).toEqual({ amount: 1, sign: -1 });
  expect(shadeOf(0, scale).amount).toBe(0);
});

test('values and entropies go from their least to their most', () => {
  const scale = scaleOf([1.8, 2, 1.9], 'value');
  expect([1.8, 1.9, 2].map((value) => shadeOf(value, scale).amount)).toBeAllClose([0, 0.5, 1], {
    atol: 1e-9, // float64
  });
});

test('numbers that are none, and numbers that are all the same, have no colour', () => {
  expect(shadeOf(Number.NaN, scaleOf([1, Number.NaN], 'kl')).amount).toBe(0);
  expect(shadeOf(2, scaleOf([2, 2], 'entropy')).amount).toBe(0);
  expect(scaleOf([], 'entropy')).toEqual({ low: 0, high: 0, twoSided: false });
});

test('the change of the log-probability is the log of the ratio; a run without a critic has no values', () => {
  expect(numbersOf(tokens, 'change')).toEqual([0, 1]);
  expect(numbersOf(tokens, 'value')).toBeUndefined();
});

test('numbers have a true minus, and none before a zero', () => {
  expect([fixed(-0.5), fixed(-0.0001), fixed(undefined), fixed(2, 0)]).toEqual([
    '−0.500',
    '0.000',
    '',
    '2',
  ]);
  expect([signed(0.25, 2), signed(-0.25, 2), signed(0, 2)]).toEqual(['+0.25', '−0.25', '0.00']);
});
