import { ShapeError } from './errors.ts';

/** Arrays that hold a tensor's elements, by element type. `bool` is one byte an element. */
export interface TensorData {
  float32: Float32Array;
  int64: BigInt64Array;
  int32: Int32Array;
  bool: Uint8Array;
  /** Raw 16-bit patterns: frozen weights only; a graph casts them to float32. */
  float16: Uint16Array;
  bfloat16: Uint16Array;
}
/** Name of an element type. */
export type DType = keyof TensorData;

/** A dense row-major array with a shape; a scalar has shape `[]`. */
export interface Tensor<T extends DType = DType> {
  readonly dtype: T;
  readonly shape: readonly number[];
  readonly data: TensorData[T];
}

/** Any list of numbers that is read by index. */
export type Numbers = ArrayLike<number>;

/** Named tensors. */
export type Tensors = ReadonlyMap<string, Tensor<'float32'>>;

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dim) => size * dim, 1);
}

/** float32 tensor over `data`, which is used as it is when it is a Float32Array already. */
export function float32(
  data: Numbers,
  shape: readonly number[] = [data.length],
): Tensor<'float32'> {
  const array = data instanceof Float32Array ? data : Float32Array.from(data);
  checkSize('float32', array.length, shape);
  return { dtype: 'float32', shape, data: array };
}

/** int64 tensor: token ids, positions, sizes. */
export function int64(data: Numbers, shape: readonly number[] = [data.length]): Tensor<'int64'> {
  checkSize('int64', data.length, shape);
  const array = new BigInt64Array(data.length);
  for (let i = 0; i < data.length; i++) array[i] = BigInt(data[i]);
  return { dtype: 'int64', shape, data: array };
}

function checkSize(where: string, length: number, shape: readonly number[]): void {
  if (length !== sizeOf(shape)) {
    throw new ShapeError(where, `${sizeOf(shape)} elements for [${shape}]`, `${length}`);
  }
}
