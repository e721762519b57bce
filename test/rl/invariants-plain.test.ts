/** What stops a run, on numbers that are made for it; runs that are stopped are in invariants.test.ts. */
import { describe, expect, test } from 'vitest';
import { checkRatio, checkRows, checkStart, checkTensors } from '../../src/rl/invariants.ts';
import { rlSample } from '../../src/rl/sample.ts';
import { float32 } from '../../src/tensor.ts';
import { row } from './experience.ts';

test('the KL before the first update is a mean of sizes, and below 1e-3', () => {
  expect(() => checkStart([9e-4, -9e-4])).not.toThrow();
  expect(() => checkStart([0, 1.9e-3])).not.toThrow();
  // they do not cancel
  expect(() => checkStart([0.25, -0.75])).toThrow(
    'invariant: expected KL < 1e-3 before the first update, got 0.5. ' +
      'The reference is not the starting policy.',
  );
  expect(() => checkStart([1e-3])).toThrow('got 0.001');
  expect(() => checkStart([Number.NaN])).toThrow('got NaN');
  expect(() => checkStart([1])).toThrow(expect.objectContaining({ code: 'INVARIANT' }));
});

test('the ratio before the first update is 1, up to 1e-3', () => {
  for (const ratio of [1, 1.0009, 0.9991]) expect(() => checkRatio(ratio)).not.toThrow();
  for (const ratio of [1.0011, 0.9989, Number.NaN]) {
    expect(() => checkRatio(ratio)).toThrow(
      `invariant: expected ratio 1 before the first update, got ${ratio}. ` +
        'The policy scores one response in two ways.',
    );
  }
  expect(() => checkRatio(1.5)).toThrow(expect.objectContaining({ code: 'INVARIANT' }));
});

describe('a number that is not finite is named', () => {
  const remedy = 'Lower `learningRate`, or set `maxGradNorm`.';
  const samples = () => [
    rlSample([4], [0, 7, 1]),
    rlSample([5], [0, 8, 9], { truncated: true, bootstrap: true }),
  ];

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    '%d in a row: the first, and its sample',
    (bad) => {
      const rows = [row(1, 2), row(3, bad, bad)];
      const call = () => checkRows('values', rows, { step: 3, samples: samples() });
      expect(call).toThrow(
        `step 3: values of sample 1, token 1: expected a finite number, got ${bad}. ${remedy}`,
      );
      // the place behind the response is none of its tokens
      const details = {
        tensor: 'values',
        step: 3,
        sample: 1,
        token: 1,
        query: [5],
        response: [8, 9],
      };
      expect(call).toThrow(expect.objectContaining({ code: 'NOT_FINITE', details }));
    },
  );

  test('in a minibatch, by its place in the batch', () => {
    const call = () =>
      checkRows('values', [row(1), row(Number.NaN)], {
        step: 1,
        samples: samples(),
        places: [6, 5],
      });
    expect(call).toThrow('values of sample 5, token 0');
  });

  test.each([Number.NaN, Number.NEGATIVE_INFINITY])('%d in a tensor, by its name', (bad) => {
    const tensors = new Map([
      ['a', float32([1, 2])],
      ['b', float32([0, bad, 1])],
    ]);
    const call = () => checkTensors('gradient', tensors, 2);
    expect(call).toThrow(
      `step 2: gradient of b: expected finite numbers, got NaN or infinity. ${remedy}`,
    );
    const details = { tensor: 'b', kind: 'gradient', step: 2 };
    expect(call).toThrow(expect.objectContaining({ code: 'NOT_FINITE', details }));
  });

  test('and others pass, the largest too', () => {
    const largest = row(3e38, -3e38, 3e38, 0);
    checkRows('values', [largest, row()], { step: 1, samples: samples() });
    checkTensors('gradient', new Map([['a', float32(largest)]]), 1);
  });
});
