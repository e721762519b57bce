import { expect, test } from 'vitest';
import { holm } from '../../src/eval/holm.ts';

test("Holm's p-values are those of the step-down procedure", () => {
  // By hand: 4 x .005, 3 x .01, 2 x .03, and .04 raised to what came before it.
  expect(holm([0.01, 0.04, 0.03, 0.005])).toBeAllClose([0.03, 0.06, 0.06, 0.02], { atol: 1e-12 });
  expect(holm([0.5, 0.9, 0.01])).toBeAllClose([1, 1, 0.03], { atol: 1e-12 });
  expect(holm([0.04])).toEqual([0.04]);
  expect(holm([])).toEqual([]);
});

test('a p-value never becomes smaller, nor their order another', () => {
  const raw = [0.2, 0.001, 0.04, 0.04, 0.7, 0.013];
  const adjusted = holm(raw);
  for (const [i, p] of raw.entries()) {
    expect(adjusted[i]).toBeGreaterThanOrEqual(p);
    for (const [j, q] of raw.entries()) {
      if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]);
    }
  }
});
