import type { DType } from '../../tensor.ts';
import { defineOp, type OpOf, type Value } from '../graph.ts';
import { broadcast } from '../shapes.ts';
import { castTo } from './cast.ts';
import { sumTo } from './shape.ts';

/** The scalar that a value holds, if it is a constant scalar. */
function scalarOf({ source }: Value): number | undefined {
  if (source.kind !== 'constant' || source.tensor.data.length !== 1) return undefined;
  return Number(source.tensor.data[0]);
}

/** The other operand, when one is a scalar that changes nothing. */
function neutral([a, b]: readonly Value[], identity: number): Value | undefined {
  if (b.shape.length === 0 && Object.is(scalarOf(b), identity)) return a;
  if (a.shape.length === 0 && Object.is(scalarOf(a), identity)) return b;
  return undefined;
}

/** The same operands, when one was expanded to the shape of the other: broadcasting does that. */
function unexpanded(a: Value, b: Value): [a: Value, b: Value] | undefined {
  const [small, narrow] = [beforeExpand(a, b), beforeExpand(b, a)];
  if (small) return [small, b];
  return narrow && [a, narrow];
}

function beforeExpand({ source, shape }: Value, other: Value): Value | undefined {
  const isExpand = source.kind === 'op' && source.op.onnx === 'Expand';
  return isExpand && String(shape) === String(other.shape) ? source.inputs[0] : undefined;
}

/** a + b, broadcast. */
export const add: OpOf<[a: Value, b: Value]> = defineOp<[a: Value, b: Value]>({
  onnx: 'Add',
  shape: ([a, b]) => broadcast('add', a.shape, b.shape),
  simplify(inputs) {
    const operands = unexpanded(...inputs);
    return neutral(inputs, 0) ?? (operands && add(...operands));
  },
  gradient: ({ inputs: [a, b], cotangent: dy }) => [sumTo(dy, a), sumTo(dy, b)],
});

/** a - b, broadcast. */
export const sub = defineOp<[a: Value, b: Value]>({
  onnx: 'Sub',
  shape: ([a, b]) => broadcast('sub', a.shape, b.shape),
  simplify: ([a, b]) => (b.shape.length === 0 && scalarOf(b) === 0 ? a : undefined),
  gradient: ({ inputs: [a, b], cotangent: dy }) => [sumTo(dy, a), sumTo(neg(dy), b)],
});

/** a * b, broadcast. */
export const mul: OpOf<[a: Value, b: Value]> = defineOp<[a: Value, b: Value]>({
  onnx: 'Mul',
  shape: ([a, b]) => broadcast('mul', a.shape, b.shape),
  simplify(inputs) {
    const operands = unexpanded(...inputs);
    return neutral(inputs, 1) ?? (operands && mul(...operands));
  },
  gradient: ({ inputs: [a, b], cotangent: dy }) => [sumTo(mul(dy, b), a), sumTo(mul(dy, a), b)],
});

/** a / b, broadcast. */
export const div: OpOf<[a: Value, b: Value]> = defineOp<[a: Value, b: Value]>({
  onnx: 'Div',
  shape: ([a, b]) => broadcast('div', a.shape, b.shape),
  simplify: ([a, b]) => (b.shape.length === 0 && scalarOf(b) === 1 ? a : undefined),
  // y = a / b  =>  da = dy / b, db = -dy a / b^2; b is summed to first: it is often smaller
  gradient: ({ inputs: [a, b], cotangent: dy }) => [
    sumTo(div(dy, b), a),
    neg(div(div(sumTo(mul(dy, a), b), b), b)),
  ],
});

/** Larger of a and b; at a tie all of the gradient goes to a. */
export const max = defineOp<[a: Value, b: Value]>({
  onnx: 'Max',
  shape: ([a, b]) => broadcast('max', a.shape, b.shape),
  gradient({ inputs: [a, b], cotangent: dy }) {
    const toB = mul(dy, castTo(less(a, b), dy.dtype));
    return [sumTo(sub(dy, toB), a), sumTo(toB, b)];
  },
});

/** Smaller of a and b; at a tie all of the gradient goes to a. */
export const min = defineOp<[a: Value, b: Value]>({
  onnx: 'Min',
  shape: ([a, b]) => broadcast('min', a.shape, b.shape),
  gradient({ inputs: [a, b], cotangent: dy }) {
    const toB = mul(dy, castTo(less(b, a), dy.dtype));
    return [sumTo(sub(dy, toB), a), sumTo(toB, b)];
  },
});

/** -x */
export const neg: OpOf<[x: Value]> = defineOp<[x: Value]>({
  onnx: 'Neg',
  shape: ([x]) => x.shape,
  simplify: ([{ source }]) =>
    source.kind === 'op' && source.op.onnx === 'Neg' ? source.inputs[0] : undefined,
  gradient: ({ cotangent: dy }) => [neg(dy)],
});

/** |x|; the gradient at 0 is 0. */
export const abs = defineOp<[x: Value]>({
  onnx: 'Abs',
  shape: ([x]) => x.shape,
  gradient: ({ inputs: [x], cotangent: dy }) => [mul(dy, sign(x))],
});

/** -1, 0 or 1; flat, so nothing flows through it. */
export const sign = defineOp<[x: Value]>({
  onnx: 'Sign',
  shape: ([x]) => x.shape,
  gradient: () => [null],
});

/** e^x */
export const exp = defineOp<[x: Value]>({
  onnx: 'Exp',
  shape: ([x]) => x.shape,
  gradient: ({ output: y, cotangent: dy }) => [mul(dy, y)],
});

