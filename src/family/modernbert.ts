/** ModernBERT (Warner et al. 2024): rotary embeddings, and layers most of which see near tokens alone. */
import { z } from 'zod';
import { checkJson } from '../disk/json.ts';
import { InputError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import { add, mul } from '../graph/ops/elementwise.ts';
import { indicesAlong, slice } from '../graph/ops/shape.ts';
import { activations, type EncoderInput } from '../nn/encoder.ts';
import { attend, embedding, gated, layerNorm, linear, maskBias, windowBias } from '../nn/layers.ts';
import { firstOf, meanOf } from '../nn/pooling.ts';
import { type Rotation, rotate, rotationAt } from '../nn/rotary.ts';
import { packedRows, type Rows, singleRows } from '../nn/rows.ts';
import type { Scope } from '../nn/scope.ts';
import {
  commonJson,
  type EncoderConfig,
  fields,
  labelFields,
  labelsOf,
} from './classifier-config.ts';
import type { ClassifierFamily, Initial } from './family.ts';

const layerTypes = ['full_attention', 'sliding_attention'] as const;
/** What the tokens of a layer see: all others, or those nearby. */
type LayerType = (typeof layerTypes)[number];

export interface ModernBertConfig extends EncoderConfig {
  readonly modelType: 'modernbert';
  readonly layerTypes: readonly LayerType[];
  /** Base of the rotary embeddings. */
  readonly theta: Readonly<Record<LayerType, number>>;
  /** Tokens that one of a sliding layer sees besides itself: half of them on each side. */
  readonly localAttention: number;
  /** Which layers have one. */
  readonly bias: Readonly<Record<'attention' | 'mlp' | 'norm' | 'head', boolean>>;
  /** What the head reads: the first token, or the mean of all. */
  readonly pooling: 'cls' | 'mean';
  readonly headActivation: EncoderConfig['activation'];
}

const { size, count, epsilon, id } = fields;
const flag = z.boolean().default(false);
const activation = fields.activation.default('gelu');
const theta = z.number('a number above 0').positive('a number above 0');
const rope = z
  .object({ rope_theta: theta.optional(), rope_type: z.literal('default').optional() })
  .nullish();

// Defaults are those of transformers' ModernBertConfig.
const ModernBertJson = z.object({
  ...labelFields,
  vocab_size: size.default(50_368),
  hidden_size: size.default(768),
  intermediate_size: size.default(1152),
  num_hidden_layers: count.default(22),
  num_attention_heads: size.default(12),
  hidden_activation: activation,
  // each has a row in the tables of rotations
  max_position_embeddings: size.max(65_536, 'at most 65536').default(8192),
  norm_eps: epsilon.default(1e-5),
  pad_token_id: id.nullish(),
  local_attention: size.default(128),
  // as transformers 4 says it
  global_attn_every_n_layers: size.default(3),
  global_rope_theta: theta.default(160_000),
  local_rope_theta: theta.nullable().default(10_000),
  // as transformers 5 says it
  layer_types: z.array(z.enum(layerTypes)).nullish(),
  rope_parameters: z.object({ full_attention: rope, sliding_attention: rope }).nullish(),
  attention_bias: flag,
  mlp_bias: flag,
  norm_bias: flag,
  classifier_bias: flag,
  classifier_pooling: z.enum(['cls', 'mean']).default('cls'),
  classifier_activation: activation,
});

/** The tables of rotations have this width. */
const widestHead = 256;

/** In both layouts, of transformers 4.48 and of 5. */
function read(raw: unknown, where: string): ModernBertConfig {
  const json = checkJson(raw, where, ModernBertJson);
  const { num_hidden_layers: layers, num_attention_heads: heads, hidden_size: hidden } = json;
  if (hidden % (2 * heads) !== 0) {
    const expected = `a multiple of twice the ${heads} attention heads`;
    throw new InputError(`${where}: hidden_size`, expected, `${hidden}`);
  }
  if (hidden / heads > widestHead) {
    const expected = `at most ${widestHead} for each of the ${heads} attention heads`;
    throw new InputError(`${where}: hidden_size`, expected, `${hidden}`);
  }
  const types = json.layer_types ?? everyNth(json.global_attn_every_n_layers, layers);
  if (types.length !== layers) {
    const expected = `one for each of the ${layers} layers`;
    throw new InputError(`${where}: layer_types`, expected, `${types.length}`);
  }
  const { full_attention: full, sliding_attention: sliding } = json.rope_parameters ?? {};
  const fullTheta = full?.rope_theta ?? json.global_rope_theta;
  return {
    modelType: 'modernbert',
    vocabSize: json.vocab_size,
    hidden,
    layers,
    heads,
    intermediate: json.intermediate_size,
    maxPositions: json.max_position_embeddings,
    layerNormEpsilon: json.norm_eps,
    padId: json.pad_token_id ?? 50_283,
    activation: json.hidden_activation,
    layerTypes: types,
    theta: {
      full_attention: fullTheta,
      sliding_attention: sliding?.rope_theta ?? json.local_rope_theta ?? fullTheta,
    },
    localAttention: json.local_attention,
    bias: {
      attention: json.attention_bias,
      mlp: json.mlp_bias,
      norm: json.norm_bias,
      head: json.classifier_bias,
    },
    pooling: json.classifier_pooling,
    headActivation: json.classifier_activation,
    ...labelsOf(json, where),
  };
}

/** Every n-th layer sees all, from the first on. */
function everyNth(n: number, layers: number): LayerType[] {
  return Array.from({ length: layers }, (_, i) => layerTypes[i % n === 0 ? 0 : 1]);
}

/**
 * In both layouts: from a config of transformers 5 alone, transformers 4 takes its own defaults and
 * says nothing.
 */
function write(config: ModernBertConfig): Record<string, unknown> {
  const { layers, layerTypes: types, theta, bias } = config;
  const periods = Array.from({ length: layers }, (_, i) => i + 1);
  const n = periods.find((n) => String(everyNth(n, layers)) === String(types));
  const rope = (rope_theta: number) => ({ rope_theta, rope_type: 'default' });
  return {
    ...commonJson(config, 'ModernBert'),
    attention_bias: bias.attention,
    classifier_activation: config.headActivation,
    classifier_bias: bias.head,
    classifier_pooling: config.pooling,
    ...(n !== undefined && { global_attn_every_n_layers: n }),
    global_rope_theta: theta.full_attention,
    hidden_activation: config.activation,
    hidden_size: config.hidden,
    intermediate_size: config.intermediate,
    layer_types: types,
    local_attention: config.localAttention,
    local_rope_theta: theta.sliding_attention,
    mlp_bias: bias.mlp,
    norm_bias: bias.norm,
    norm_eps: config.layerNormEpsilon,
    num_attention_heads: config.heads,
    num_hidden_layers: layers,
    rope_parameters: {
      full_attention: rope(theta.full_attention),
      sliding_attention: rope(theta.sliding_attention),
    },
  };
}

/** As transformers draws it, but for its cut at two deviations. */
function initial({ layers, hidden }: ModernBertConfig, name: string): Initial {
  if (/norm\.weight$/.test(name)) return { constant: 1 };
  if (name.endsWith('.bias')) return { constant: 0 };
  if (name === 'classifier.weight') return { normal: hidden ** -0.5 };
  const isOutput = /\.Wo\.weight$|^head\.dense\.weight$/.test(name);
  return { normal: isOutput ? 0.02 / Math.sqrt(2 * layers) : 0.02 };
}

function forward(p: Scope, config: ModernBertConfig, input: EncoderInput): Value {
  const { hidden, labels, pooling, bias } = config;
  const head = p.child('head');
  const states = hiddenStates(p.child('model'), config, input);
  const pooled = pooling === 'mean' ? meanOf(states, input.packing) : states;
  const dense = linear(head.child('dense'), pooled, hidden, { bias: bias.head });
  const normed = norm(head.child('norm'), config, activations[config.headActivation](dense));
  return linear(p.child('classifier'), normed, labels.length, { bias: true });
}

/** Whose states a layer computes: those of all tokens, or of the first of each text. */
interface Readers {
  /** Theirs, of those of all tokens. */
  readonly of: (x: Value) => Value;
  /** Theirs, of all queries [batch, heads, time, size], or of a bias for these. */
  readonly queries: (x: Value) => Value;
  readonly merge: Rows['merge'];
}

/** What the tokens of a layer find around them. */
interface Sight {
  readonly rows: Rows;
  readonly rotation: Rotation;
  /** [batch, 1, 1 or time, time] */
  readonly bias: Value;
}

/** States behind the last norm: [tokens, hidden], or [batch, hidden] where the first tokens alone are read. */
export function hiddenStates(
  p: Scope,
  config: ModernBertConfig,
  { ids, packing }: Pick<EncoderInput, 'ids' | 'packing'>,
): Value {
  const { hidden, pooling } = config;
  const all: Readers = { of: (x) => x, queries: (x) => x, merge: packedRows(packing).merge };
  const first: Readers = {
    of: (x) => firstOf(x, packing),
    queries: (x) => slice(x, { axis: 2, start: 0, end: 1 }),
    merge: singleRows.merge,
  };
  const sights = sightsOf(config, packing);
  const words = embedding(p.child('embeddings.tok_embeddings'), ids, config.vocabSize, hidden);
  let x = norm(p.child('embeddings.norm'), config, words);
  config.layerTypes.forEach((type, i) => {
    const layer = p.child(`layers.${i}`);
    const readers = pooling === 'cls' && i === config.layers - 1 ? first : all;
    // the embeddings are normed already
    const normed = i === 0 ? x : norm(layer.child('attn_norm'), config, x);
    const attended = attention(layer.child('attn'), config, normed, readers, sights[type]);
    const h = add(readers.of(x), attended);
    x = add(h, feedForward(layer.child('mlp'), config, norm(layer.child('mlp_norm'), config, h)));
  });
  return norm(p.child('final_norm'), config, x);
}

function sightsOf(
  { theta, hidden, heads, maxPositions, localAttention }: ModernBertConfig,
  packing: EncoderInput['packing'],
): Record<LayerType, Sight> {
  const rows = packedRows(packing);
  const places = indicesAlong(packing.slots, 1);
  const padding = maskBias(packing.mask);
  const rotation = (type: LayerType) =>
    rotationAt(places, { theta: theta[type], size: hidden / heads, positions: maxPositions });
  const near = add(padding, windowBias(places, localAttention >> 1));
  return {
    full_attention: { rows, rotation: rotation('full_attention'), bias: padding },
    sliding_attention: { rows, rotation: rotation('sliding_attention'), bias: near },
  };
}

function norm(p: Scope, { layerNormEpsilon, bias }: ModernBertConfig, x: Value): Value {
  return layerNorm(p, x, layerNormEpsilon, { bias: bias.norm });
}

/** x [tokens, hidden] -> the readers' [readers, hidden]. */
function attention(
  p: Scope,
  { heads, hidden, bias: has }: ModernBertConfig,
  x: Value,
  readers: Readers,
  { rows, rotation, bias }: Sight,
): Value {
  const options = { bias: has.attention };
  // queries, keys and values: [batch, 3 heads, time, size]
  const all = rows.split(linear(p.child('Wqkv'), x, 3 * hidden, options), 3 * heads);
  const part = (of: Value, start: number, end: number) =>
    slice(of, { axis: 1, start: start * heads, end: end * heads });
  const turned = rotate(part(all, 0, 2), rotation);
  const scale = x.graph.scalar((hidden / heads) ** -0.5);
  const query = mul(readers.queries(part(turned, 0, 1)), scale);
  const memory = { key: part(turned, 1, 2), value: part(all, 2, 3) };
  const seen = attend(query, memory, readers.queries(bias));
  return linear(p.child('Wo'), readers.merge(seen), hidden, options);
}

function feedForward(
  p: Scope,
  { hidden, intermediate, activation, bias }: ModernBertConfig,
  x: Value,
): Value {
  const options = { bias: bias.mlp };
  const inner = gated(linear(p.child('Wi'), x, 2 * intermediate, options), activations[activation]);
  return linear(p.child('Wo'), inner, hidden, options);
}

export const modernbert: ClassifierFamily<ModernBertConfig> = {
  kind: 'classifier',
  name: 'ModernBERT',
  tokenizerClass: 'PreTrainedTokenizerFast',
  names: {
    anchor: /^(.*\.)?embeddings\.norm\.weight$/,
    base: { prefix: 'model.', parts: /^(embeddings|layers|final_norm)\./ },
  },
  read,
  write,
  initial,
  forward,
  hasSegments: () => false,
  firstPosition: () => 0,
};
