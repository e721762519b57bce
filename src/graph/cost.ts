import { type DType, sizeOf } from '../tensor.ts';
import { type Graph, reachable, readBy, type Value } from './graph.ts';
import { concreteShapes, type Sizes } from './sizes.ts';

/** What one run of a graph takes. */
export interface Cost {
  /** Multiplications and additions of the matrix products: 2 m n k each. */
  readonly flops: number;
  /**
   * Most bytes of intermediate and output tensors that live at one time, when nodes run in the
   * order of their making and a tensor goes after its last use. Inputs and weights not counted.
   */
  readonly peakBytes: number;
  /** Bytes of the frozen weights, as float32. */
  readonly weightBytes: number;
}

const elementBytes: Record<DType, number> = {
  float32: 4,
  int64: 8,
  int32: 4,
  bool: 1,
  float16: 2,
  bfloat16: 2,
};

/** Ops whose output is their input's memory. */
const views: readonly string[] = ['Reshape', 'Identity'];

/**
 * The cost of a run of what the graph's outputs need.
 * @param sizes of the symbols of the graph's inputs, by name
 * @throws {InternalError} when a symbol is neither given nor follows from the others
 */
export function costOf(graph: Graph, sizes: Sizes): Cost {
  const values = reachable(graph.outputs.values());
  const shapes = concreteShapes(values, sizes);
  const bytes = (value: Value) => sizeOf(shapes.get(value)!) * elementBytes[value.dtype];
  return {
    flops: values.reduce((sum, value) => sum + productFlops(value, shapes), 0),
    peakBytes: peakOf(values, new Set(graph.outputs.values()), bytes),
    weightBytes: weightBytes(values),
  };
}

/** Bytes of the frozen weights among values, as float32. */
export function weightBytes(values: Iterable<Value>): number {
  const weights = [...values].filter(({ source }) => source.kind === 'weight');
  return weights.reduce((sum, { shape }) => sum + 4 * sizeOf(shape as number[]), 0);
}

/**
 * Bytes of the frozen weights that matrix products multiply by, as float32: once for products with a
 * weight as it is, and once for those with it transposed. So much an engine takes that rearranges a
 * weight for each.
 */
export function multiplierBytes(graph: Graph): number {
  const layouts = reachable(graph.outputs.values()).flatMap(({ source }) => {
    if (source.kind !== 'op' || !products.includes(source.op.onnx)) return [];
    const [, right] = source.inputs;
    return right.source.kind === 'weight' ? [{ right, transposed: source.attributes.transB }] : [];
  });
  const once = new Map(
    layouts.map((layout) => [`${layout.right.id} ${layout.transposed}`, layout]),
  );
  return weightBytes([...once.values()].map(({ right }) => right));
}

const products: readonly string[] = ['Gemm', 'MatMul'];

/** 2 m n k of a matrix product; 0 of any other node. */
function productFlops(value: Value, shapes: ReadonlyMap<Value, readonly number[]>): number {
  const { source } = value;
  if (source.kind !== 'op' || !products.includes(source.op.onnx)) return 0;
  const left = shapes.get(source.inputs[0])!;
  const inner = source.attributes.transA === true ? left[0] : left[left.length - 1];
  return 2 * inner * sizeOf(shapes.get(value)!);
}

/** The largest sum of live tensors over the nodes, one after another. */
function peakOf(
  values: readonly Value[],
  outputs: ReadonlySet<Value>,
  bytes: (value: Value) => number,
): number {
  const owner = new Map<Value, Value>();
  const lastUse = new Map<Value, number>();
  for (const [i, value] of values.entries()) {
    const { source } = value;
    const inputs = readBy(value);
    const isView = source.kind === 'op' && views.includes(source.op.onnx);
    owner.set(value, isView ? owner.get(inputs[0])! : value);
    for (const used of [value, ...inputs]) {
      const memory = owner.get(used)!;
      lastUse.set(
        memory,
        outputs.has(used) ? values.length : Math.max(i, lastUse.get(memory) ?? 0),
      );
    }
  }
  const freed = values.map((): Value[] => []);
  for (const [memory, last] of lastUse) freed[last]?.push(memory); // none at the end: an output
  const size = (value: Value) => (value.source.kind === 'op' ? bytes(value) : 0);
  let [live, peak] = [0, 0];
  for (const [i, value] of values.entries()) {
    if (owner.get(value) === value) live += size(value);
    peak = Math.max(peak, live);
    for (const memory of freed[i]) live -= size(memory);
  }
  return peak;
}
