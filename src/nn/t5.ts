import type { Value } from '../graph/graph.ts';
import { add, less, max, min, mul, relu, sub, where } from '../graph/ops/elementwise.ts';
import { gather } from '../graph/ops/gather.ts';
import { gemm } from '../graph/ops/linear.ts';
import { concat, indicesAlong, reshape, shapeOf, transpose } from '../graph/ops/shape.ts';
import type { T5Config } from '../hub/config.ts';
import {
  attend,
  embedding,
  geluNew,
  linear,
  maskBias,
  mergeHeads,
  rmsNorm,
  splitHeads,
} from './layers.ts';
import type { Scope } from './scope.ts';

/** Keys and values of one attention: [batch, heads, time, dKv]. */
export interface KeyValue {
  readonly key: Value;
  readonly value: Value;
}

/**
 * T5's encoder.
 * ids int64 [batch, source], mask float32 [batch, source] (1 = real) -> [batch * source, dModel]
 */
export function encoder(p: Scope, config: T5Config, ids: Value, mask: Value): Value {
  const stack = p.child('encoder');
  const positions = indicesAlong(ids, 1);
  const relative = distances(positions, positions);
  const bias = add(positionBias(stack, config, relative, true), maskBias(mask));
  let x = embedding(p.child('shared'), ids, config.vocabSize, config.dModel);
  for (let i = 0; i < config.layers; i++) {
    const [self, mlp] = [stack.child(`block.${i}.layer.0`), stack.child(`block.${i}.layer.1`)];
    const h = norm(self, config, x);
    const module = self.child('SelfAttention');
    x = add(x, attention(module, config, h, ids, keyValue(module, config, h, ids), bias));
    x = add(x, feedForward(mlp, config, x));
  }
  return rmsNorm(stack.child('final_layer_norm'), x, config.layerNormEpsilon);
}

/** Keys and values of the cross-attention of each decoder block, from the encoder's output. */
export function crossKeyValues(p: Scope, config: T5Config, memory: Value, ids: Value): KeyValue[] {
  return Array.from({ length: config.decoderLayers }, (_, i) =>
    keyValue(p.child(`decoder.block.${i}.layer.1.EncDecAttention`), config, memory, ids),
  );
}

/**
 * T5's decoder over whole responses, each position seeing those before it.
 * ids int64 [batch, target] (the first is the decoder start), sourceMask [batch, source]
 * -> [batch * target, dModel], after the final layer norm
 */
export function decoder(
  p: Scope,
  config: T5Config,
  { ids, cross, sourceMask }: { ids: Value; cross: KeyValue[]; sourceMask: Value },
): Value {
  const positions = indicesAlong(ids, 1);
  const relative = distances(positions, positions);
  const { graph } = ids;
  const hidden = where(less(graph.integers(0), relative), graph.scalar(-1e9), graph.scalar(0));
  const bias = add(positionBias(p.child('decoder'), config, relative, false), hidden);
  const own = (module: Scope, _: number, h: Value) => keyValue(module, config, h, ids);
  return decoderStack(p, config, { ids, bias, cross, crossBias: maskBias(sourceMask), own });
}

/**
 * One step of the decoder: ids int64 [batch, 1] after `past` (time may be 0).
 * @returns hidden [batch, dModel], and keys and values that include this step
 */
export function decoderStep(
  p: Scope,
  config: T5Config,
  input: { ids: Value; past: KeyValue[]; cross: KeyValue[]; sourceMask: Value },
): { hidden: Value; present: KeyValue[] } {
  const { ids, past, cross, sourceMask } = input;
  const present: KeyValue[] = [];
  const own = (module: Scope, i: number, h: Value) => {
    const { key, value } = keyValue(module, config, h, ids);
    present[i] = {
      key: concat(past[i].key, key, { axis: 2, dim: 'keys' }),
      value: concat(past[i].value, value, { axis: 2, dim: 'keys' }),
    };
    return present[i];
  };
  const before = indicesAlong(past[0].key, 2); // 0 … past - 1
  const now = shapeOf(past[0].key, { start: 2, end: 3 }); // [past], the position of this step
  const relative = distances(now, concat(before, now, { axis: 0, dim: 'keys' }));
  const bias = positionBias(p.child('decoder'), config, relative, false);
  const crossBias = maskBias(sourceMask);
  const hidden = decoderStack(p, config, { ids, bias, cross, crossBias, own });
  return { hidden, present };
}

