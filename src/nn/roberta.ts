import type { Value } from '../graph/graph.ts';
import { add, mul, tanh } from '../graph/ops/elementwise.ts';
import { gather } from '../graph/ops/gather.ts';
import { reshape, slice } from '../graph/ops/shape.ts';
import type { RobertaConfig } from '../hub/config.ts';
import { attend, embedding, gelu, layerNorm, linear, maskBias } from './layers.ts';
import { type Packing, packedRows, type Rows } from './rows.ts';
import type { Scope } from './scope.ts';

/** Texts. */
export interface RobertaInput {
  /** int64 [tokens] */
  readonly ids: Value;
  /** int64 [tokens], from `positionIds` */
  readonly positions: Value;
  readonly packing: Packing;
}

/** RoBERTa as a sequence classifier -> logits [batch, labels]. */
export function robertaClassifier(p: Scope, config: RobertaConfig, input: RobertaInput): Value {
  const hidden = robertaEncoder(p.child('roberta'), config, input);
  const { slots } = input.packing;
  const first = reshape(slice(slots, { axis: 1, start: 0, end: 1 }), [slots.shape[0]]);
  const head = p.child('classifier');
  const pooled = gather(hidden, first); // the <s> tokens, [batch, hidden]
  const h = tanh(linear(head.child('dense'), pooled, config.hidden, { bias: true }));
  return linear(head.child('out_proj'), h, config.labels.length, { bias: true });
}

/** Hidden states after the last layer, [tokens, hidden]. */
function robertaEncoder(
  p: Scope,
  config: RobertaConfig,
  { ids, positions, packing }: RobertaInput,
): Value {
  const { hidden, layerNormEpsilon } = config;
  const tables = p.child('embeddings');
  const words = embedding(tables.child('word_embeddings'), ids, config.vocabSize, hidden);
  const places = embedding(
    tables.child('position_embeddings'),
    positions,
    config.maxPositions,
    hidden,
  );
  const types = tables.child('token_type_embeddings').weight('weight', [config.typeVocab, hidden]);
  const type = reshape(slice(types, { axis: 0, start: 0, end: 1 }), [hidden]);
  let x = layerNorm(tables.child('LayerNorm'), add(add(words, type), places), layerNormEpsilon);
  const [rows, bias] = [packedRows(packing), maskBias(packing.mask)];
  for (let i = 0; i < config.layers; i++) {
    x = encoderLayer(p.child(`encoder.layer.${i}`), config, x, rows, bias);
  }
  return x;
}

/** Attention and feed-forward, each with its residual and a norm behind: x [tokens, hidden]. */
function encoderLayer(
  layer: Scope,
  config: RobertaConfig,
  x: Value,
  rows: Rows,
  bias: Value,
): Value {
  const { hidden, intermediate, layerNormEpsilon: epsilon } = config;
  const dense = (name: string, input: Value, outputs: number) =>
    linear(layer.child(`${name}.dense`), input, outputs, { bias: true });
  const norm = (name: string, sum: Value) =>
    layerNorm(layer.child(`${name}.LayerNorm`), sum, epsilon);
  const attended = dense('attention.output', attention(layer, config, x, rows, bias), hidden);
  const h = norm('attention.output', add(attended, x));
  const wide = gelu(dense('intermediate', h, intermediate));
  return norm('output', add(dense('output', wide, hidden), h));
}

function attention(
  layer: Scope,
  { heads, hidden }: RobertaConfig,
  x: Value,
  rows: Rows,
  bias: Value,
): Value {
  const p = layer.child('attention.self');
  const [query, key, value] = ['query', 'key', 'value'].map((name) =>
    rows.split(linear(p.child(name), x, hidden, { bias: true }), heads),
  );
  const scale = x.graph.scalar((hidden / heads) ** -0.5);
  return rows.merge(attend(mul(query, scale), { key, value }, bias));
}

/**
 * RoBERTa's position ids: real tokens count from padId + 1, padding gets padId. As in Hugging Face
 * they follow the ids, not the mask.
 */
export function positionIds(ids: readonly number[], padId: number): number[] {
  let count = padId;
  return ids.map((id) => (id === padId ? padId : ++count));
}
