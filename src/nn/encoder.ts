import type { BertConfig, ClassifierConfig } from '../family/classifier-config.ts';
import type { Value } from '../graph/graph.ts';
import { add, geluNew, mul, relu, tanh } from '../graph/ops/elementwise.ts';
import { gather } from '../graph/ops/gather.ts';
import { reshape, slice } from '../graph/ops/shape.ts';
import { attend, embedding, gelu, layerNorm, linear, maskBias } from './layers.ts';
import { type Packing, packedRows, type Rows, singleRows } from './rows.ts';
import type { Scope } from './scope.ts';

/** Texts. */
export interface EncoderInput {
  /** int64 [tokens] */
  readonly ids: Value;
  /** int64 [tokens], from `positionIds` */
  readonly positions: Value;
  /** int64 [tokens]: 0 or 1, where the model `hasSegments`. @default all 0 */
  readonly segments?: Value | undefined;
  readonly packing: Packing;
}

/** Where the parts of a layer are, from the layer's path; all else has one name in all families. */
interface LayerNames {
  readonly layer: string;
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly attended: string;
  readonly attendedNorm: string;
  readonly wide: string;
  readonly output: string;
  readonly outputNorm: string;
}

const bertNames: LayerNames = {
  layer: 'encoder.layer',
  query: 'attention.self.query',
  key: 'attention.self.key',
  value: 'attention.self.value',
  attended: 'attention.output.dense',
  attendedNorm: 'attention.output.LayerNorm',
  wide: 'intermediate.dense',
  output: 'output.dense',
  outputNorm: 'output.LayerNorm',
};

const distilNames: LayerNames = {
  layer: 'transformer.layer',
  query: 'attention.q_lin',
  key: 'attention.k_lin',
  value: 'attention.v_lin',
  attended: 'attention.out_lin',
  attendedNorm: 'sa_layer_norm',
  wide: 'ffn.lin1',
  output: 'ffn.lin2',
  outputNorm: 'output_layer_norm',
};

const activations = { gelu, gelu_new: geluNew, relu };

/** BERT, DistilBERT or RoBERTa as a sequence classifier -> logits [batch, labels]. */
export function textClassifier(p: Scope, config: ClassifierConfig, input: EncoderInput): Value {
  const { hidden, labels } = config;
  const dense = (scope: Scope, x: Value, outputs: number) =>
    linear(scope, x, outputs, { bias: true });
  switch (config.modelType) {
    case 'bert': {
      const first = firstHidden(p.child('bert'), config, input);
      const pooled = tanh(dense(p.child('bert.pooler.dense'), first, hidden));
      return dense(p.child('classifier'), pooled, labels.length);
    }
    case 'distilbert': {
      const first = firstHidden(p.child('distilbert'), config, input);
      const pooled = relu(dense(p.child('pre_classifier'), first, hidden));
      return dense(p.child('classifier'), pooled, labels.length);
    }
    default: {
      const first = firstHidden(p.child('roberta'), config, input);
      const pooled = tanh(dense(p.child('classifier.dense'), first, hidden));
      return dense(p.child('classifier.out_proj'), pooled, labels.length);
    }
  }
}

/** Hidden states after the last layer of the first tokens, which alone are read: [batch, hidden]. */
function firstHidden(p: Scope, config: ClassifierConfig, input: EncoderInput): Value {
  const { packing } = input;
  const { slots } = packing;
  const names = config.modelType === 'distilbert' ? distilNames : bertNames;
  const layer = (i: number) => p.child(`${names.layer}.${i}`);
  const memory = { rows: packedRows(packing), bias: maskBias(packing.mask) };
  let x = embeddings(p.child('embeddings'), config, input);
  for (let i = 0; i < config.layers - 1; i++) {
    x = encoderLayer({ p: layer(i), names }, config, { x, rows: memory.rows }, { x, ...memory });
  }
  const first = reshape(slice(slots, { axis: 1, start: 0, end: 1 }), [slots.shape[0]]);
  const firsts = { x: gather(x, first), rows: singleRows };
  const last = { p: layer(config.layers - 1), names };
  return encoderLayer(last, config, firsts, { x, ...memory });
}

