import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantizeRows, transposed } from '../../src/export/quantize.ts';
import { float32 } from '../../src/tensor.ts';

const number = fc.float({ min: -100, max: 100, noNaN: true });
const matrix = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([rows, columns]) =>
    fc
      .array(number, { minLength: rows * columns, maxLength: rows * columns })
      .map((data) => float32(data, [rows, columns])),
  );

test('each number is within half a step of its row, and the largest of a row is the limit', () => {
  const property = fc.property(matrix, fc.constantFrom(64, 127), (tensor, limit) => {
    const [rows, columns] = tensor.shape;
    const { numbers, scales } = quantizeRows(tensor, limit);
    for (let row = 0; row < rows; row++) {
      const part = tensor.data.subarray(row * columns, (row + 1) * columns);
      const whole = numbers.subarray(row * columns, (row + 1) * columns);
      const largest = Math.max(...part.map(Math.abs));
      if (largest > 1e-30) expect(Math.max(...whole.map(Math.abs))).toBe(limit);
      part.forEach((x, i) => {
        expect(Math.abs(x - whole[i] * scales[row])).toBeLessThanOrEqual(
          0.501 * scales[row] + 1e-37,
        );
      });
    }
  });
  fc.assert(property, { numRuns: 200 });
});

test('a row of zeros stays zeros', () => {
  const { numbers, scales } = quantizeRows(float32([0, 0, 1, -2], [2, 2]), 64);
  expect([...numbers]).toEqual([0, 0, 32, -64]);
  expect([...scales]).toEqual([0, 2 / 64]);
});

test('rows become columns', () => {
  expect([...transposed(Int8Array.of(1, 2, 3, 4, 5, 6), [2, 3])]).toEqual([1, 4, 2, 5, 3, 6]);
});
