import type { Value } from '../../graph/graph.ts';
import { add, max, min } from '../../graph/ops/elementwise.ts';
import { gather } from '../../graph/ops/gather.ts';
import { reshape, transpose } from '../../graph/ops/shape.ts';
import type { Scope } from '../../nn/scope.ts';
import type { T5Config } from './config.ts';

/**
 * Relative position bias, learned in block 0 and shared by the whole stack.
 * relative int64 [queries, keys] -> [1, heads, queries, keys]
 */
export function positionBias(
  stack: Scope,
  { relativeBuckets, relativeMaxDistance, heads }: T5Config,
  relative: Value,
  bidirectional: boolean,
): Value {
  const { graph } = relative;
  const attention = stack.child('block.0.layer.0.SelfAttention.relative_attention_bias');
  const table = attention.weight('weight', [relativeBuckets, heads]);
  // from maxDistance on every distance has the last bucket, so 2 maxDistance + 1 rows are enough
  const reach = relativeMaxDistance;
  const buckets = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    relativeBucket(i - reach, { bidirectional, buckets: relativeBuckets, maxDistance: reach }),
  );
  const byDistance = gather(table, graph.integers(buckets)); // [2 reach + 1, heads]
  const near = min(max(relative, graph.integers(-reach)), graph.integers(reach));
  const bias = gather(byDistance, add(near, graph.integers(reach))); // [queries, keys, heads]
  return reshape(transpose(bias, { perm: [2, 0, 1] }), [1, heads, ...relative.shape]);
}

interface Buckets {
  readonly bidirectional: boolean;
  readonly buckets: number;
  readonly maxDistance: number;
}

/**
 * T5's bucket of a relative position (key - query): exact when near, logarithmic when far.
 * In float32 steps, as PyTorch computes it: a bucket's border must not move.
 * @see Raffel et al. 2020, https://arxiv.org/abs/1910.10683; T5Attention._relative_position_bucket
 */
export function relativeBucket(
  relative: number,
  { bidirectional, buckets, maxDistance }: Buckets,
): number {
  const side = bidirectional ? buckets >> 1 : buckets;
  const offset = bidirectional && relative > 0 ? side : 0;
  const distance = bidirectional ? Math.abs(relative) : Math.max(-relative, 0);
  const exact = side >> 1;
  if (distance < exact) return offset + distance;
  const { fround } = Math;
  const share = fround(
    fround(Math.log(fround(distance / exact))) / fround(Math.log(maxDistance / exact)),
  );
  const far = exact + Math.trunc(fround(share * (side - exact)));
  return offset + Math.min(far, side - 1);
}