/** Words, places and, where there are types, those of the segments, normed: [tokens, hidden]. */
function embeddings(p: Scope, config: ClassifierConfig, input: EncoderInput): Value {
  const { ids, positions, segments } = input;
  const { hidden, vocabSize, maxPositions, layerNormEpsilon } = config;
  const words = embedding(p.child('word_embeddings'), ids, vocabSize, hidden);
  const places = embedding(p.child('position_embeddings'), positions, maxPositions, hidden);
  const typed = 'typeVocab' in config ? add(words, types(p, config, segments)) : words;
  return layerNorm(p.child('LayerNorm'), add(typed, places), layerNormEpsilon);
}

/** What each token gets for its segment [tokens, hidden], or all of them for the first one [hidden]. */
function types(
  p: Scope,
  { typeVocab, hidden }: Pick<BertConfig, 'typeVocab' | 'hidden'>,
  segments: Value | undefined,
): Value {
  const place = p.child('token_type_embeddings');
  if (segments) return embedding(place, segments, typeVocab, hidden);
  const table = place.weight('weight', [typeVocab, hidden]);
  return reshape(slice(table, { axis: 0, start: 0, end: 1 }), [hidden]);
}

/** Whether the texts of a pair are told apart by more than the token between them: BERT's two segments. */
export function hasSegments(config: ClassifierConfig): boolean {
  return config.modelType === 'bert' && config.typeVocab > 1;
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

/** A layer's place, and what its parts are called. */
interface Layer {
  readonly p: Scope;
  readonly names: LayerNames;
}

/** Attention and feed-forward, each with its residual and a norm behind -> the readers' x. */
function encoderLayer(
  layer: Layer,
  config: ClassifierConfig,
  readers: Readers,
  memory: Memory,
): Value {
  const { p, names } = layer;
  const { hidden, intermediate, layerNormEpsilon: epsilon } = config;
  const dense = (name: string, input: Value, outputs: number) =>
    linear(p.child(name), input, outputs, { bias: true });
  const norm = (name: string, sum: Value) => layerNorm(p.child(name), sum, epsilon);
  const attended = dense(names.attended, attention(layer, config, readers, memory), hidden);
  const h = norm(names.attendedNorm, add(attended, readers.x));
  const wide = activations[config.activation](dense(names.wide, h, intermediate));
  return norm(names.outputNorm, add(dense(names.output, wide, hidden), h));
}

function attention(
  { p, names }: Layer,
  { heads, hidden }: ClassifierConfig,
  readers: Readers,
  memory: Memory,
): Value {
  const split = ({ x, rows }: Readers, name: string) =>
    rows.split(linear(p.child(name), x, hidden, { bias: true }), heads);
  const query = split(readers, names.query);
  const [key, value] = [names.key, names.value].map((name) => split(memory, name));
  const scale = query.graph.scalar((hidden / heads) ** -0.5);
  return readers.rows.merge(attend(mul(query, scale), { key, value }, memory.bias));
}

/** The most tokens of a text, special ones included. */
export function mostTokens(
  config: Pick<ClassifierConfig, 'modelType' | 'maxPositions' | 'padId'>,
): number {
  return config.maxPositions - firstPosition(config);
}

/** Position of a text's first token. */
export function firstPosition({
  modelType,
  padId,
}: Pick<ClassifierConfig, 'modelType' | 'padId'>): number {
  return modelType === 'roberta' || modelType === 'xlm-roberta' ? padId + 1 : 0;
}

/**
 * Position ids of a text. BERT's count from 0. RoBERTa's count real tokens from padId + 1, padding
 * gets padId: as in Hugging Face they follow the ids, not the mask.
 */
export function positionIds(
  ids: readonly number[],
  config: Pick<ClassifierConfig, 'modelType' | 'padId'>,
): number[] {
  const { padId } = config;
  const first = firstPosition(config);
  if (first === 0) return ids.map((_, i) => i);
  let count = first;
  return ids.map((id) => (id === padId ? padId : count++));
}
