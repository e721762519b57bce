import { sizeOf, type Tensor } from '../tensor.ts';

/** Whole numbers with one scale a row: value = number * scale[row]. */
export interface Quantized {
  readonly numbers: Int8Array<ArrayBuffer>;
  /** [rows] */
  readonly scales: Float32Array<ArrayBuffer>;
}

/**
 * Largest number of a matrix that is multiplied: 7 bits. CPUs without VNNI add two products of
 * 8-bit numbers in 16 bits, and 2 * 255 * 64 is the most that fits there.
 */
export const productLimit = 64;
/** Largest number of a table that is looked up. */
export const tableLimit = 127;

/** Each row of a matrix [rows, columns] as whole numbers from -limit to limit, symmetric around 0. */
export function quantizeRows({ data, shape }: Tensor<'float32'>, limit: number): Quantized {
  const [rows, columns] = shape;
  const numbers = new Int8Array(sizeOf(shape));
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let largest = 0;
    for (let i = start; i < start + columns; i++) largest = Math.max(largest, Math.abs(data[i]));
    scales[row] = largest / limit;
    const factor = scales[row] > 0 ? 1 / scales[row] : 0;
    for (let i = start; i < start + columns; i++) {
      // the scale was rounded itself: a bit above the limit is the limit
      numbers[i] = Math.max(-limit, Math.min(limit, Math.round(data[i] * factor)));
    }
  }
  return { numbers, scales };
}

/** [rows, columns] -> [columns, rows] */
export function transposed(
  numbers: Int8Array,
  [rows, columns]: readonly number[],
): Int8Array<ArrayBuffer> {
  const out = new Int8Array(numbers.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      out[column * rows + row] = numbers[row * columns + column];
    }
  }
  return out;
}
