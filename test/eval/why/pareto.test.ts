import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pareto } from '../../../src/eval/why/pareto.ts';

const front = (rows: ReturnType<typeof pareto>) =>
  rows.filter(({ dominatedBy }) => dominatedBy.length === 0).map(({ name }) => name);

test('a point is dominated by those that are as good in all and better in something', () => {
  const rows = pareto([
    { name: 'start', reward: 1, toxicity: 0.3, rouge1: 0.7 },
    { name: 'step 20', reward: 3, toxicity: 0.1, rouge1: 0.72 },
    { name: 'step 40', reward: 3.2, toxicity: 0.05, rouge1: 0.6 },
    { name: 'step 60', reward: 3.2, toxicity: 0.05, rouge1: 0.5 },
  ]);
  expect(rows.map(({ dominatedBy }) => dominatedBy)).toEqual([['step 20'], [], [], ['step 40']]);
});

test('two equal points do not dominate each other', () => {
  const point = { reward: 1, toxicity: 0.2, rouge1: 0.5 };
  expect(
    front(
      pareto([
        { name: 'a', ...point },
        { name: 'b', ...point },
      ]),
    ),
  ).toEqual(['a', 'b']);
});

test('where one point lacks ROUGE it counts for none', () => {
  const rows = pareto([
    { name: 'a', reward: 1, toxicity: 0.2, rouge1: 0.9 },
    { name: 'b', reward: 2, toxicity: 0.1 },
  ]);
  expect(front(rows)).toEqual(['b']);
});

test('nothing has no front, and a number that is none is an error', () => {
  expect(pareto([])).toEqual([]);
  const wrong = { name: 'a', reward: Number.NaN, toxicity: 0.2 };
  expect(() => pareto([wrong])).toThrow('pareto: expected finite numbers, got others of a');
});

test('there is always a front, and all others are dominated by one of it', () => {
  const value = fc.integer({ min: 0, max: 5 });
  const points = fc.array(fc.record({ reward: value, toxicity: value, rouge1: value }), {
    minLength: 1,
    maxLength: 12,
  });
  const property = fc.property(points, (some) => {
    const rows = pareto(some.map((point, i) => ({ name: `${i}`, ...point })));
    const best = front(rows);
    expect(best.length).toBeGreaterThan(0);
    for (const { name, dominatedBy } of rows)
      expect(best.includes(name) || dominatedBy.some((one) => best.includes(one))).toBe(true);
  });
  fc.assert(property);
});
