import { expect, test } from 'vitest';
import { policyShape } from '../../src/model/load.ts';
import { estimateMeasuring, type MeasuringOptions } from '../../src/model/measuring-memory.ts';
import { tinyRoberta, tinyT5 } from './tiny.ts';

const lora = {
  ...{ rank: 4, alpha: 4, targetModules: ['q', 'v'] },
  ...{ rsLora: false, dropout: 0, baseModel: '' },
};
const shape = policyShape(tinyT5, { lora, trainable: 'adapter', valueHead: false });
const one = { shape, model: 'mine' };
const small: MeasuringOptions = {
  policies: [one],
  rewardModel: tinyRoberta,
  promptTokens: [10, 20, 30, 40],
  ...{ responseTokens: 8, sampled: 16, scored: 16, judgedTokens: 12 },
};
const of = (change: Partial<MeasuringOptions>) => estimateMeasuring({ ...small, ...change });

test('an estimate of a measurement is the sum of its parts, none of which trains', () => {
  const { total, parts, rough } = of({});
  expect(Object.values(parts).reduce((sum, bytes) => sum + bytes, 0)).toBeCloseTo(total, 0);
  expect(parts).not.toHaveProperty('training');
  expect(Object.values(parts).every((bytes) => bytes > 0)).toBe(true);
  expect(rough).toBeUndefined();
});

test('policies on one model have its weights once, on several each its own', () => {
  const { weights } = of({}).parts;
  expect(of({ policies: [one, one] }).parts.weights).toBe(weights);
  const other = { shape, model: 'other' };
  expect(of({ policies: [one, other] }).parts.weights).toBe(2 * weights);
  expect(of({ policies: [one, one] }).parts.adapter).toBe(2 * of({}).parts.adapter);
});

test('longer answers, more of them at a time and more judges take more', () => {
  const { total } = of({});
  expect(of({ responseTokens: 200 }).total).toBeGreaterThan(total);
  expect(of({ sampled: 64, scored: 64 }).total).toBeGreaterThan(total);
  expect(of({ witnesses: [tinyRoberta] }).total).toBeGreaterThan(total);
});

test('of an engine whose sessions are apart it is rough', () => {
  const { rough, parts } = of({ apart: true });
  expect(rough).toBe(true);
  expect(Object.keys(parts)).toEqual(expect.arrayContaining(['sampling', 'scoring', 'judging']));
});
