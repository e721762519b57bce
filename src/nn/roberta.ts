import type { Value } from '../graph/graph.ts';
import { add, mul, tanh } from '../graph/ops/elementwise.ts';
import { gather } from '../graph/ops/gather.ts';
import { reshape, slice } from '../graph/ops/shape.ts';
import type { RobertaConfig } from '../hub/config.ts';
import { attend, embedding, gelu, layerNorm, linear, maskBias } from './layers.ts';
import { type Packing, packedRows, type Rows, singleRows } from './rows.ts';
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
  const pooled = firstHidden(p.child('roberta'), config, input);
  const head = p.child('classifier');
  const h = tanh(linear(head.child('dense'), pooled, config.hidden, { bias: true }));
  return linear(head.child('out_proj'), h, config.labels.length, { bias: true });
}

/** Hidden states after the last layer of the <s> tokens, which alone are read: [batch, hidden]. */
function firstHidden(p: Scope, config: RobertaConfig, input: RobertaInput): Value {
  const { packing } = input;
  const { slots } = packing;
  const layer = (i: number) => p.child(`encoder.layer.${i}`);
  const memory = { rows: packedRows(packing), bias: maskBias(packing.mask) };
  let x = embeddings(p.child('embeddings'), config, input);
  for (let i = 0; i < config.layers - 1; i++) {
    x = encoderLayer(layer(i), config, { x, rows: memory.rows }, { x, ...memory });
  }
  const first = reshape(slice(slots, { axis: 1, start: 0, end: 1 }), [slots.shape[0]]);
  const firsts = { x: gather(x, first), rows: singleRows };
  return encoderLayer(layer(config.layers - 1), config, firsts, { x, ...memory });
}

/** Words, places and the only type, normed: [tokens, hidden]. */
function embeddings(p: Scope, config: RobertaConfig, { ids, positions }: RobertaInput): Value {
  const { hidden, vocabSize, maxPositions, typeVocab, layerNormEpsilon } = config;
  const words = embedding(p.child('word_embeddings'), ids, vocabSize, hidden);
  const places = embedding(p.child('position_embeddings'), positions, maxPositions, hidden);
  const types = p.child('token_type_embeddings').weight('weight', [typeVocab, hidden]);
  const type = reshape(slice(types, { axis: 0, start: 0, end: 1 }), [hidden]);
  return layerNorm(p.child('LayerNorm'), add(add(words, type), places), layerNormEpsilon);
}

/** Hidden states that attend: x [tokens, hidden]. */
interface Readers {
  readonly x: Value;
  readonly rows: Rows;
}

/** Hidden states attended to: x [tokens, hidden], bias [batch, 1, 1, time]. */
interface Memory extends Readers {
  readonly bias: Value;
}

/** Attention and feed-forward, each with its residual and a norm behind -> the readers' x. */
function encoderLayer(
  layer: Scope,
  config: RobertaConfig,
  readers: Readers,
  memory: Memory,
): Value {
  const { hidden, intermediate, layerNormEpsilon: epsilon } = config;
  const dense = (name: string, input: Value, outputs: number) =>
    linear(layer.child(`${name}.dense`), input, outputs, { bias: true });
  const norm = (name: string, sum: Value) =>
    layerNorm(layer.child(`${name}.LayerNorm`), sum, epsilon);
  const attended = dense('attention.output', attention(layer, config, readers, memory), hidden);
  const h = norm('attention.output', add(attended, readers.x));
  const wide = gelu(dense('intermediate', h, intermediate));
  return norm('output', add(dense('output', wide, hidden), h));
}

function attention(
  layer: Scope,
  { heads, hidden }: RobertaConfig,
  readers: Readers,
  memory: Memory,
): Value {
  const split = ({ x, rows }: Readers, name: string) =>
    rows.split(linear(layer.child(`attention.self.${name}`), x, hidden, { bias: true }), heads);
  const query = split(readers, 'query');
  const [key, value] = ['key', 'value'].map((name) => split(memory, name));
  const scale = query.graph.scalar((hidden / heads) ** -0.5);
  return readers.rows.merge(attend(mul(query, scale), { key, value }, memory.bias));
}

/**
 * RoBERTa's position ids: real tokens count from padId + 1, padding gets padId. As in Hugging Face
 * they follow the ids, not the mask.
 */
export function positionIds(ids: readonly number[], padId: number): number[] {
  let count = padId;
  return ids.map((id) => (id === padId ? padId : ++count));
}
