/** Where frozen weights come from. I/O: those of files are read there. */
import { InternalError } from '../errors.ts';
import { readFloats } from '../tensors/safetensors.ts';

/** Frozen weights by name. */
export interface WeightSource {
  /** Where the bytes lie, if they do in a file: an engine may map them, or read them in its own thread. */
  locate?(name: string, shape: readonly number[]): WeightLocation | undefined;
  /** The values, row by row: for what lies in no file, and for engines that have no files. */
  read(name: string, shape: readonly number[]): Promise<Float32Array>;
}

/** Where a weight's bytes lie. */
export interface WeightLocation {
  /** Absolute path. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly dtype: 'float32' | 'float16' | 'bfloat16' | 'float64';
  /** Elements from one index to the next, when they do not lie one after the other. */
  readonly strides?: readonly number[];
}

/** Weights that all lie in files. */
export function inFiles(locate: (name: string) => WeightLocation): WeightSource {
  return { locate, read: (name, shape) => readFloats({ ...locate(name), shape }) };
}

/** No weights: a graph that needs some cannot be compiled. */
export const noWeights: WeightSource = {
  async read(name) {
    throw new InternalError(`the graph needs weight "${name}", but no weights were given`);
  },
};

/** Whether no library can map it as it lies: out of order, beginning within an element, or too wide. */
export function mustBeRead({ dtype, offset, strides }: WeightLocation): boolean {
  if (dtype === 'float64' || strides !== undefined) return true;
  return offset % (dtype === 'float32' ? 4 : 2) !== 0;
}

const numbers = new WeakMap<WeightSource, number>();
let sources = 0;

/** The number of a source: weights of one name are the same in one source alone. */
export function numberOf(source: WeightSource): number {
  if (!numbers.has(source)) numbers.set(source, sources++);
  return numbers.get(source)!;
}
