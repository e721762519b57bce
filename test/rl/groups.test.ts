import { expect, test } from 'vitest';
import { byGroup, scaled, spread, totals } from '../../src/rl/groups.ts';
import { row } from './experience.ts';

test('a response earns the sum of those of its rewards that the mask keeps', () => {
  const rewards = [row(1, 2, 4), row(8, 16)];
  expect(totals({ rewards, masks: [row(0, 1, 1), row(1, 0)] })).toEqual([6, 8]);
});

test('groups are neighbours; their answers come back in the order of the numbers', () => {
  const groups: (readonly number[])[] = [];
  const answers = byGroup([1, 2, 3, 4, 5, 6], 3, (group) => {
    groups.push(group);
    return group.map((x) => 10 * x);
  });
  expect(groups).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(answers).toEqual([10, 20, 30, 40, 50, 60]);
});

test('each token that counts gets the advantage of its response, others get nothing', () => {
  const advantages = spread([2, -3], { masks: [row(1, 0, 1), row(1)] });
  expect(advantages).toEqual([row(2, 0, 2), row(-3)]);
});

// deviations (n - 1) of [1, 3] and [10, 14], and of all four, whose mean is 7
const earned = [1, 3, 10, 14];
const [first, second, all] = [Math.SQRT2, Math.sqrt(8), Math.sqrt((36 + 16 + 9 + 49) / 3)];
const advantages = [1, 2, 4, 8];
test.each([
  { advantageScale: 'none', expected: advantages },
  { advantageScale: 'group', expected: [1 / first, 2 / first, 4 / second, 8 / second] },
  { advantageScale: 'batch', expected: advantages.map((x) => x / all) },
] as const)('advantages are over the deviation of what was earned: $advantageScale', (c) => {
  const actual = scaled(advantages, earned, { ...c, numGenerations: 2 });
  expect(actual).toBeAllClose(c.expected, { rtol: 1e-4 }); // 1e-4 is added to each deviation
});

test('a deviation of zero counts as 1e-4', () => {
  const options = { advantageScale: 'group', numGenerations: 2 } as const;
  expect(scaled([1, -2], [7, 7], options)).toEqual([1e4, -2e4]);
});
