import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trainingBatches } from '../../src/data/batches.ts';

const runs = fc
  .record({
    batchSize: fc.integer({ min: 1, max: 8 }),
    extra: fc.integer({ min: 0, max: 30 }),
    seed: fc.integer({ min: 0, max: 1e6 }),
    steps: fc.integer({ min: 0, max: 25 }),
  })
  .map(({ batchSize, extra, seed, steps }) => ({
    count: batchSize + extra,
    batchSize,
    seed,
    steps,
  }));

test('a run has its steps, of full batches, and no index twice within an epoch', () => {
  const property = fc.property(runs, ({ count, ...options }) => {
    const batches = [...trainingBatches(count, options)];
    expect(batches.length).toBe(options.steps);
    const perEpoch = Math.floor(count / options.batchSize);
    for (let step = 0; step < batches.length; step += perEpoch) {
      const epoch = batches.slice(step, step + perEpoch);
      const given = epoch.flat();
      expect(given.length).toBe(epoch.length * options.batchSize);
      expect(new Set(given).size).toBe(given.length);
      expect(given.every((index) => index >= 0 && index < count)).toBe(true);
    }
  });
  fc.assert(property);
});

test('an epoch whose batches fit covers every item', () => {
  const batches = [...trainingBatches(24, { batchSize: 6, seed: 3, steps: 8 })];
  const sorted = (part: number[][]) => part.flat().sort((a, b) => a - b);
  expect(sorted(batches.slice(0, 4))).toEqual([...Array(24).keys()]);
  expect(sorted(batches.slice(4))).toEqual([...Array(24).keys()]);
  expect(batches.slice(0, 4)).not.toEqual(batches.slice(4));
});

test('a resumed run gives the batches that the unbroken one gives', () => {
  const property = fc.property(runs, fc.nat(25), ({ count, ...options }, start) => {
    const whole = [...trainingBatches(count, options)];
    expect([...trainingBatches(count, { ...options, start })]).toEqual(whole.slice(start));
  });
  fc.assert(property);
});

test('another seed gives another order', () => {
  const [first] = trainingBatches(100, { batchSize: 50, seed: 1, steps: 1 });
  const [second] = trainingBatches(100, { batchSize: 50, seed: 2, steps: 1 });
  expect(first).not.toEqual(second);
});

test('too few items and impossible settings fail at the call, before the first batch', () => {
  expect(() => trainingBatches(15, { batchSize: 16, seed: 1, steps: 1 })).toThrow(
    'trainingBatches: expected at least 16 items, one batch, got 15. Use more data, or a `batchSize` of 15 or less.',
  );
  expect(() => trainingBatches(9, { batchSize: 0, seed: 1, steps: 1 })).toThrow(
    'batchSize: expected an integer of at least 1, got 0.',
  );
  expect(() => trainingBatches(9, { batchSize: 2, seed: 1, steps: 1.5 })).toThrow(
    'steps: expected',
  );
  expect(() => trainingBatches(9, { batchSize: 2, seed: 1, steps: 1, start: -1 })).toThrow(
    'start: ',
  );
});
