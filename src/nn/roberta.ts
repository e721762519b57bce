import type { Value } from '../graph/graph.ts';
import { add, mul, tanh } from '../graph/ops/elementwise.ts';
import { reshape, reshapeRows, slice } from '../graph/ops/shape.ts';
import type { RobertaConfig } from '../hub/config.ts';
import {
  attend,
  embedding,
  gelu,
  layerNorm,
  linear,
  maskBias,
  mergeHeads,
  splitHeads,
} from './layers.ts';
import type { Scope } from './scope.ts';

/** Padded texts. */
export interface RobertaInput {
  /** int64 [batch, time] */
  readonly ids: Value;
  /** int64 [batch, time], from `positionIds` */
  readonly positions: Value;
  /** float32 [batch, time], 1 = real and 0 = padding */
  readonly mask: Value;
}

/** RoBERTa as a sequence classifier -> logits [batch, labels]. */
export function robertaClassifier(p: Scope, config: RobertaConfig, input: RobertaInput): Value {
  const hidden = robertaEncoder(p.child('roberta'), config, input);
  const rows = reshapeRows(hidden, input.ids, [config.hidden]);
  const first = slice(rows, { axis: 1, start: 0, end: 1 }); // the <s> token, [batch, 1, hidden]
  const head = p.child('classifier');
  const pooled = reshape(first, [input.ids.shape[0], config.hidden]);
  const h = tanh(linear(head.child('dense'), pooled, config.hidden, { bias: true }));
  return linear(head.child('out_proj'), h, config.labels.length, { bias: true });
}

/** Hidden states after the last layer, [batch * time, hidden]. */
function robertaEncoder(
  p: Scope,
  config: RobertaConfig,
  { ids, positions, mask }: RobertaInput,
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
  const bias = maskBias(mask);
  for (let i = 0; i < config.layers; i++) {
    x = encoderLayer(p.child(`encoder.layer.${i}`), config, x, ids, bias);
  }
  return x;
}

/** Attention and feed-forward, each with its residual and a norm behind: x [tokens, hidden]. */
function encoderLayer(
  layer: Scope,
  config: RobertaConfig,
  x: Value,
  ids: Value,
  bias: Value,
): Value {
  const { hidden, intermediate, layerNormEpsilon: epsilon } = config;
  const dense = (name: string, input: Value, outputs: number) =>
    linear(layer.child(`${name}.dense`), input, outputs, { bias: true });
  const norm = (name: string, sum: Value) =>
    layerNorm(layer.child(`${name}.LayerNorm`), sum, epsilon);
  const attended = dense('attention.output', attention(layer, config, x, ids, bias), hidden);
  const h = norm('attention.output', add(attended, x));
  const wide = gelu(dense('intermediate', h, intermediate));
  return norm('output', add(dense('output', wide, hidden), h));
}

function attention(
  layer: Scope,
  { heads, hidden }: RobertaConfig,
  x: Value,
  ids: Value,
  bias: Value,
): Value {
  const p = layer.child('attention.self');
  const [query, key, value] = ['query', 'key', 'value'].map((name) =>
    splitHeads(linear(p.child(name), x, hidden, { bias: true }), ids, heads),
  );
  const scale = x.graph.scalar((hidden / heads) ** -0.5);
  return mergeHeads(attend(mul(query, scale), key, value, bias));
}

/**
 * RoBERTa's position ids: real tokens count from padId + 1, padding gets padId. As in Hugging Face
 * they follow the ids, not the mask.
 */
export function positionIds(ids: readonly number[], padId: number): number[] {
  let count = padId;
  return ids.map((id) => (id === padId ? padId : ++count));
}
