import { InternalError, ShapeError } from '../../errors.ts';
import { int64 } from '../../tensor.ts';
import { type Dim, defineOp, type Encoded, type OpOf, type Shape, type Value } from '../graph.ts';
import { axisOf, broadcast, product, reduced, stretchedAxes } from '../shapes.ts';

/** Sizes of the axes from `start` to `end`, int64. */
export const shapeOf = defineOp<[x: Value], { start: number; end: number }>({
  onnx: 'Shape',
  shape: (_, { start, end }) => [end - start],
  dtype: () => 'int64',
});

/** The same elements under the shape that the second input gives when the graph runs. */
const reshapeOp = defineOp<[x: Value, sizes: Value], { shape: Shape; exact: boolean }>({
  onnx: 'Reshape',
  shape: (_, { shape }) => shape,
  // exact: a size of 0 means empty, not "as in x"
  encode: ({ exact }) => ({ attributes: { allowzero: exact ? 1 : 0 } }),
  simplify([x], { shape }) {
    if (String(x.shape) === String(shape)) return x;
    const inner = x.source.kind === 'op' && x.source.op.onnx === 'Reshape' ? x.source.inputs[0] : x;
    return String(inner.shape) === String(shape) ? inner : undefined;
  },
  gradient: ({ inputs: [x], cotangent: dy }) => [reshapeLike(dy, x), null],
});

/**
 * The same elements under another shape. At most one size may be new: a symbol that does not stand
 * in x's shape.
 */
export function reshape(x: Value, shape: Shape): Value {
  checkElements(x, shape);
  const sizes = staticSizes(x, shape);
  if (!sizes) return reshapeOp(x, sizesFrom(x, shape), { shape, exact: isSubset(shape, x.shape) });
  const exact = shape.every((dim) => typeof dim === 'number');
  return reshapeOp(x, x.graph.integers(sizes), { shape, exact });
}

/** The same elements under the shape of another value. */
export function reshapeLike(x: Value, like: Value): Value {
  if (staticSizes(x, like.shape)) return reshape(x, like.shape);
  const sizes = shapeOf(like, { start: 0, end: like.shape.length });
  return reshapeOp(x, sizes, { shape: like.shape, exact: true });
}

/** x with its first axis cut into the axes of another value: [a * b, c] -> [a, b, ...rest]. */
export function splitFirst(x: Value, like: Value, rest: readonly number[]): Value {
  const front = shapeOf(like, { start: 0, end: like.shape.length });
  const sizes = concat(front, x.graph.integers(rest), { axis: 0 });
  return reshapeOp(x, sizes, { shape: [...like.shape, ...rest], exact: true });
}

/** ONNX's notation: 0 keeps the size at this place, -1 is what remains. */
function staticSizes(x: Value, shape: Shape): number[] | undefined {
  const sizes = shape.map((dim, i) =>
    typeof dim === 'number' ? dim : dim === x.shape[i] ? 0 : -1,
  );
  return sizes.filter((size) => size === -1).length > 1 ? undefined : sizes;
}

/** Sizes of x's symbols that moved to other places, read from x when the graph runs. */
function sizesFrom(x: Value, shape: Shape): Value {
  const created = shape.filter((dim) => !isSubset([dim], x.shape));
  if (created.length > 1) {
    throw new InternalError(
      `reshape: [${shape}] cannot be told from [${x.shape}]; use reshapeLike`,
    );
  }
  const sizes = shape.map((dim) => {
    if (typeof dim === 'number') return x.graph.integers([dim]);
    const at = x.shape.indexOf(dim);
    return at < 0 ? x.graph.integers([-1]) : shapeOf(x, { start: at, end: at + 1 });
  });
  return sizes.reduce((all, size) => concat(all, size, { axis: 0 }));
}

/** Whether every symbol of a shape stands in another one too. */
function isSubset(shape: Shape, other: Shape): boolean {
  return shape.every((dim) => typeof dim === 'number' || other.includes(dim));
}

function checkElements(x: Value, shape: Shape): void {
  const [from, to] = [product(x.shape), product(shape)];
  if (typeof from === 'number' && typeof to === 'number' && from !== to) {
    throw new ShapeError('reshape', `${from} elements of [${x.shape}]`, `[${shape}]`);
  }
}

type Permutation = { readonly perm: readonly number[] };