/** Natural logarithm. */
export const log = defineOp<[x: Value]>({
  onnx: 'Log',
  shape: ([x]) => x.shape,
  gradient: ({ inputs: [x], cotangent: dy }) => [div(dy, x)],
});

/** Square root. */
export const sqrt = defineOp<[x: Value]>({
  onnx: 'Sqrt',
  shape: ([x]) => x.shape,
  // y = sqrt(x)  =>  dx = dy / 2y
  gradient: ({ output: y, cotangent: dy }) => [div(dy, add(y, y))],
});

/** 1 / x */
export const reciprocal = defineOp<[x: Value]>({
  onnx: 'Reciprocal',
  shape: ([x]) => x.shape,
  // y = 1/x  =>  dx = -dy y^2
  gradient: ({ output: y, cotangent: dy }) => [neg(mul(dy, mul(y, y)))],
});

/** Hyperbolic tangent. */
export const tanh = defineOp<[x: Value]>({
  onnx: 'Tanh',
  shape: ([x]) => x.shape,
  // dx = dy (1 - y^2)
  gradient: ({ output: y, cotangent: dy }) => [sub(dy, mul(dy, mul(y, y)))],
});

/** 1 / (1 + e^-x) */
export const sigmoid = defineOp<[x: Value]>({
  onnx: 'Sigmoid',
  shape: ([x]) => x.shape,
  // dx = dy y (1 - y)
  gradient({ output: y, cotangent: dy }) {
    const dyy = mul(dy, y);
    return [sub(dyy, mul(dyy, y))];
  },
});

/** Gauss error function. */
export const erf = defineOp<[x: Value]>({
  onnx: 'Erf',
  shape: ([x]) => x.shape,
  // dx = dy 2/sqrt(pi) e^(-x^2)
  gradient({ inputs: [x], cotangent: dy }) {
    const slope = mul(exp(neg(mul(x, x))), x.graph.scalar(2 / Math.sqrt(Math.PI)));
    return [mul(dy, slope)];
  },
});

/** max(x, 0) */
export const relu = defineOp<[x: Value]>({
  onnx: 'Relu',
  shape: ([x]) => x.shape,
  gradient: ({ inputs: [x], cotangent: dy }) => [
    mul(dy, castTo(less(x.graph.scalar(0), x), dy.dtype)),
  ],
});

/** Which GELU is meant: the exact one, or its approximation by tanh. */
type Approximate = { readonly approximate: 'none' | 'tanh' };

/** One op, so that a gradient keeps x alone. */
const geluOp: OpOf<[x: Value], Approximate> = defineOp<[x: Value], Approximate>({
  onnx: 'Gelu',
  shape: ([x]) => x.shape,
  gradient: ({ inputs: [x], cotangent: dy, attributes: { approximate } }) => [
    mul(dy, approximate === 'tanh' ? slopeByTanh(x) : slopeByErf(x)),
  ],
});

/** GELU, exact: x Phi(x) = x/2 (1 + erf(x / sqrt 2)). */
export function gelu(x: Value): Value {
  return geluOp(x, { approximate: 'none' });
}

/** GELU by tanh, `gelu_new` in Hugging Face: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
export function geluNew(x: Value): Value {
  return geluOp(x, { approximate: 'tanh' });
}

// y = x Phi(x)  =>  dy/dx = Phi(x) + x phi(x), phi(x) = e^(-x^2 / 2) / sqrt(2 pi)
function slopeByErf(x: Value): Value {
  const half = x.graph.scalar(0.5);
  const below = add(mul(erf(mul(x, x.graph.scalar(Math.SQRT1_2))), half), half);
  const density = exp(mul(mul(x, x), x.graph.scalar(-0.5)));
  return add(below, mul(mul(x, density), x.graph.scalar(1 / Math.sqrt(2 * Math.PI))));
}

// (1 + tanh(u/2)) / 2 = sigmoid(u) with u = x (a + b x^2)
// y = x sigmoid(u)  =>  dy/dx = s (1 + x (1 - s) (a + 3 b x^2)) with s = sigmoid(u)
function slopeByTanh(x: Value): Value {
  const a = 2 * Math.sqrt(2 / Math.PI);
  const [one, slope, three] = [1, a, 3].map((number) => x.graph.scalar(number));
  const curve = mul(mul(x, x), x.graph.scalar(0.044715 * a));
  const s = sigmoid(mul(x, add(curve, slope)));
  const inner = mul(x, add(mul(curve, three), slope)); // x du/dx
  return mul(s, add(mul(inner, sub(one, s)), one));
}

const bool = (): DType => 'bool';

/** a < b */
export const less = defineOp<[a: Value, b: Value]>({
  onnx: 'Less',
  shape: ([a, b]) => broadcast('less', a.shape, b.shape),
  dtype: bool,
});

/** a == b */
export const equal = defineOp<[a: Value, b: Value]>({
  onnx: 'Equal',
  shape: ([a, b]) => broadcast('equal', a.shape, b.shape),
  dtype: bool,
});

/** a where the condition holds, else b. */
export const where: OpOf<[condition: Value, a: Value, b: Value]> = defineOp<
  [condition: Value, a: Value, b: Value]
>({
  onnx: 'Where',
  shape: (inputs) => broadcast('where', ...inputs.map((input) => input.shape)),
  dtype: ([, a]) => a.dtype,
  gradient({ inputs: [condition, a, b], cotangent: dy }) {
    const zero = dy.graph.scalar(0);
    return [null, sumTo(where(condition, dy, zero), a), sumTo(where(condition, zero, dy), b)];
  },
});