/** hidden [n, dModel] -> logits [n, vocabulary]. A tied head scales by dModel^-1/2 first. */
export function lmHead(p: Scope, config: T5Config, hidden: Value): Value {
  const x = headInput(config, hidden);
  return gemm(x, headWeight(p, config), { transA: false, transB: true });
}

/** What the head multiplies: hidden states, scaled when the head is the embedding table. */
export function headInput({ tiedEmbeddings, dModel }: T5Config, hidden: Value): Value {
  return tiedEmbeddings ? mul(hidden, hidden.graph.scalar(dModel ** -0.5)) : hidden;
}

/** [vocabulary, dModel] */
export function headWeight(p: Scope, { tiedEmbeddings, vocabSize, dModel }: T5Config): Value {
  return p.child(tiedEmbeddings ? 'shared' : 'lm_head').weight('weight', [vocabSize, dModel]);
}

interface Stack {
  ids: Value;
  /** Position bias and causal mask of the self-attention. */
  bias: Value;
  cross: KeyValue[];
  crossBias: Value;
  /** Keys and values of block i's self-attention, for the normed hidden states h. */
  own: (module: Scope, i: number, h: Value) => KeyValue;
}

function decoderStack(
  p: Scope,
  config: T5Config,
  { ids, bias, cross, crossBias, own }: Stack,
): Value {
  const stack = p.child('decoder');
  let x = embedding(p.child('shared'), ids, config.vocabSize, config.dModel);
  for (let i = 0; i < config.decoderLayers; i++) {
    const [self, other, mlp] = [0, 1, 2].map((layer) => stack.child(`block.${i}.layer.${layer}`));
    const h = norm(self, config, x);
    const module = self.child('SelfAttention');
    x = add(x, attention(module, config, h, ids, own(module, i, h), bias));
    const query = norm(other, config, x);
    x = add(x, attention(other.child('EncDecAttention'), config, query, ids, cross[i], crossBias));
    x = add(x, feedForward(mlp, config, x));
  }
  return rmsNorm(stack.child('final_layer_norm'), x, config.layerNormEpsilon);
}

function norm(layer: Scope, { layerNormEpsilon }: T5Config, x: Value): Value {
  return rmsNorm(layer.child('layer_norm'), x, layerNormEpsilon);
}

function keyValue(p: Scope, { heads, dKv }: T5Config, x: Value, ids: Value): KeyValue {
  const [key, value] = ['k', 'v'].map((name) =>
    splitHeads(linear(p.child(name), x, heads * dKv), ids, heads),
  );
  return { key, value };
}

/** T5's attention has no 1/sqrt(dKv): its initialisation takes care of that. */
function attention(
  p: Scope,
  { heads, dKv, dModel }: T5Config,
  x: Value,
  ids: Value,
  { key, value }: KeyValue,
  bias: Value,
): Value {
  const query = splitHeads(linear(p.child('q'), x, heads * dKv), ids, heads);
  return linear(p.child('o'), mergeHeads(attend(query, key, value, bias)), dModel);
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
  return linear(p.child('wo'), inner, config.dModel);
}

/** key position - query position, int64 [queries, keys]. */
function distances(queries: Value, keys: Value): Value {
  return sub(keys, reshape(queries, [queries.shape[0], 1]));
}

/**
 * Relative position bias, learned in block 0 and shared by the whole stack.
 * relative int64 [queries, keys] -> [1, heads, queries, keys]
 */
function positionBias(
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
