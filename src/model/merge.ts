import { loraScale, strengthOf } from '../adapter/lora-config.ts';
import { type Adapter, savedTensors } from '../adapter/peft.ts';
import { InputError, ShapeError } from '../errors.ts';
import type { Written } from '../family/family.ts';
import { float32, type Tensor, type Tensors } from '../tensor.ts';
import type { WeightEntry, Weights } from '../tensors/weights.ts';

/** A weight in the precision in which it was computed: whoever stores it rounds it, once. */
export interface MergedWeight {
  readonly shape: readonly number[];
  /** float64 where an adapter was added. */
  readonly data: Float32Array | Float64Array;
}

/** A model's weights with an adapter merged in; read one at a time. */
export interface MergedWeights {
  readonly entries: ReadonlyMap<string, WeightEntry>;
  load(name: string): Promise<MergedWeight>;
}

/**
 * A model's weights, those that an adapter adapts as W + scale · B A in float64, those that it saves
 * whole as it has them.
 * @throws {InputError} when a weight that is adapted is not there
 * @throws {ShapeError} when it has another shape than B A
 */
export function mergedWeights(weights: Weights, adapter?: Adapter): MergedWeights {
  const { entries } = weights;
  const pairs = adapter ? pairsOf(adapter) : new Map<string, Pair>();
  for (const [name, { a, b }] of pairs) expectShape(weights, name, [b.shape[0], a.shape[1]]);
  const saved: Tensors = adapter ? savedTensors(adapter) : new Map();
  for (const [name, { shape }] of saved) expectShape(weights, name, shape);
  return {
    entries,
    async load(name) {
      const own = saved.get(name);
      if (own) return own;
      const weight = await weights.load(name);
      const pair = pairs.get(name);
      return pair ? { shape: weight.shape, data: added(weight, pair) } : weight;
    },
  };
}

/** A model's weights as they are written. */
export function asWritten<Config>(
  { entries, load }: MergedWeights,
  { made, gone }: Written<Config>,
): MergedWeights {
  const named = new Map([...entries].filter(([name]) => name !== gone));
  if (!made) return { entries: named, load };
  const { source, factor } = made;
  return {
    entries: named.set(made.name, entries.get(source)!),
    async load(name) {
      if (name !== made.name) return load(name);
      const { shape, data } = await load(source);
      return { shape, data: Float64Array.from(data, (x) => x * factor) };
    },
  };
}

function expectShape({ folder, entries }: Weights, name: string, shape: readonly number[]): void {
  const entry = entries.get(name);
  const remedy = 'Was the adapter trained on another base model?';
  if (!entry) throw new InputError(folder, `weight "${name}"`, 'none of that name', remedy);
  if (String(entry.shape) !== String(shape)) {
    throw new ShapeError(`${folder}: ${name}`, `[${shape}]`, `[${entry.shape}]`, remedy);
  }
}

/** The adapted weights of a model with the adapter merged in, by name, rounded to float32 once. */
export async function mergeAdapter(
  weights: Weights,
  adapter: Adapter,
): Promise<Map<string, Tensor<'float32'>>> {
  const { load } = mergedWeights(weights, adapter);
  const merged = new Map<string, Tensor<'float32'>>();
  for (const name of [...pairsOf(adapter).keys(), ...savedTensors(adapter).keys()]) {
    const { data, shape } = await load(name);
    merged.set(name, float32(data, shape));
  }
  return merged;
}

interface Pair {
  /** [rank, in] */
  readonly a: Tensor<'float32'>;
  /** [out, rank] */
  readonly b: Tensor<'float32'>;
  readonly scale: number;
}

/** By the name of the weight that is adapted. */
function pairsOf({ config, tensors }: Adapter): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  for (const [name, a] of tensors) {
    if (!name.endsWith('.lora_A.weight')) continue;
    const module = name.slice(0, -'.lora_A.weight'.length);
    const b = tensors.get(`${module}.lora_B.weight`);
    if (!b) throw new InputError(`adapter ${module}`, 'both lora_A and lora_B', 'lora_A alone');
    const scale = loraScale({ ...strengthOf(config, module), rsLora: config.rsLora });
    pairs.set(`${module}.weight`, { a, b, scale });
  }
  return pairs;
}

/** W + scale · B A, row by row. */
function added({ shape, data }: Tensor<'float32'>, { a, b, scale }: Pair): Float64Array {
  const [outputs, inputs] = shape;
  const [rank] = a.shape;
  const sum = new Float64Array(data.length);
  const row = new Float64Array(inputs);
  for (let o = 0; o < outputs; o++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = b.data[o * rank + r];
      const start = r * inputs;
      for (let i = 0; i < inputs; i++) row[i] += factor * a.data[start + i];
    }
    const start = o * inputs;
    for (let i = 0; i < inputs; i++) sum[start + i] = data[start + i] + scale * row[i];
  }
  return sum;
}
