import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rloo } from '../../src/rl/rloo.ts';
import { advantagesOf, earning, groupConfig, row } from './experience.ts';

test('an advantage is what was earned beyond the mean of the others of the group', () => {
  // 1 - (2 + 6) / 2, 2 - (1 + 6) / 2, 6 - (1 + 2) / 2 | 0 - 1, 1 - 0.5, 1 - 0.5
  const advantages = advantagesOf('rloo', [1, 2, 6, 0, 1, 1], { numGenerations: 3 });
  expect(advantages).toEqual([-3, -1.5, 4.5, -1, 0.5, 0.5]);
});

test('tokens that the mask leaves out earn nothing and get no advantage', () => {
  const experience = { ...earning([6, 2]), masks: [row(0, 1), row(1, 1)] };
  const config = groupConfig('rloo', 2, { numGenerations: 2 });
  const { advantages } = rloo.estimate(experience, config);
  expect(advantages).toEqual([row(0, 3 - 2), row(2 - 3, 2 - 3)]);
});

const inThrees = (earned: readonly number[]) => advantagesOf('rloo', earned, { numGenerations: 3 });
// thousandths and a shift of up to 100: sums that float32 and float64 hold within 1e-4
const three = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: -10000, max: 10000 })));
const groups = fc
  .array(three, { minLength: 1, maxLength: 4 })
  .map((all) => all.map((group) => group.map((x) => x / 1000)));

test('the advantages of a group sum to zero', () => {
  const property = fc.property(groups, (all) => {
    const advantages = inThrees(all.flat());
    const sums = all.map((_, i) => advantages.slice(3 * i, 3 * i + 3).reduce((a, b) => a + b));
    expect(sums).toBeAllClose(new Array(all.length).fill(0), { atol: 1e-4 });
  });
  fc.assert(property);
});

test('a constant on top of all of a group changes nothing: neither it nor other groups', () => {
  const property = fc.property(groups, fc.integer({ min: -100, max: 100 }), (all, shift) => {
    const shifted = all.map((group, i) => (i === 0 ? group.map((x) => x + shift) : group));
    const expected = inThrees(all.flat());
    expect(inThrees(shifted.flat())).toBeAllClose(expected, { atol: 1e-4 });
  });
  fc.assert(property);
});

test('responses that all earned the same have no advantage', () => {
  expect(inThrees([0.3, 0.3, 0.3])).toBeAllClose([0, 0, 0], { atol: 1e-7 }); // float64 sums
});

test('advantages are over the deviation of the group, if wished', () => {
  const options = { numGenerations: 2, advantageScale: 'group' } as const;
  const scaled = advantagesOf('rloo', [0, 2, 5, 5], options);
  const expected = [-2 / Math.SQRT2, 2 / Math.SQRT2, 0, 0];
  expect(scaled).toBeAllClose(expected, { rtol: 1e-4 }); // 1e-4 is added to it
});
