import { int64 } from '../../tensor.ts';
import { defineOp, type OpOf, type Value } from '../graph.ts';
import { product, reduced } from '../shapes.ts';
import { castTo } from './cast.ts';
import { div, equal, mul } from './elementwise.ts';
import {
  encodeReduction,
  expandLike,
  overNothing,
  type ReduceOptions,
  type Reduction,
  reduceSum,
  reduction,
  reshape,
  shapeOf,
  withAxes,
} from './shape.ts';

const meanOp = defineOp<[x: Value], Reduction>({
  onnx: 'ReduceMean',
  shape: ([x], { axes, keepDims }) => reduced(x.shape, axes, keepDims),
  encode: encodeReduction,
  simplify: overNothing,
  gradient({ inputs: [x], cotangent: dy, attributes }) {
    const share = div(withAxes(dy, x, attributes), countAlong(x, attributes.axes));
    return [expandLike(share, x)];
  },
});

const maxOp = defineOp<[x: Value], Reduction>({
  onnx: 'ReduceMax',
  shape: ([x], { axes, keepDims }) => reduced(x.shape, axes, keepDims),
  encode: encodeReduction,
  simplify: overNothing,
  // flows to the largest element; elements that tie share it
  gradient({ inputs: [x], output: y, cotangent: dy, attributes }) {
    const winners = castTo(equal(x, withAxes(y, x, attributes)), 'float32');
    const share = div(winners, reduceSum(winners, { axis: attributes.axes, keepDims: true }));
    return [mul(share, withAxes(dy, x, attributes))];
  },
});

const cumulativeOp: OpOf<[x: Value], { axis: number; backwards: boolean }> = defineOp<
  [x: Value],
  { axis: number; backwards: boolean }
>({
  onnx: 'CumSum',
  shape: ([x]) => x.shape,
  encode: ({ axis, backwards }) => ({
    attributes: { reverse: backwards ? 1 : 0 },
    operands: [int64([axis], [])],
  }),
  // each element is part of the sums from it on
  gradient: ({ cotangent: dy, attributes: { axis, backwards } }) => [
    cumulativeOp(dy, { axis, backwards: !backwards }),
  ],
});

/** Sums of the elements up to each one along an axis, itself included; integers stay integers. */
export function cumulativeSum(x: Value, { axis }: { axis: number }): Value {
  return cumulativeOp(x, { axis, backwards: false });
}

/** Mean along axes. */
export function reduceMean(x: Value, options: ReduceOptions = {}): Value {
  return meanOp(x, reduction(x, options));
}

/** Largest element along axes. */
export function reduceMax(x: Value, options: ReduceOptions = {}): Value {
  return maxOp(x, reduction(x, options));
}

/** Number of elements along some axes, as a float32 scalar. */
function countAlong(x: Value, axes: readonly number[]): Value {
  const count = product(axes.map((axis) => x.shape[axis]));
  if (typeof count === 'number') return x.graph.scalar(count);
  const sizes = axes.map((axis) => castTo(shapeOf(x, { start: axis, end: axis + 1 }), 'float32'));
  return reshape(
    sizes.reduce((all, size) => mul(all, size)),
    [],
  );
}
