import fc from 'fast-check';
import { expect, test } from 'vitest';
import { oneWay } from '../../src/eval/anova.ts';

test("gives Shrout and Fleiss's mean squares and ICC(1) for their six targets and four judges", () => {
  const targets = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
  ];
  const { between, within, icc } = oneWay(targets);
  expect(between).toBeCloseTo(11.24, 2); // their Table 3
  expect(within).toBeCloseTo(6.26, 2);
  expect(icc).toBeCloseTo(0.17, 2);
});

test('by hand: two groups of two', () => {
  // means 2 and 6 around 4: SS between 2 (4 + 4) = 16, within 4 · 1 = 4
  const { between, within, icc, etaSquared } = oneWay([
    [1, 3],
    [5, 7],
  ]);
  expect({ between, within, etaSquared }).toEqual({ between: 16, within: 2, etaSquared: 0.8 });
  expect(icc).toBe((16 - 2) / (16 + 2));
});

test('groups of equal numbers explain everything, groups of equal means nothing', () => {
  expect(
    oneWay([
      [1, 1],
      [2, 2],
    ]).icc,
  ).toBe(1);
  expect(
    oneWay([
      [1, 2],
      [2, 1],
    ]),
  ).toMatchObject({ icc: 0, etaSquared: 0 });
});

test('without any variance there is no share of it', () => {
  const none = { between: 0, within: 0, icc: null, etaSquared: null };
  expect(
    oneWay([
      [0, 0],
      [0, 0],
    ]),
  ).toEqual(none);
  expect(
    oneWay([
      [0.1 + 0.2, 0.3],
      [0.3, 0.3],
    ]),
  ).toEqual(none);
});

test('neither scale nor shift changes the shares', () => {
  const number = fc.integer({ min: -1000, max: 1000 });
  const group = fc.array(number, { minLength: 3, maxLength: 3 });
  const property = fc.property(
    fc.array(group, { minLength: 2, maxLength: 6 }),
    fc.integer({ min: 1, max: 100 }),
    number,
    (groups, scale, shift) => {
      const moved = oneWay(groups.map((each) => each.map((x) => scale * x + shift)));
      const plain = oneWay(groups);
      expect(moved.icc === null).toBe(plain.icc === null);
      expect(moved.icc ?? 0).toBeCloseTo(plain.icc ?? 0, 9);
      expect(moved.etaSquared ?? 0).toBeCloseTo(plain.etaSquared ?? 0, 9);
    },
  );
  fc.assert(property);
});

test.each([
  [[]],
  [[[1, 2]]],
  [[[1], [2]]],
  [
    [
      [1, 2],
      [1, 2, 3],
    ],
  ],
])('refuses %j', (groups) => {
  expect(() => oneWay(groups)).toThrow('two or more groups of one size above 1');
});
