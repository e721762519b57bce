/**
 * Elements of a strided view, one after the other, the last axis fastest. Pure.
 * @param source elements from the view's first to its last; all of them are within
 * @param strides elements from one index to the next, for each axis
 */
export function inRowMajor<
  Elements extends Uint8Array | Uint16Array | Uint32Array | BigUint64Array,
>(
  source: Elements,
  shape: readonly number[],
  strides: readonly number[],
  target: Elements,
): Elements {
  const rank = shape.length;
  const index = new Array<number>(rank).fill(0);
  const width = rank === 0 ? 1 : shape[rank - 1];
  const step = rank === 0 ? 0 : strides[rank - 1];
  let start = 0;
  for (let row = 0; row < target.length; row += width) {
    for (let i = 0; i < width; i++) target[row + i] = source[start + i * step];
    // the next row: the last axis but one counts up, and carries
    for (let axis = rank - 2; axis >= 0; axis--) {
      start += strides[axis];
      if (++index[axis] < shape[axis]) break;
      start -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return target;
}

/** Elements from a view's first to its last, both included; 0 when it has none. */
export function spanOf(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, dim, axis) => span + (dim - 1) * strides[axis], 1);
}
