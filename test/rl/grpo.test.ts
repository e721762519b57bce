import fc from 'fast-check';
import { expect, test } from 'vitest';
import { moments } from '../../src/rl/masked.ts';
import { advantagesOf } from './experience.ts';

test('an advantage is the distance from the mean of the group, in its deviations', () => {
  // means 3 and 20, deviations 2 and 10; 1e-4 is added to each deviation
  const expected = [-2 / 2.0001, 0, 2 / 2.0001, -10 / 10.0001, 0, 10 / 10.0001];
  const advantages = advantagesOf('grpo', [1, 3, 5, 10, 20, 30], { numGenerations: 3 });
  expect(advantages).toBeAllClose(expected, { rtol: 1e-6 }); // float32
});

test('without a scale it is the distance itself', () => {
  const options = { numGenerations: 2, advantageScale: 'none' } as const;
  expect(advantagesOf('grpo', [1, 3, 5, 4], options)).toEqual([-1, 1, 0.5, -0.5]);
});

const inFours = (earned: readonly number[]) => advantagesOf('grpo', earned, { numGenerations: 4 });
const score = fc.integer({ min: -10000, max: 10000 }).map((x) => x / 1000);
const group = fc
  .array(score, { minLength: 4, maxLength: 4 })
  .filter((scores) => moments(scores).std > 0.5);

test('a constant on top of all scores of a group changes nothing', () => {
  const property = fc.property(group, fc.integer({ min: -100, max: 100 }), (scores, shift) => {
    const shifted = scores.map((x) => x + shift);
    // rewards are float32: 100 is held to 1e-5
    expect(inFours(shifted)).toBeAllClose(inFours(scores), { atol: 1e-4 });
  });
  fc.assert(property);
});

test('a common factor changes nothing', () => {
  const property = fc.property(group, fc.integer({ min: 1, max: 100 }), (scores, factor) => {
    const larger = scores.map((x) => factor * x);
    // the 1e-4 beside a deviation of 0.5 or more is worth 2e-4 of it
    const tolerance = { rtol: 3e-4, atol: 1e-4 };
    expect(inFours(larger)).toBeAllClose(inFours(scores), tolerance);
  });
  fc.assert(property);
});

test('a group whose responses all earned the same has no advantages', () => {
  expect(inFours([2, 2, 2, 2])).toEqual([0, 0, 0, 0]);
});
