import type { Value } from '../graph/graph.ts';
import { abs, add, div, less, mul, sqrt, sub, where } from '../graph/ops/elementwise.ts';
import { gather } from '../graph/ops/gather.ts';
import { gemm, matmul } from '../graph/ops/linear.ts';
import { layerNormalization } from '../graph/ops/norm.ts';
import { reduceMean } from '../graph/ops/reduce.ts';
import { reshape, slice, swapLast } from '../graph/ops/shape.ts';
import { softmax } from '../graph/ops/softmax.ts';
import { drop } from './dropout.ts';
import type { Scope } from './scope.ts';

/** Rows of a table for ids [tokens] -> [tokens, width]. */
export function embedding(p: Scope, ids: Value, size: number, width: number): Value {
  return gather(p.weight('weight', [size, width]), ids);
}

/**
 * x W^T (+ b) (+ the adapter's s x A^T B^T): x [tokens, in] -> [tokens, outputs].
 * @param how `exact`: in float32 also where products are computed in less
 */
export function linear(
  p: Scope,
  x: Value,
  outputs: number,
  { bias = false, exact = false } = {},
): Value {
  const inputs = x.shape[1] as number;
  const byRows = { transA: false, transB: true, ...(exact && { exact }) };
  const lora = p.lora(inputs, outputs);
  let y = gemm(x, p.weight('weight', [outputs, inputs]), byRows);
  if (lora) {
    const low = mul(gemm(drop(p, x, 'adapter'), lora.a, byRows), x.graph.scalar(lora.scale)); // [tokens, rank]
    y = add(y, gemm(low, lora.b, byRows));
  }
  return bias ? add(y, p.weight('bias', [outputs])) : y;
}

/** T5's layer norm: x / sqrt(mean(x^2) + epsilon) * weight; no mean, no bias. */
export function rmsNorm(p: Scope, x: Value, epsilon: number): Value {
  const width = x.shape[1] as number;
  const variance = reduceMean(mul(x, x), { axis: -1, keepDims: true });
  const deviation = sqrt(add(variance, x.graph.scalar(epsilon)));
  return mul(div(x, deviation), p.weight('weight', [width]));
}

/** Layer norm with mean, weight and, unless a model has none, bias. */
export function layerNorm(p: Scope, x: Value, epsilon: number, { bias = true } = {}): Value {
  const width = x.shape[1] as number;
  const weight = p.weight('weight', [width]);
  const shift = bias ? [p.weight('bias', [width])] : [];
  return layerNormalization(x, weight, ...shift, { epsilon });
}

/** act(a) b of the two halves a and b of x: [tokens, 2 width] -> [tokens, width]. With GELU it is GeGLU. */
export function gated(x: Value, activation: (a: Value) => Value): Value {
  const width = (x.shape[1] as number) / 2;
  const [a, b] = [0, width].map((start) => slice(x, { axis: 1, start, end: start + width }));
  return mul(activation(a), b);
}

/** Keys and values of one attention: [batch, heads, time, size]. */
export interface KeyValue {
  readonly key: Value;
  readonly value: Value;
}

/**
 * softmax(query key^T + bias) value for each head.
 * query [batch, heads, target, size], key and value [batch, heads, source, size],
 * bias broadcasts to [batch, heads, target, source] -> [batch, heads, target, size]
 */
export function attend(
  query: Value,
  { key, value }: KeyValue,
  bias: Value,
  dropped: (weights: Value) => Value = (weights) => weights,
): Value {
  const scores = add(matmul(query, swapLast(key)), bias);
  return matmul(dropped(softmax(scores, { axis: -1 })), value);
}

/** mask [batch, source], 1 = real and 0 = padding -> 0 or -1e9, [batch, 1, 1, source]. */
export function maskBias(mask: Value): Value {
  const [batch, source] = mask.shape;
  const bias = mul(sub(mask, mask.graph.scalar(1)), mask.graph.scalar(1e9));
  return reshape(bias, [batch, 1, 1, source]);
}

/** 0 where two places are at most `reach` apart, else -1e9: places int64 [time] -> [time, time]. */
export function windowBias(places: Value, reach: number): Value {
  const { graph } = places;
  const apart = abs(sub(places, reshape(places, [places.shape[0], 1])));
  return where(less(graph.integers(reach), apart), graph.scalar(-1e9), graph.scalar(0));
}
