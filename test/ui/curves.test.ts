/** Charts out of lines. */
import { expect, test } from 'vitest';
import {
  groupsOf,
  mainOf,
  othersOf,
  shapeOf,
  smoothed,
  thinned,
  valueAt,
} from '../../src/ui/curves.ts';

const steps = Array.from({ length: 10_000 }, (_, i) => i + 1);
const values = steps.map((step) => (step === 5003 ? 99 : step === 7001 ? -99 : Math.sin(step)));
const long = { steps, values };

test('a thinned line keeps its peaks, and a short one is as it was', () => {
  const thin = thinned(long, 800);
  expect(thin.steps.length).toBeLessThanOrEqual(800);
  expect(thin.steps).toEqual(thin.steps.toSorted((a, b) => a - b));
  expect(thin.values[thin.steps.indexOf(5003)]).toBe(99);
  expect(thin.values[thin.steps.indexOf(7001)]).toBe(-99);
  const short = { steps: [1, 2], values: [1, null] };
  expect(thinned(short, 800)).toEqual(short);
  const gaps = thinned({ steps, values: steps.map(() => null) }, 800);
  expect(gaps.values.every((value) => value === null)).toBe(true);
});

test('a stretch of a line has all of its points and one to each side', () => {
  expect(thinned(long, 800, { from: 100, to: 200 }).steps).toEqual(steps.slice(98, 201));
  expect(thinned(long, 800, { from: -5, to: 2.5 }).steps).toEqual([1, 2, 3, 4]);
  expect(thinned({ steps: [], values: [] }, 800, { from: 1, to: 2 }).steps).toEqual([]);
});

test('between two steps a line has the value of the earlier one', () => {
  const line = { steps: [0, 10, 20], values: [1, null, 3] };
  expect([-1, 0, 5, 10, 25].map((step) => valueAt(line, step))).toEqual([null, 1, 1, null, 3]);
});

test('the shape of a line is told without its gaps', () => {
  expect(shapeOf({ steps: [1, 2, 3, 4], values: [null, 2, 5, 1] })).toEqual({
    ...{ count: 3, first: 2, last: 1, lowest: 1, highest: 5 },
  });
  expect(shapeOf({ steps: [1], values: [null] })).toBeUndefined();
});

test('what is looked at first comes first, and every other metric by name', () => {
  const names = new Set(['z', 'objective/kl', 'a', 'held-out/reward', 'env/reward_mean']);
  expect(groupsOf(names)).toEqual([
    { title: 'reward', names: ['env/reward_mean', 'held-out/reward'] },
    { title: 'kl', names: ['objective/kl'] },
  ]);
  expect(othersOf(names)).toEqual(['a', 'z']);
});

test('of several runs a chart shows one line of the training and one of held-out prompts', () => {
  expect(mainOf(['loss', 'ppo/loss/value', 'held-out/loss'])).toEqual(['loss', 'held-out/loss']);
  expect(mainOf(['held-out/rouge1'])).toEqual(['held-out/rouge1']);
});

test('a smoothed line has the mean of the last points, and its gaps', () => {
  const line = { steps: [1, 2, 3, 4, 5], values: [1, 3, null, 8, 2] };
  expect(smoothed(line, 2).values).toEqual([1, 2, null, 8, 5]);
  expect(smoothed(line, 1).values).toEqual(line.values);
  expect(smoothed(line, 9).values).toEqual([1, 2, null, 4, 3.5]);
});
