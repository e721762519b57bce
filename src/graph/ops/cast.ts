import type { DType } from '../../tensor.ts';
import { defineOp, type OpOf, type Value } from '../graph.ts';
import { onnxTypes } from '../onnx-types.ts';

/** Another element type; gradients flow from float type to float type alone. */
const cast: OpOf<[x: Value], { to: DType }> = defineOp<[x: Value], { to: DType }>({
  onnx: 'Cast',
  shape: ([x]) => x.shape,
  dtype: (_, { to }) => to,
  simplify: ([x], { to }) => (x.dtype === to ? x : undefined),
  encode: ({ to }) => ({ attributes: { to: onnxTypes[to] } }),
  gradient: ({ inputs: [x], cotangent: dy, attributes: { to } }) => [
    isFloat(x.dtype) && isFloat(to) ? cast(dy, { to: x.dtype }) : null,
  ],
});

/** x as another element type: bool becomes 0 or 1. */
export function castTo(x: Value, to: DType): Value {
  return cast(x, { to });
}

function isFloat(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';
}
