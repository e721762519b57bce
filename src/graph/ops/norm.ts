import { defineOp, type OpOf, type Value } from '../graph.ts';
import { add, div, mul, sqrt, sub } from './elementwise.ts';
import { reduceMean } from './reduce.ts';
import { sumTo } from './shape.ts';

type Inputs = [x: Value, weight: Value, ...bias: Value[]];
type Epsilon = { readonly epsilon: number };

/**
 * (x - mean) / sqrt(variance + epsilon) * weight (+ bias) over the last axis; weight and bias have its
 * size alone. One op, so that a gradient keeps x alone.
 */
export const layerNormalization: OpOf<Inputs, Epsilon> = defineOp<Inputs, Epsilon>({
  onnx: 'LayerNormalization',
  shape: ([x]) => x.shape,
  encode: ({ epsilon }) => ({ attributes: { axis: -1, epsilon: { float: epsilon } } }),
  // n = (x - mean) / d, y = n w + b, and with g = dy w  =>  dx = (g - mean(g) - n mean(g n)) / d
  gradient({ inputs: [x, weight, ...bias], cotangent: dy, attributes: { epsilon } }) {
    const mean = (value: Value) => reduceMean(value, { axis: -1, keepDims: true });
    const centered = sub(x, mean(x));
    const deviation = sqrt(add(mean(mul(centered, centered)), x.graph.scalar(epsilon)));
    const normal = div(centered, deviation);
    const g = mul(dy, weight);
    const flat = sub(sub(g, mean(g)), mul(normal, mean(mul(g, normal))));
    const dx = div(flat, deviation);
    return [dx, sumTo(mul(dy, normal), weight), ...bias.map((one) => sumTo(dy, one))];
  },
});
