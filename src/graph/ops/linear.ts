import { ShapeError } from '../../errors.ts';
import type { DType } from '../../tensor.ts';
import { type Dim, defineOp, type OpOf, type Value } from '../graph.ts';
import { broadcast } from '../shapes.ts';
import { sumTo, swapLast } from './shape.ts';

/** Of bfloat16 operands the result is float32, as it was summed up: narrow.ts says so. @default false */
type Wide = { readonly wide?: boolean };

const resultType = ([a]: readonly Value[], { wide }: Wide): DType => (wide ? 'float32' : a.dtype);

/** Matrix product over the last two axes; leading axes broadcast. */
export const matmul: OpOf<[a: Value, b: Value]> = defineOp<[a: Value, b: Value]>({
  onnx: 'MatMul',
  shape([a, b]) {
    const [rows, inner] = a.shape.slice(-2);
    const [innerB, columns] = b.shape.slice(-2);
    checkInner('matmul', inner, innerB, a, b);
    return [...broadcast('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2)), rows, columns];
  },
  dtype: resultType,
  // y = a b  =>  da = dy b^T, db = a^T dy
  gradient: ({ inputs: [a, b], cotangent: dy }) => [
    sumTo(matmul(dy, swapLast(b)), a),
    sumTo(matmul(swapLast(a), dy), b),
  ],
});

type Sides = {
  readonly transA: boolean;
  readonly transB: boolean;
  /** In float32 also where products are computed in less. @default false */
  readonly exact?: boolean;
} & Wide;

/** Product of two matrices, each transposed or not: [m, k] x [k, n] -> [m, n]. */
export const gemm: OpOf<[a: Value, b: Value], Sides> = defineOp<[a: Value, b: Value], Sides>({
  onnx: 'Gemm',
  shape([a, b], { transA, transB }) {
    const [rows, inner] = transA ? [a.shape[1], a.shape[0]] : a.shape;
    const [innerB, columns] = transB ? [b.shape[1], b.shape[0]] : b.shape;
    checkInner('gemm', inner, innerB, a, b);
    return [rows, columns];
  },
  dtype: resultType,
  encode: ({ transA, transB }) => ({
    attributes: { transA: transA ? 1 : 0, transB: transB ? 1 : 0 },
  }),
  // y = A B with A = a or a^T, B = b or b^T  =>  dA = dy B^T, dB = A^T dy
  gradient({ inputs: [a, b], cotangent: dy, attributes: { transA, transB, ...kind } }) {
    const da = transA
      ? gemm(b, dy, { transA: transB, transB: true, ...kind })
      : gemm(dy, b, { transA: false, transB: !transB, ...kind });
    const db = transB
      ? gemm(dy, a, { transA: true, transB: transA, ...kind })
      : gemm(a, dy, { transA: !transA, transB: false, ...kind });
    return [da, db];
  },
});

/**
 * x, which is an element of a product made in another way: the same number but for rounding. Where products are
 * computed in less than float32 it is that element, so that nobody tells the two apart.
 */
export const likeProduct = defineOp<[x: Value, product: Value]>({
  onnx: 'Identity',
  shape: ([x]) => x.shape,
  reads: 1,
  narrow: 1,
  gradient: ({ cotangent: dy }) => [dy, null],
});

function checkInner(where: string, inner: Dim, innerB: Dim, a: Value, b: Value): void {
  if (inner === innerB) return;
  throw new ShapeError(where, `inner sizes that agree`, `[${a.shape}] and [${b.shape}]`);
}
