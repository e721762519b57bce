import type { Tensor } from '../tensor.ts';

/** Arrays of numbers that go from machine to machine as bytes. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** What can go to another machine and is the same there: JSON values, all numbers, arrays of them, tensors. */
export type Plain =
  | undefined
  | null
  | boolean
  | string
  | number
  | bigint
  | NumberArray
  | Tensor
  | readonly Plain[]
  | { readonly [name: string]: Plain };
