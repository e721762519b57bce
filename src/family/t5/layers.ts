import type { Value } from '../../graph/graph.ts';
import {
  add,
  geluNew,
  less,
  max,
  min,
  mul,
  relu,
  sub,
  where,
} from '../../graph/ops/elementwise.ts';
import { gather } from '../../graph/ops/gather.ts';
import { gemm, matmul } from '../../graph/ops/linear.ts';
import {
  concat,
  cut,
  indicesAlong,
  reduceSum,
  reshape,
  shapeOf,
  transpose,
} from '../../graph/ops/shape.ts';
import { softmax } from '../../graph/ops/softmax.ts';
import { drop, dropWeights } from '../../nn/dropout.ts';
import { attend, embedding, type KeyValue, linear, maskBias, rmsNorm } from '../../nn/layers.ts';
import { type Packing, packedRows, type Rows, type Split, singleRows } from '../../nn/rows.ts';
import type { Scope } from '../../nn/scope.ts';
import type { T5Config } from '../config.ts';

/** T5's encoder: ids int64 [tokens] -> [tokens, dModel]. */
export function encoder(p: Scope, config: T5Config, ids: Value, packing: Packing): Value {
  const stack = p.child('encoder');
  const rows = packedRows(packing);
  const positions = indicesAlong(packing.slots, 1);
  const relative = distances(positions, positions);
  const bias = add(positionBias(stack, config, relative, true), maskBias(packing.mask));
  let x = embedded(p, stack, ids, config);
  for (let i = 0; i < config.layers; i++) {
    const [self, mlp] = [stack.child(`block.${i}.layer.0`), stack.child(`block.${i}.layer.1`)];
    x = stack.segment([x], (start) => {
      const h = norm(self, config, start);
      const module = self.child('SelfAttention');
      const own = keyValue(module, config, h, rows.split);
      const to = (query: Value) => attend(query, own, bias, dropped(module, rows));
      const x = add(start, drop(self, attention(module, config, h, rows, to)));
      return add(x, drop(mlp, feedForward(mlp, config, x)));
    });
  }
  return ended(stack, config, x);
}

/** Keys and values of the cross-attention of each decoder block, from the encoder's output. */
export function crossKeyValues(
  p: Scope,
  config: T5Config,
  memory: Value,
  split: Split,
): KeyValue[] {
  return Array.from({ length: config.decoderLayers }, (_, i) =>
    keyValue(p.child(`decoder.block.${i}.layer.1.EncDecAttention`), config, memory, split),
  );
}

/** What the decoder attends to, and how it is masked. */
export interface Cross {
  readonly keyValues: readonly KeyValue[];
  /** [batch, 1, 1, source] */
  readonly bias: Value;
}

/**
 * T5's decoder over whole responses, each position seeing those before it.
 * ids int64 [tokens] (the first of each row is the decoder start) -> [tokens, dModel], after the
 * final layer norm
 */
export function decoder(
  p: Scope,
  config: T5Config,
  { ids, packing, cross }: { ids: Value; packing: Packing; cross: Cross },
): Value {
  const rows = packedRows(packing);
  const positions = indicesAlong(packing.slots, 1);
  const relative = distances(positions, positions);
  const { graph } = ids;
  const later = where(less(graph.integers(0), relative), graph.scalar(-1e9), graph.scalar(0));
  const bias = add(positionBias(p.child('decoder'), config, relative, false), later);
  return decoderStack(p, config, ids, { rows, cross }, (module, _, h, query) =>
    attend(query, keyValue(module, config, h, rows.split), bias, dropped(module, rows)),
  );
}

/** Keys and values of the positions before a step: [1 + past, batch, heads, dKv], the first unused. */
export type Past = KeyValue;

/**
 * One step of the decoder: ids int64 [batch].
 * @returns hidden [batch, dModel], and keys and values of this step, [1, batch, heads, dKv]
 */
export function decoderStep(
  p: Scope,
  config: T5Config,
  { ids, past, cross }: { ids: Value; past: readonly Past[]; cross: Cross },
): { hidden: Value; present: KeyValue[] } {
  const present: KeyValue[] = [];
  const bias = stepBias(p, config, past[0].key);
  const hidden = decoderStack(
    p,
    config,
    ids,
    { rows: singleRows, cross },
    (module, i, h, query) => {
      const own = keyValue(module, config, h, singleRows.split);
      const { heads, dKv } = config;
      const asRow = (x: Value) => reshape(x, [1, x.shape[0], heads, dKv]);
      present[i] = { key: asRow(own.key), value: asRow(own.value) };
      return attendStep(query, past[i], own, bias, dropped(module, singleRows, 1));
    },
  );
  return { hidden, present };
}

/**
 * Attention of one position to those before it and to itself, without a copy of the past.
 * query, own [batch, heads, 1, dKv] -> [batch, heads, 1, dKv]
 */
function attendStep(
  query: Value,
  past: Past,
  own: KeyValue,
  bias: Value,
  dropped: (weights: Value) => Value,
): Value {
  const before = matmul(query, transpose(past.key, { perm: [1, 2, 3, 0] }));
  const self = reduceSum(mul(query, own.key), { axis: -1, keepDims: true });
  const scores = add(concat(before, self, { axis: 3, dim: 'keys' }), bias);
  const weights = dropped(softmax(scores, { axis: -1 }));
  const border = shapeOf(past.key, { start: 0, end: 1 });
  const [toPast, toSelf] = cut(weights, border, { axis: 3, dims: [past.key.shape[0], 1] });
  const seen = matmul(toPast, transpose(past.value, { perm: [1, 2, 0, 3] }));
  return add(seen, mul(toSelf, own.value));
}