/** Axes in another order. */
export const transpose: OpOf<[x: Value], Permutation> = defineOp<[x: Value], Permutation>({
  onnx: 'Transpose',
  shape: ([x], { perm }) => perm.map((axis) => x.shape[axis]),
  simplify([x], { perm }) {
    if (perm.every((axis, i) => axis === i)) return x;
    if (x.source.kind !== 'op' || x.source.op.onnx !== 'Transpose') return undefined;
    const inner = x.source.attributes.perm as readonly number[];
    return transpose(x.source.inputs[0], { perm: perm.map((axis) => inner[axis]) });
  },
  gradient: ({ cotangent: dy, attributes: { perm } }) => [
    transpose(dy, { perm: perm.map((_, i) => perm.indexOf(i)) }),
  ],
});

/** Swaps the last two axes. */
export function swapLast(x: Value): Value {
  const rank = x.shape.length;
  const perm = x.shape.map((_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  return transpose(x, { perm });
}

/** Repeats x along axes of size 1, to the sizes that the second input gives. */
const expandOp = defineOp<[x: Value, sizes: Value], { shape: Shape }>({
  onnx: 'Expand',
  shape: ([x], { shape }) => broadcast('expand', x.shape, shape),
  encode: () => ({}),
  simplify: ([x], { shape }) => (String(x.shape) === String(shape) ? x : undefined),
  gradient: ({ inputs: [x], cotangent: dy }) => [sumTo(dy, x), null],
});

/** x broadcast to the shape of another value. */
export function expandLike(x: Value, like: Value): Value {
  const known = like.shape.every((dim) => typeof dim === 'number');
  const sizes = known
    ? x.graph.integers(like.shape as number[])
    : shapeOf(like, { start: 0, end: like.shape.length });
  return expandOp(x, sizes, { shape: like.shape });
}

/** A float32 tensor of zeros with the shape of another value. */
export function zerosLike(like: Value): Value {
  return expandLike(like.graph.scalar(0), like);
}

/** An axis, and its size in the result. */
type Along = { readonly axis: number; readonly dim: Dim };

/** Values one after another along an axis; sizes of that axis add up, or get the name `dim`. */
const concatTwo: OpOf<[a: Value, b: Value], Along> = defineOp<[a: Value, b: Value], Along>({
  onnx: 'Concat',
  shape: ([a], { axis, dim }) => a.shape.map((size, i) => (i === axis ? dim : size)),
  encode: ({ axis }) => ({ attributes: { axis } }),
  gradient({ inputs: [a, b], cotangent: dy, attributes: { axis } }) {
    const border = shapeOf(a, { start: axis, end: axis + 1 });
    const zero = dy.graph.integers([0]);
    const end = dy.graph.integers([Number.MAX_SAFE_INTEGER]);
    const part = (from: Value, to: Value, like: Value) =>
      sliceOp(dy, from, to, { axis, dim: like.shape[axis] });
    return [part(zero, border, a), part(border, end, b)];
  },
});

/** a, then b, along an axis; `dim` names the new size where it is not known. */
export function concat(a: Value, b: Value, { axis, dim }: { axis: number; dim?: Dim }): Value {
  const at = axisOf(a, axis);
  const [first, second] = [a.shape[at], b.shape[at]];
  const both = typeof first === 'number' && typeof second === 'number';
  if (String(a.shape.toSpliced(at, 1)) !== String(b.shape.toSpliced(at, 1))) {
    throw new ShapeError(`concat along ${at}`, `[${a.shape}] but for that axis`, `[${b.shape}]`);
  }
  return concatTwo(a, b, { axis: at, dim: dim ?? (both ? first + second : `${first}+${second}`) });
}

const sliceOp: OpOf<[x: Value, start: Value, end: Value], Along> = defineOp<
  [x: Value, start: Value, end: Value],
  Along
>({
  onnx: 'Slice',
  shape: ([x], { axis, dim }) => x.shape.map((size, i) => (i === axis ? dim : size)),
  encode: ({ axis }) => ({ operands: [int64([axis])] }),
  gradient({ inputs: [x, start, end], cotangent: dy, attributes: { axis } }) {
    // zeros before, dy, zeros after: cut from zeros of x's shape, so that symbolic sizes are right
    const zero = x.graph.integers([0]);
    const last = x.graph.integers([Number.MAX_SAFE_INTEGER]);
    const zeros = zerosLike(x);
    const before = sliceOp(zeros, zero, start, { axis, dim: 'before' });
    const after = sliceOp(zeros, end, last, { axis, dim: 'after' });
    const front = concatTwo(before, dy, { axis, dim: 'front' });
    return [concatTwo(front, after, { axis, dim: x.shape[axis] }), null, null];
  },
});

/** Elements `start` to `end` (exclusive; not counted from the back) along an axis. */
export function slice(
  x: Value,
  { axis, start, end, dim }: { axis: number; start: number; end: number; dim?: Dim },
): Value {
  const at = axisOf(x, axis);
  const size = x.shape[at];
  if (start < 0 || end < start || (typeof size === 'number' && end > size)) {
    throw new ShapeError('slice', `a part of axis ${at} of [${x.shape}]`, `${start} to ${end}`);
  }
  const bounds = [x.graph.integers([start]), x.graph.integers([end])] as const;
  return sliceOp(x, ...bounds, { axis: at, dim: dim ?? end - start });
}

/** The parts of x before and from `border` (int64 [1]) along an axis; `dims` are their sizes. */
export function cut(
  x: Value,
  border: Value,
  { axis, dims: [before, after] }: { axis: number; dims: readonly [Dim, Dim] },
): [Value, Value] {
  const at = axisOf(x, axis);
  const [zero, end] = [x.graph.integers([0]), x.graph.integers([Number.MAX_SAFE_INTEGER])];
  return [
    sliceOp(x, zero, border, { axis: at, dim: before }),
    sliceOp(x, border, end, { axis: at, dim: after }),
  ];
}

/** start, start + 1, … limit - 1: int64 scalars in, [dim] out. */
const rangeOp = defineOp<[start: Value, limit: Value, step: Value], { dim: Dim }>({
  onnx: 'Range',
  shape: (_, { dim }) => [dim],
  encode: () => ({}),
});

/** 0, 1, … n - 1 for the size n of one axis, int64 [n]. */
export function indicesAlong(x: Value, axis: number): Value {
  const at = axisOf(x, axis);
  const limit = reshape(shapeOf(x, { start: at, end: at + 1 }), []);
  const [zero, one] = [x.graph.integers(0), x.graph.integers(1)];
  return rangeOp(zero, limit, one, { dim: x.shape[at] });
}

/** What a reduction runs over. */
export type Reduction = { readonly axes: readonly number[]; readonly keepDims: boolean };

/** What a reduction runs over, as a caller says it. */
export interface ReduceOptions {
  /** One axis, or some; all, unless given. */
  axis?: number | readonly number[];
  /** Keep the summed axes as 1. @default false */
  keepDims?: boolean;
}

/** Options of a reduction, with the axes of x spelled out. */
export function reduction(x: Value, { axis, keepDims = false }: ReduceOptions): Reduction {
  const axes = typeof axis === 'number' ? [axis] : (axis ?? x.shape.map((_, i) => i));
  return { axes: axes.map((one) => axisOf(x, one)), keepDims };
}

/** ONNX takes the axes of a reduction as an input. */
export function encodeReduction({ axes, keepDims }: Reduction): Encoded {
  return { attributes: { keepdims: keepDims ? 1 : 0 }, operands: [int64(axes)] };
}

/** Over no axes every reduction is x (ONNX would take it for all axes). */
export function overNothing([x]: readonly [Value], { axes }: Reduction): Value | undefined {
  return axes.length === 0 ? x : undefined;
}

/** A reduced value, its summed axes put back as 1. */
export function withAxes(y: Value, x: Value, { axes, keepDims }: Reduction): Value {
  return keepDims ? y : reshape(y, reduced(x.shape, axes, true));
}

const sumOp = defineOp<[x: Value], Reduction>({
  onnx: 'ReduceSum',
  shape: ([x], { axes, keepDims }) => reduced(x.shape, axes, keepDims),
  encode: encodeReduction,
  simplify: overNothing,
  gradient: ({ inputs: [x], cotangent: dy, attributes }) => [
    expandLike(withAxes(dy, x, attributes), x),
  ],
});

/** Sum along axes: what expansion is to a value, summation is to its gradient. */
export function reduceSum(x: Value, options: ReduceOptions = {}): Value {
  return sumOp(x, reduction(x, options));
}

/** Undoes broadcasting in a gradient: sums `gradient` down to the shape of `target`. */
export function sumTo(gradient: Value, target: Value): Value {
  const added = gradient.shape.length - target.shape.length;
  const sum = reduceSum(gradient, { axis: Array.from({ length: added }, (_, i) => i) });
  return reduceSum(sum, { axis: stretchedAxes(target.shape, sum.shape), keepDims: true });
}
