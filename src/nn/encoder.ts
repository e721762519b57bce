/** An encoder whose norms stand behind its layers, as BERT's: what its kin share. */
import type { Value } from '../graph/graph.ts';
import { add, gelu, geluNew, mul, relu, sigmoid } from '../graph/ops/elementwise.ts';
import { reshape, slice } from '../graph/ops/shape.ts';
import { attend, embedding, layerNorm, linear, maskBias } from './layers.ts';
import { firstOf } from './pooling.ts';
import { type Packing, packedRows, type Rows, singleRows } from './rows.ts';
import type { Scope } from './scope.ts';

/** Texts. */
export interface EncoderInput {
  /** int64 [tokens] */
  readonly ids: Value;
  /** int64 [tokens]: the place of each token in its text, from the family's first position on. */
  readonly positions: Value;
  /** int64 [tokens]: 0 or 1, where the family has segments. @default all 0 */
  readonly segments?: Value | undefined;
  readonly packing: Packing;
}

/** Activations by the names of Hugging Face: `gelu` is the exact (erf) one, two have its tanh approximation. */
export const activations = {
  gelu,
  gelu_new: geluNew,
  gelu_pytorch_tanh: geluNew,
  relu,
  silu: (x: Value) => mul(x, sigmoid(x)),
};

/** Sizes of the layers. */
export interface EncoderSizes {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly layerNormEpsilon: number;
  readonly activation: keyof typeof activations;
}

/** Where the parts of a layer are, from the layer's path. */
export interface LayerNames {
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

/** BERT's, which most of its kin have too. */
export const bertNames: LayerNames = {
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

/**
 * Hidden states after the last layer of the first tokens, which alone are read: [batch, hidden].
 * @param x what the layers begin with: [tokens, hidden]
 */
export function firstHidden(
  p: Scope,
  { sizes, names }: { sizes: EncoderSizes; names: LayerNames },
  { x, packing }: { x: Value; packing: Packing },
): Value {
  const layer = (i: number) => ({ p: p.child(`${names.layer}.${i}`), names });
  const whole = { rows: packedRows(packing), bias: maskBias(packing.mask) };
  let hidden = x;
  for (let i = 0; i < sizes.layers - 1; i++) {
    const states = { x: hidden, ...whole };
    hidden = encoderLayer(layer(i), sizes, states, states);
  }
  const firsts = { x: firstOf(hidden, packing), rows: singleRows };
  return encoderLayer(layer(sizes.layers - 1), sizes, firsts, { x: hidden, ...whole });
}

/** Rows of BERT's tables of embeddings. */
export interface EmbeddingSizes extends Pick<EncoderSizes, 'hidden' | 'layerNormEpsilon'> {
  readonly vocabSize: number;
  readonly maxPositions: number;
  /** Undefined: there is no such table. */
  readonly typeVocab?: number;
}

/** Words, places and, where there are types, those of the segments, normed: [tokens, hidden]. */
export function embeddings(p: Scope, sizes: EmbeddingSizes, input: EncoderInput): Value {
  const { hidden, vocabSize, maxPositions, typeVocab, layerNormEpsilon } = sizes;
  const words = embedding(p.child('word_embeddings'), input.ids, vocabSize, hidden);
  const places = embedding(p.child('position_embeddings'), input.positions, maxPositions, hidden);
  const typed = typeVocab ? add(words, types(p, [typeVocab, hidden], input.segments)) : words;
  return layerNorm(p.child('LayerNorm'), add(typed, places), layerNormEpsilon);
}

/** What each token gets for its segment [tokens, hidden], or all of them for the first one [hidden]. */
export function types(
  p: Scope,
  [count, hidden]: [number, number],
  segments: Value | undefined,
): Value {
  const place = p.child('token_type_embeddings');
  if (segments) return embedding(place, segments, count, hidden);
  const table = place.weight('weight', [count, hidden]);
  return reshape(slice(table, { axis: 0, start: 0, end: 1 }), [hidden]);
}

/** Hidden states that attend: x [tokens, hidden]. */
export interface Readers {
  readonly x: Value;
  readonly rows: Rows;
}

/** Hidden states attended to: x [tokens, hidden], bias [batch, 1, 1, time]. */
export interface Attended extends Readers {
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
  sizes: EncoderSizes,
  readers: Readers,
  attended: Attended,
): Value {
  return behindAttention(layer, sizes, readers, attention(layer, sizes, readers, attended));
}

/** What a layer makes of what its readers have seen, [readers, hidden]. */
export function behindAttention(
  { p, names }: Layer,
  sizes: EncoderSizes,
  readers: Readers,
  seen: Value,
): Value {
  const { hidden, intermediate, layerNormEpsilon: epsilon } = sizes;
  const dense = (name: string, input: Value, outputs: number) =>
    linear(p.child(name), input, outputs, { bias: true });
  const norm = (name: string, sum: Value) => layerNorm(p.child(name), sum, epsilon);
  const h = norm(names.attendedNorm, add(dense(names.attended, seen, hidden), readers.x));
  const wide = activations[sizes.activation](dense(names.wide, h, intermediate));
  return norm(names.outputNorm, add(dense(names.output, wide, hidden), h));
}

function attention(
  { p, names }: Layer,
  { heads, hidden }: EncoderSizes,
  readers: Readers,
  attended: Attended,
): Value {
  const split = ({ x, rows }: Readers, name: string) =>
    rows.split(linear(p.child(name), x, hidden, { bias: true }), heads);
  const query = split(readers, names.query);
  const [key, value] = [names.key, names.value].map((name) => split(attended, name));
  const scale = query.graph.scalar((hidden / heads) ** -0.5);
  return readers.rows.merge(attend(mul(query, scale), { key, value }, attended.bias));
}

/** A classifier's head on the hidden states of first tokens: layer, activation, layer -> [batch, labels]. */
export function pooledLogits(
  p: Scope,
  first: Value,
  head: { pooler: string; activation: (x: Value) => Value; classifier: string; labels: number },
): Value {
  const { pooler, activation, classifier, labels } = head;
  const width = first.shape[1] as number;
  const pooled = activation(linear(p.child(pooler), first, width, { bias: true }));
  return linear(p.child(classifier), pooled, labels, { bias: true });
}
