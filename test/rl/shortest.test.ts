import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortest, shortestRow } from '../../src/rl/shortest.ts';

const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const digitsOf = (number: number) =>
  `${number}`
    .replace(/e.*/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '');

test('a float32 comes back to the bit', () => {
  const property = fc.property(float, (x) => {
    const back = Math.fround(JSON.parse(JSON.stringify(shortest(x))));
    expect(back === x).toBe(true); // -0 comes back as 0
  });
  fc.assert(property);
});

test('no other decimal of fewer digits, from six on, stands for it', () => {
  const property = fc.property(float, (x) => {
    const count = digitsOf(shortest(x)).length;
    for (let fewer = 6; fewer < count; fewer++)
      expect(Math.fround(Number(x.toPrecision(fewer)))).not.toBe(x);
  });
  fc.assert(property);
});

test.each([
  [Math.fround(0.1), '0.1'],
  [Math.fround(-1e-30), '-1e-30'],
  [Math.fround(1e-45), '1.4013e-45'],
  [Math.fround(123456.78), '123456.78'],
  [16777216, '16777216'],
  [0, '0'],
  [-0, '0'],
])('%d is %s', (x, text) => {
  expect(JSON.stringify(shortest(x))).toBe(text);
});

test('what is beyond all numbers is the largest one, which JSON has', () => {
  expect(Math.fround(shortest(Number.POSITIVE_INFINITY))).toBe(3.4028234663852886e38);
  expect(shortest(Number.NEGATIVE_INFINITY)).toBe(-3.4028234663852886e38);
});

test('of a row the first ones', () => {
  expect(shortestRow(Float32Array.of(0.1, 2, 3), 2)).toEqual([0.1, 2]);
});
