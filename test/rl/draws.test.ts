import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyedDraws } from '../../src/rl/draws.ts';
import { numpyRandom } from '../../src/rl/trl/numpy.ts';
import { numpyDraws } from '../../src/rl/trl/shuffle.ts';

const seed = fc.nat({ max: 1e6 });
const ascending = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

describe('choices by key', () => {
  const draws = (number: number, batchSize = 8) => keyedDraws({ seed: number, batchSize });

  test('an order has every row once, and depends on seed, step and epoch alone', () => {
    const property = fc.property(seed, fc.nat(), fc.nat(), (number, step, epoch) => {
      const order = draws(number).shuffle(step, epoch);
      expect(ascending(order)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      const other = draws(number);
      other.shuffle(step + 1, epoch); // what was drawn before plays no part
      other.limit(step, epoch, [0, 9]);
      expect(other.shuffle(step, epoch)).toEqual(order);
    });
    fc.assert(property);
  });

  test('every seed, step and epoch has an order of its own', () => {
    const keys = [0, 1, 2].flatMap((a) =>
      [0, 1, 2].flatMap((b) => [0, 1, 2].map((c) => [a, b, c])),
    );
    const orders = keys.map(([number, step, epoch]) =>
      draws(number, 20).shuffle(step, epoch).join(),
    );
    expect(new Set(orders).size).toBe(keys.length);
  });

  test('a limit lies in [low, high), and depends on seed, step and row alone', () => {
    const range = fc.tuple(fc.nat({ max: 50 }), fc.integer({ min: 1, max: 50 }));
    const property = fc.property(
      seed,
      fc.nat(),
      fc.nat(),
      range,
      (number, step, row, [low, width]) => {
        const limit = draws(number).limit(step, row, [low, low + width]);
        expect(Number.isInteger(limit)).toBe(true);
        expect(limit).toBeGreaterThanOrEqual(low);
        expect(limit).toBeLessThan(low + width);
        const other = draws(number);
        other.limit(step, row + 1, [low, low + width]);
        expect(other.limit(step, row, [low, low + width])).toBe(limit);
      },
    );
    fc.assert(property);
  });

  test('all limits of a range come, whatever is varied: seed, step or row', () => {
    const many = Array.from({ length: 100 }, (_, i) => i);
    const range = [3, 7] as const;
    const varied = [
      many.map((i) => draws(i).limit(0, 0, range)),
      many.map((i) => draws(0).limit(i, 0, range)),
      many.map((i) => draws(0).limit(0, i, range)),
    ];
    for (const limits of varied) expect(new Set(limits)).toEqual(new Set([3, 4, 5, 6]));
  });

  test('a seed gives the same choices in every version: runs can be repeated', () => {
    const all = draws(1);
    expect(all.shuffle(2, 3)).toEqual([5, 4, 3, 0, 1, 2, 6, 7]);
    expect([0, 1, 2, 3].map((row) => all.limit(2, row, [10, 20]))).toEqual([17, 15, 13, 15]);
  });

  test('there is no position to keep', () => {
    const all = draws(1);
    all.shuffle(0, 0);
    all.limit(0, 0, [1, 9]);
    expect(all.position).toBe(0);
  });
});

describe("choices of numpy's one stream", () => {
  test('are the next of it, whatever step, epoch and row', () => {
    const draws = numpyDraws({ seed: 5, batchSize: 6 }, 0);
    const numpy = numpyRandom(5);
    expect(draws.shuffle(3, 1)).toEqual(numpy.permutation(6));
    expect(draws.limit(2, 4, [10, 40])).toBe(numpy.choice(10, 40));
    expect(draws.shuffle(3, 1)).toEqual(numpy.permutation(6));
    expect(draws.position).toBe(numpy.position);
    expect(draws.position).toBeGreaterThan(0);
  });

  test('go on from a position as those that came there', () => {
    const property = fc.property(seed, fc.nat({ max: 6 }), (number, steps) => {
      const options = { seed: number, batchSize: 5 };
      const whole = numpyDraws(options, 0);
      for (let step = 0; step < steps; step++) {
        whole.shuffle(step, 0);
        whole.limit(step, 0, [2, 9]);
      }
      const resumed = numpyDraws(options, whole.position);
      expect(resumed.position).toBe(whole.position);
      expect(resumed.shuffle(0, 0)).toEqual(whole.shuffle(0, 0));
      expect(resumed.limit(0, 0, [2, 99])).toBe(whole.limit(0, 0, [2, 99]));
    });
    fc.assert(property);
  });
});
