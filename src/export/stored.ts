import { sizeOf, type Tensor } from '../tensor.ts';
import { toFloat16 } from '../tensors/half.ts';
import { productLimit, quantizeRows, tableLimit, transposed } from './quantize.ts';
import { checkRange } from './range.ts';

/** A tensor of a model file; its elements are there when they are written, and not before. */
export interface StoredTensor {
  readonly name: string;
  /** ONNX's number of the element type. */
  readonly type: number;
  readonly shape: readonly number[];
  /** Length in bytes. */
  readonly length: number;
  load(): Promise<Uint8Array>;
}

/** Reads one weight by its name. */
export type LoadWeight = (name: string) => Promise<Tensor<'float32'>>;

/** Numbers of ONNX's element types that weights are stored in. */
const types = { float32: 1, int8: 3, float16: 10 } as const;

/** The weights of one model file, each once in each form. */
export interface WeightStore {
  /** In the order of their first use. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The tensor's name in the file: float32. */
  plain(name: string, shape: readonly number[]): string;
  /** float16. */
  half(name: string, shape: readonly number[]): string;
  /** [out, in] as int8 [in, out] to multiply with, and float32 [out] scales. */
  factor(name: string, shape: readonly number[]): { numbers: string; scales: string };
  /** [rows, width] as int8 rows to look up, and float32 [rows, 1] scales. */
  table(name: string, shape: readonly number[]): { numbers: string; scales: string };
}

/** An empty store over weights that `load` reads. */
export function weightStore(load: LoadWeight): WeightStore {
  const tensors = new Map<string, StoredTensor>();
  const add = (
    name: string,
    kind: keyof typeof types,
    shape: readonly number[],
    bytes: () => Promise<ArrayBufferView>,
  ): string => {
    const length = sizeOf(shape) * { float32: 4, float16: 2, int8: 1 }[kind];
    const load = async () => asBytes(await bytes());
    if (!tensors.has(name)) tensors.set(name, { name, type: types[kind], shape, length, load });
    return name;
  };
  // numbers and scales stand one behind the other in the file: the last one is enough to remember
  const lastOf = remembersLast(load);
  return {
    tensors,
    plain: (name, shape) => add(name, 'float32', shape, async () => (await load(name)).data),
    half: (name, shape) =>
      add(`${name}.float16`, 'float16', shape, async () => halves(name, await load(name))),
    factor(name, shape) {
      const [outputs, inputs] = shape;
      const quantized = lastOf(name, productLimit);
      return {
        numbers: add(`${name}.int8`, 'int8', [inputs, outputs], async () =>
          transposed((await quantized()).numbers, shape),
        ),
        scales: add(`${name}.scale`, 'float32', [outputs], async () => (await quantized()).scales),
      };
    },
    table(name, shape) {
      const quantized = lastOf(name, tableLimit);
      return {
        numbers: add(`${name}.rows.int8`, 'int8', shape, async () => (await quantized()).numbers),
        scales: add(
          `${name}.rows.scale`,
          'float32',
          [shape[0], 1],
          async () => (await quantized()).scales,
        ),
      };
    },
  };
}

function remembersLast(load: LoadWeight) {
  let last: { key: string; value: ReturnType<typeof quantizeRows> } | undefined;
  return (name: string, limit: number) => async () => {
    const key = `${name} ${limit}`;
    if (last?.key !== key) last = { key, value: quantizeRows(await load(name), limit) };
    return last.value;
  };
}

function halves(name: string, { data }: Tensor<'float32'>): Uint16Array {
  checkRange(name, data, 'float16', 'dtypes');
  return toFloat16(data);
}

function asBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
