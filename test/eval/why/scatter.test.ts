import { expect, test } from 'vitest';
import type { Sample } from '../../../src/comparison.ts';
import { casesOf } from '../../../src/eval/why/cases.ts';
import { scatter } from '../../../src/eval/why/scatter.ts';

function sample(i: number, reward: number, rouge1?: number): Sample {
  const text = { id: `${i}`, query: `q${i}`, response: 'a', toxicity: 0.1, tokens: 2 };
  return { ...text, truncated: false, reward, ...(rouge1 !== undefined && { rouge1 }) };
}

test('each prompt lies in a quadrant, small changes aside', () => {
  const before = [0, 1, 2, 3, 4, 5].map((i) => sample(i, i, i / 10));
  const changes = [
    [1, 0.2],
    [1, -0.2],
    [0, 0.2],
    [-1, -0.2],
    [0.01, 0.001],
    [1, -0.001],
  ];
  const after = changes.map(([r, q], i) => sample(i, i + r, i / 10 + q));
  const { points, counts, ofGained } = scatter(casesOf(before, after), 1)!;
  expect(points.map(({ quadrant }) => quadrant)).toEqual([
    'gained and kept',
    'gained at a cost',
    'closer without gain',
    'lost',
    'unchanged',
    'gained and kept',
  ]);
  expect(counts).toMatchObject({ 'gained and kept': 2, 'gained at a cost': 1 });
  expect(ofGained).toMatchObject({ n: 3 });
});

test('without references there is no scatter', () => {
  expect(scatter(casesOf([sample(0, 1)], [sample(0, 2)]), 1)).toBeUndefined();
});
