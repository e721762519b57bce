import { defineOp, type Value } from '../graph.ts';
import { add, exp, log, mul, sub } from './elementwise.ts';
import { reduceMax } from './reduce.ts';
import { reduceSum, reshape } from './shape.ts';

/** Softmax over one axis; the output has the input's shape. */
export const softmax = defineOp<[x: Value], { axis: number }>({
  onnx: 'Softmax',
  shape: ([x]) => x.shape,
  // y = softmax(x)  =>  dx = y * (dy - sum(dy * y, axis))
  gradient({ cotangent: dy, output: y, attributes: { axis } }) {
    const projection = reduceSum(mul(dy, y), { axis, keepDims: true });
    return [mul(y, sub(dy, projection))];
  },
});

/** x, through which nothing flows back. */
export const stopGradient = defineOp<[x: Value]>({
  onnx: 'Identity',
  shape: ([x]) => x.shape,
  gradient: () => [null],
});

/** log(sum(e^x)) over the last axis, which goes away; the gradient is softmax(x). */
export function logSumExp(x: Value): Value {
  // shifted by the largest element; the shift cancels, so nothing needs to flow through it
  const largest = stopGradient(reduceMax(x, { axis: -1, keepDims: true }));
  const total = reduceSum(exp(sub(x, largest)), { axis: -1 });
  return add(log(total), reshape(largest, total.shape));
}
