/** How hidden states become logits: scale x W^T + b. */
import type { Value } from '../graph/graph.ts';
import { add, mul } from '../graph/ops/elementwise.ts';
import { gather, gatherElements } from '../graph/ops/gather.ts';
import { gemm, likeProduct } from '../graph/ops/linear.ts';
import { reduceSum, reshape } from '../graph/ops/shape.ts';

/** A head over a vocabulary. */
export interface Head {
  /** [vocabulary, width] */
  readonly weight: Value;
  /** @default 1 */
  readonly scale?: number;
  /** [vocabulary] @default none */
  readonly bias?: Value | undefined;
}

/** What the head multiplies: hidden states, scaled where the model was made for that. */
export function headInput({ scale }: Head, hidden: Value): Value {
  return scale === undefined ? hidden : mul(hidden, hidden.graph.scalar(scale));
}

/**
 * x [n, width], from `headInput` -> logits [n, vocabulary]
 * @param factor by which x was multiplied besides: the bias has to be as well
 */
export function logitsOf({ weight, bias }: Head, x: Value, factor?: Value): Value {
  const logits = gemm(x, weight, { transA: false, transB: true });
  return bias ? add(logits, times(bias, factor)) : logits;
}

/**
 * The logit of one label each, as x · W[y]: its gradient is W[y], and no one-hot is ever made.
 * labels int64 [n] -> [n]
 * @param all logits [n, vocabulary] of x
 */
export function labelLogits(
  { weight, bias }: Head,
  x: Value,
  { labels, factor, all }: { labels: Value; factor: Value; all: Value },
): Value {
  const logits = reduceSum(mul(x, gather(weight, labels)), { axis: 1 });
  const own = bias ? add(logits, times(gather(bias, labels), factor)) : logits;
  const [n] = labels.shape;
  const chosen = gatherElements(all, reshape(labels, [n, 1]));
  return likeProduct(own, reshape(chosen, [n]));
}

function times(x: Value, factor: Value | undefined): Value {
  return factor ? mul(x, factor) : x;
}
