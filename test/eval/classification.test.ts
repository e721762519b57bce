import { expect, test } from 'vitest';
import { classification, wilson } from '../../src/eval/classification.ts';

// by hand; R: binom::binom.confint(8, 10, method = "wilson") gives 0.4901625, 0.9433178
test('the Wilson interval of 8 in 10', () => {
  const { share, n, low, high } = wilson(8, 10)!;
  expect([share, n]).toEqual([0.8, 10]);
  expect(low).toBeCloseTo(0.4901625, 6);
  expect(high).toBeCloseTo(0.9433178, 6);
});

test('the interval stays within 0 and 1, and none is there for nothing', () => {
  expect(wilson(0, 5)).toMatchObject({ share: 0, low: 0 });
  expect(wilson(5, 5)).toMatchObject({ share: 1, high: 1 });
  expect(wilson(0, 5)!.high).toBeCloseTo(1 - wilson(5, 5)!.low, 12);
  expect(wilson(0, 0)).toBeNull();
});

test('rows of the confusion are the truth, columns what was said', () => {
  const found = classification(['a', 'b', 'c'], [0, 0, 0, 1, 1], [0, 0, 1, 1, 1]);
  expect(found.confusion).toEqual([
    [2, 1, 0],
    [0, 2, 0],
    [0, 0, 0],
  ]);
  expect(found.accuracy).toMatchObject({ share: 4 / 5, n: 5 });
  const [a, b, c] = found.labels;
  expect(a).toMatchObject({ precision: { share: 1, n: 2 }, recall: { share: 2 / 3, n: 3 } });
  expect(b).toMatchObject({ precision: { share: 2 / 3, n: 3 }, recall: { share: 1, n: 2 } });
  expect(c).toEqual({ label: 'c', precision: null, recall: null, f1: 0 });
});

// sklearn.metrics.f1_score([0, 0, 0, 1, 1], [0, 0, 1, 1, 1], average=None), and 'macro'
test('F1 of each label, and their mean over the labels that occur', () => {
  const found = classification(['a', 'b', 'c'], [0, 0, 0, 1, 1], [0, 0, 1, 1, 1]);
  expect(found.labels.map(({ f1 }) => f1)).toEqual([0.8, 0.8, 0]);
  expect(found.macroF1).toBeCloseTo(0.8, 12);
  expect(classification(['a', 'b', 'c'], [0, 1], [0, 2]).macroF1).toBeCloseTo(1 / 3, 12);
});

test('refuses to judge nothing', () => {
  expect(() => classification(['a', 'b'], [], [])).toThrow('expected one text or more, got none.');
});
