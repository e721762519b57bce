import { InternalError, ShapeError } from '../errors.ts';
import { type Dim, readBy, type Shape, type Value } from './graph.ts';

/** Sizes of symbols, by name. */
export type Sizes = Readonly<Record<string, number>>;

/** A value whose sizes are known, and its elements where they are sizes themselves. */
interface Sized {
  readonly shape: readonly number[];
  /** Elements of an int64 value that is made from constants and sizes. */
  readonly elements?: readonly number[] | undefined;
}

/** What a rule sees of its node. */
interface Node {
  readonly inputs: readonly Sized[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * Sizes of values when the symbols of the graph's inputs have the given sizes. All others follow
 * from the ops, as at run time.
 * @param values in topological order, complete: `reachable(…)`
 * @throws {InternalError} when a symbol is neither given nor follows, naming it
 */
export function concreteShapes(
  values: readonly Value[],
  sizes: Sizes,
): Map<Value, readonly number[]> {
  const known = new Map<Value, Sized>();
  for (const value of values) known.set(value, sized(value, known, sizes));
  return new Map([...known].map(([value, { shape }]) => [value, shape]));
}

function sized(value: Value, known: ReadonlyMap<Value, Sized>, sizes: Sizes): Sized {
  const { source } = value;
  if (source.kind === 'constant') {
    const { dtype, shape, data } = source.tensor;
    return { shape, elements: dtype === 'int64' ? Array.from(data, Number) : undefined };
  }
  if (source.kind !== 'op') return { shape: resolved(value.shape, sizes) };
  const { op, attributes } = source;
  const read = readBy(value);
  const inputs = read.map((input) => known.get(input)!);
  const found = rules[op.onnx]?.({ inputs, attributes });
  if (found) return found;
  const like = read.map((input, i) => ({ ...input, shape: inputs[i].shape }));
  return { shape: resolved(op.shape(like, attributes), sizes) };
}

/** Ops whose sizes are more than their shape rule can tell. */
const rules: Readonly<Record<string, (node: Node) => Sized | undefined>> = {
  Shape({ inputs: [{ shape }], attributes: { start, end } }) {
    const elements = shape.slice(start as number, end as number);
    return { shape: [elements.length], elements };
  },
  Reshape({ inputs: [x, sizes], attributes: { exact } }) {
    if (!sizes.elements) return undefined;
    return { shape: reshaped(x.shape, sizes.elements, exact === true), elements: x.elements };
  },
  Expand({ inputs: [x, { elements }] }) {
    if (!elements) return undefined;
    const rank = Math.max(x.shape.length, elements.length);
    const at = (shape: readonly number[], i: number) => shape[i - rank + shape.length] ?? 1;
    const stretch = (from: number, to: number) => (from === 1 ? to : from);
    return {
      shape: Array.from({ length: rank }, (_, i) => stretch(at(x.shape, i), at(elements, i))),
    };
  },
  Concat({ inputs, attributes: { axis } }) {
    const along = inputs.reduce((sum, { shape }) => sum + shape[axis as number], 0);
    const elements = inputs.every((input) => input.elements)
      ? inputs.flatMap((input) => input.elements!)
      : undefined;
    return { shape: inputs[0].shape.with(axis as number, along), elements };
  },
  Slice({ inputs: [x, start, end], attributes }) {
    if (!start.elements || !end.elements) return undefined;
    const axis = attributes.axis as number;
    const [from, to] = [start, end].map((bound) => Math.min(bound.elements![0], x.shape[axis]));
    return {
      shape: x.shape.with(axis, Math.max(to - from, 0)),
      elements: x.elements?.slice(from, to),
    };
  },
  Range({ inputs: [start, limit, step] }) {
    if (!start.elements || !limit.elements || !step.elements) return undefined;
    const count = Math.ceil((limit.elements[0] - start.elements[0]) / step.elements[0]);
    return { shape: [Math.max(count, 0)] };
  },
};

/** ONNX's notation: -1 is what remains; 0 keeps the size at its place, unless `exact`. */
function reshaped(from: readonly number[], sizes: readonly number[], exact: boolean): number[] {
  const shape = sizes.map((size, i) => (size === 0 && !exact ? from[i] : size));
  const total = from.reduce((all, size) => all * size, 1);
  const rest = shape.reduce((all, size) => (size === -1 ? all : all * size), 1);
  const full = shape.map((size) => (size === -1 ? total / rest : size));
  const count = full.reduce((all, size) => all * size, 1);
  if (count !== total) throw new ShapeError('sizes', `${total} elements of [${from}]`, `[${full}]`);
  return full;
}

function resolved(shape: Shape, sizes: Sizes): number[] {
  return shape.map((dim) => resolve(dim, sizes));
}

/** The size of a dim: known, given, or a product of such. */
function resolve(dim: Dim, sizes: Sizes): number {
  if (typeof dim === 'number') return dim;
  if (dim in sizes) return sizes[dim];
  const factors = dim
    .split('*')
    .map((factor) => (/^\d+$/.test(factor) ? Number(factor) : sizes[factor]));
  const missing = factors.indexOf(undefined as never);
  if (missing < 0) return factors.reduce((all, factor) => all * factor, 1);
  const given = Object.keys(sizes).join(', ') || 'none';
  throw new InternalError(`the size of "${dim.split('*')[missing]}" is not known; given: ${given}`);
}