/** Position bias of a step, [1, heads, 1, keys]; the unused first row of the past is masked. */
function stepBias(p: Scope, config: T5Config, past: Value): Value {
  const { graph } = past;
  const rows = indicesAlong(past, 0);
  const now = shapeOf(past, { start: 0, end: 1 });
  // row j of the past holds position j - 1, and the step is at position past - 1
  const relative = distances(now, concat(rows, now, { axis: 0, dim: 'keys' }));
  const unused = where(
    less(relative, sub(graph.integers(1), now)),
    graph.scalar(-1e9),
    graph.scalar(0),
  );
  return add(positionBias(p.child('decoder'), config, relative, false), unused);
}

/** hidden [n, dModel] -> logits [n, vocabulary]. */
export function lmHead(p: Scope, config: T5Config, hidden: Value): Value {
  const x = headInput(config, hidden);
  return gemm(x, headWeight(p, config), { transA: false, transB: true });
}

/** What the head multiplies: hidden states, scaled where the model was made for that. */
export function headInput({ scaledOutput, dModel }: T5Config, hidden: Value): Value {
  return scaledOutput ? mul(hidden, hidden.graph.scalar(dModel ** -0.5)) : hidden;
}

/** The head's own matrix, or the table of embeddings: [vocabulary, dModel]. */
export function headWeight(p: Scope, { ownHead, vocabSize, dModel }: T5Config): Value {
  return p.child(ownHead ? 'lm_head' : 'shared').weight('weight', [vocabSize, dModel]);
}

/** Self-attention of block i for the queries of the normed hidden states h. */
export type SelfAttention = (module: Scope, i: number, h: Value, query: Value) => Value;

export function decoderStack(
  p: Scope,
  config: T5Config,
  ids: Value,
  { rows, cross }: { rows: Rows; cross: Cross },
  selfAttention: SelfAttention,
): Value {
  const stack = p.child('decoder');
  let x = embedded(p, stack, ids, config);
  for (let i = 0; i < config.decoderLayers; i++) {
    const [self, other, mlp] = [0, 1, 2].map((layer) => stack.child(`block.${i}.layer.${layer}`));
    x = stack.segment([x], (start) => {
      const module = self.child('SelfAttention');
      const h = norm(self, config, start);
      const toSelf = (query: Value) => selfAttention(module, i, h, query);
      let x = add(start, drop(self, attention(module, config, h, rows, toSelf)));
      const reading = other.child('EncDecAttention');
      const toCross = (query: Value) =>
        attend(query, cross.keyValues[i], cross.bias, dropped(reading, rows));
      const asked = norm(other, config, x);
      x = add(x, drop(other, attention(reading, config, asked, rows, toCross)));
      return add(x, drop(mlp, feedForward(mlp, config, x)));
    });
  }
  return ended(stack, config, x);
}

/** What a stack begins with. */
function embedded(p: Scope, stack: Scope, ids: Value, { vocabSize, dModel }: T5Config): Value {
  return drop(stack.child('embed_tokens'), embedding(p.child('shared'), ids, vocabSize, dModel));
}

/** What a stack ends with. */
function ended(stack: Scope, { layerNormEpsilon }: T5Config, x: Value): Value {
  const last = stack.child('final_layer_norm');
  return drop(last, rmsNorm(last, x, layerNormEpsilon));
}

/** Drops attention weights of a module, whose keys have position 0 at the index `first`. */
function dropped(module: Scope, rows: Rows, first = 0): (weights: Value) => Value {
  return (weights) => dropWeights(module, weights, rows, first);
}

function norm(layer: Scope, { layerNormEpsilon }: T5Config, x: Value): Value {
  return rmsNorm(layer.child('layer_norm'), x, layerNormEpsilon);
}

export function keyValue(p: Scope, { heads, dKv }: T5Config, x: Value, split: Split): KeyValue {
  const [key, value] = ['k', 'v'].map((name) =>
    split(linear(p.child(name), x, heads * dKv), heads),
  );
  return { key, value };
}

/** T5's attention has no 1/sqrt(dKv): its initialisation takes care of that. */
function attention(
  p: Scope,
  { heads, dKv, dModel }: T5Config,
  x: Value,
  rows: Rows,
  attends: (query: Value) => Value,
): Value {
  const query = rows.split(linear(p.child('q'), x, heads * dKv), heads);
  return linear(p.child('o'), rows.merge(attends(query)), dModel);
}

/** relu: wo(relu(wi x)); gated-gelu: wo(gelu(wi_0 x) * wi_1 x). */
function feedForward(layer: Scope, config: T5Config, x: Value): Value {
  const p = layer.child('DenseReluDense');
  const h = norm(layer, config, x);
  const inner =
    config.feedForward === 'relu'
      ? relu(linear(p.child('wi'), h, config.dFf))
      : mul(
          geluNew(linear(p.child('wi_0'), h, config.dFf)),
          linear(p.child('wi_1'), h, config.dFf),
        );
  return linear(p.child('wo'), drop(p, inner), config.dModel);
}

/** key position - query position, int64 [queries, keys]. */
export function distances(queries: Value, keys: Value): Value {
  return sub(keys, reshape(queries, [queries.shape[0], 1]));
}

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
