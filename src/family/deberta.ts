/** DeBERTa-v2 and -v3 (He et al. 2021): encoders whose attention knows words and distances apart. */
import { z } from 'zod';
import { checkJson } from '../disk/json.ts';
import { InputError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import { add, mul, tanh } from '../graph/ops/elementwise.ts';
import { convolution } from '../nn/convolution.ts';
import {
  type DistanceStates,
  type DistanceTerm,
  distanceScores,
  distanceStates,
  distanceTerms,
  everyWord,
  firstWord,
  type Readers,
} from '../nn/disentangled.ts';
import * as encoder from '../nn/encoder.ts';
import { attend, embedding, layerNorm, linear, maskBias } from '../nn/layers.ts';
import { firstOf } from '../nn/pooling.ts';
import { type Packing, packedRows, singleRows } from '../nn/rows.ts';
import type { Scope } from '../nn/scope.ts';
import {
  checkHeads,
  commonJson,
  type EncoderConfig,
  fields,
  initialOfBert,
  labelFields,
  labelsOf,
  namesOfBert,
} from './classifier-config.ts';
import type { ClassifierFamily } from './family.ts';

const activations = { ...encoder.activations, tanh };
type Activation = keyof typeof activations;

export interface DebertaConfig extends EncoderConfig {
  readonly modelType: 'deberta-v2';
  /** Columns of the table of words. */
  readonly embedding: number;
  /** Rows of that of segments; 0 where there is none. */
  readonly typeVocab: number;
  /** Words have the embeddings of their places added. */
  readonly positioned: boolean;
  /** What is asked of distances; each makes all scores smaller, whether there are distances or not. */
  readonly terms: readonly DistanceTerm[];
  readonly distances: DebertaDistances | undefined;
  /** Behind the first layer words get what stands beside them. */
  readonly convolution: { readonly size: number; readonly activation: Activation } | undefined;
  readonly poolerActivation: Activation;
}

/** How attention knows of distances. */
interface DebertaDistances {
  /** @default one a distance */
  readonly buckets: number | undefined;
  readonly reach: number;
  /** The matrices for words serve for distances too. */
  readonly shared: boolean;
  readonly normed: boolean;
}

const { size, count, epsilon, id, activation } = fields;
const anyActivation = z.enum(Object.keys(activations) as Activation[]);
const whole = z.int('a whole number');

// Defaults are those of transformers' DebertaV2Config, and of what its model asks of one without them.
const DebertaJson = z.object({
  ...labelFields,
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: count,
  num_attention_heads: size,
  intermediate_size: size,
  max_position_embeddings: size.default(512),
  type_vocab_size: id.default(0),
  layer_norm_eps: epsilon.default(1e-7),
  pad_token_id: id.nullish(),
  hidden_act: activation.default('gelu'),
  relative_attention: z.boolean().default(false),
  max_relative_positions: whole.default(-1),
  position_buckets: whole.default(-1),
  pos_att_type: z.union([z.string(), z.array(z.string())], 'names').nullish(),
  share_att_key: z.boolean().default(false),
  norm_rel_ebd: z.string().default('none'),
  position_biased_input: z.boolean().default(true),
  embedding_size: size.nullish(),
  attention_head_size: size.nullish(),
  conv_kernel_size: id.default(0),
  conv_groups: z.literal(1, '1').default(1),
  conv_act: anyActivation.default('tanh'),
  pooler_hidden_act: anyActivation.default('gelu'),
  pooler_hidden_size: size.nullish(),
});
type Json = z.infer<typeof DebertaJson>;

export const deberta: ClassifierFamily<DebertaConfig> = {
  kind: 'classifier',
  name: 'DeBERTa',
  tokenizerClass: 'DebertaV2Tokenizer',
  read(raw, where) {
    const json = checkJson(raw, where, DebertaJson);
    const { hidden_size: hidden, num_attention_heads: heads } = json;
    checkHeads(`${where}: hidden_size`, hidden, heads);
    checkSame(`${where}: attention_head_size`, json.attention_head_size, hidden / heads);
    checkSame(`${where}: pooler_hidden_size`, json.pooler_hidden_size, hidden);
    return {
      modelType: 'deberta-v2',
      vocabSize: json.vocab_size,
      embedding: json.embedding_size ?? hidden,
      hidden,
      layers: json.num_hidden_layers,
      heads,
      intermediate: json.intermediate_size,
      maxPositions: json.max_position_embeddings,
      typeVocab: json.type_vocab_size,
      layerNormEpsilon: json.layer_norm_eps,
      padId: json.pad_token_id ?? 0,
      activation: json.hidden_act,
      positioned: json.position_biased_input,
      terms: distanceTerms.filter((term) => listOf(json.pos_att_type).includes(term)),
      distances: json.relative_attention ? distancesOf(json, where) : undefined,
      convolution: convolutionOf(json, where),
      poolerActivation: json.pooler_hidden_act,
      ...labelsOf(json, where),
    };
  },
  write: (config) => ({
    ...commonJson(config, 'DebertaV2'),
    embedding_size: config.embedding,
    hidden_act: config.activation,
    hidden_size: config.hidden,
    intermediate_size: config.intermediate,
    layer_norm_eps: config.layerNormEpsilon,
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    pooler_hidden_act: config.poolerActivation,
    pooler_hidden_size: config.hidden,
    pos_att_type: config.terms,
    position_biased_input: config.positioned,
    relative_attention: config.distances !== undefined,
    type_vocab_size: config.typeVocab,
    ...(config.distances && {
      max_relative_positions: config.distances.reach,
      norm_rel_ebd: config.distances.normed ? 'layer_norm' : 'none',
      position_buckets: config.distances.buckets ?? -1,
      share_att_key: config.distances.shared,
    }),
    ...(config.convolution && {
      conv_act: config.convolution.activation,
      conv_kernel_size: config.convolution.size,
    }),
  }),
  initial: initialOfBert,
  names: {
    ...namesOfBert('deberta.'),
    // the pooler is the head's
    base: { prefix: 'deberta.', parts: /^(embeddings|encoder)\./ },
  },
  forward: (p, config, input) =>
    encoder.pooledLogits(p, firstHidden(p.child('deberta'), config, input), {
      pooler: 'pooler.dense',
      activation: activations[config.poolerActivation],
      classifier: 'classifier',
      labels: config.labels.length,
    }),
  hasSegments: ({ typeVocab }) => typeVocab > 1,
  firstPosition: () => 0,
};

function distancesOf(json: Json, where: string): DebertaDistances {
  const { position_buckets: buckets, max_relative_positions: most } = json;
  const reach = most < 1 ? json.max_position_embeddings : most;
  if (buckets === 1) {
    throw new InputError(`${where}: position_buckets`, 'at least 2, or -1 for none', '1');
  }
  const least = (buckets >> 1) + 2;
  if (buckets > 0 && reach < least) {
    const expected = `at least ${least} (half of the ${buckets} buckets are for single distances)`;
    throw new InputError(`${where}: max_relative_positions`, expected, `${reach}`);
  }
  return {
    buckets: buckets > 0 ? buckets : undefined,
    reach,
    shared: json.share_att_key,
    normed: listOf(json.norm_rel_ebd).includes('layer_norm'),
  };
}

function convolutionOf(json: Json, where: string): DebertaConfig['convolution'] {
  const { conv_kernel_size: size, conv_act: activation } = json;
  if (size === 0) return undefined;
  if (size % 2 === 1) return { size, activation };
  throw new InputError(`${where}: conv_kernel_size`, 'an odd number', `${size}`);
}

/** Older configs have names with bars between them. */
function listOf(names: Json['pos_att_type']): readonly string[] {
  if (typeof names !== 'string') return names ?? [];
  return names.split('|').map((name) => name.trim().toLowerCase());
}

/** A size of its own in the config, with which transformers could not compute if it were another. */
function checkSame(where: string, actual: number | null | undefined, expected: number): void {
  if (actual === expected || actual === null || actual === undefined) return;
  throw new InputError(where, `${expected}`, `${actual}`);
}

/** Hidden states after the last layer of the first words, which alone are read: [batch, hidden]. */
function firstHidden(p: Scope, config: DebertaConfig, input: encoder.EncoderInput): Value {
  const { packing } = input;
  const layers = p.child('encoder');
  const words = { rows: packedRows(packing), bias: maskBias(packing.mask) };
  const layer = (i: number, x: Value, reading: Reading) => {
    const module = { p: layers.child(`layer.${i}`), names: encoder.bertNames };
    const seen = attention(module.p.child('attention.self'), config, reading, { x, ...words });
    return encoder.behindAttention(module, config, reading, seen);
  };
  const meeting = (readers: Readers) => ({
    readers,
    states: states(layers, config, input, readers),
  });
  const begin = embeddings(p.child('embeddings'), config, input);
  // what stands beside a word is added behind the first layer, which all words have to go through
  const whole = config.layers === 1 && config.convolution ? 1 : config.layers - 1;
  const every = { rows: words.rows, ...meeting(everyWord) };
  let x = begin;
  for (let i = 0; i < whole; i++) {
    x = layer(i, x, { x, ...every });
    if (i === 0) x = withNeighbours(layers.child('conv'), config, { x, begin, packing });
  }
  const first = { x: firstOf(x, packing), rows: singleRows };
  return whole === config.layers ? first.x : layer(whole, x, { ...first, ...meeting(firstWord) });
}

/** Words, with their places and segments where these have embeddings, normed: [tokens, hidden]. */
function embeddings(p: Scope, config: DebertaConfig, input: encoder.EncoderInput): Value {
  const { embedding: width, hidden, vocabSize, maxPositions, typeVocab } = config;
  let x = embedding(p.child('word_embeddings'), input.ids, vocabSize, width);
  if (config.positioned) {
    x = add(x, embedding(p.child('position_embeddings'), input.positions, maxPositions, width));
  }
  if (typeVocab > 0) x = add(x, encoder.types(p, [typeVocab, width], input.segments));
  if (width !== hidden) x = linear(p.child('embed_proj'), x, hidden);
  return layerNorm(p.child('LayerNorm'), x, config.layerNormEpsilon);
}

/** The distances between readers and words, once for all layers. */
function states(
  p: Scope,
  { hidden, layerNormEpsilon, maxPositions, distances }: DebertaConfig,
  { packing }: encoder.EncoderInput,
  readers: Readers,
): DistanceStates | undefined {
  if (!distances) return undefined;
  const { buckets, reach, normed } = distances;
  const apart = { buckets, reach, longest: maxPositions };
  const epsilon = normed ? layerNormEpsilon : undefined;
  return distanceStates(p, { hidden, epsilon }, apart, readers.distances(packing.slots));
}

/** Words that attend, and how they meet the distances. */
interface Reading extends encoder.Readers {
  readonly readers: Readers;
  readonly states: DistanceStates | undefined;
}

function attention(
  p: Scope,
  { heads, hidden, terms, distances }: DebertaConfig,
  reading: Reading,
  words: encoder.Attended,
): Value {
  const split = ({ x, rows }: encoder.Readers, name: string) =>
    rows.split(linear(p.child(name), x, hidden, { bias: true }), heads);
  const scale = ((hidden / heads) * (1 + terms.length)) ** -0.5;
  const query = mul(split(reading, 'query_proj'), p.graph.scalar(scale));
  const [key, value] = ['key_proj', 'value_proj'].map((name) => split(words, name));
  const { states, readers, rows } = reading;
  const sizes = { hidden, heads, terms, shared: distances?.shared === true };
  const scores = states ? distanceScores(p, sizes, { query, key, scale }, { states, readers }) : [];
  const bias = scores.reduce((sum, score) => add(sum, score), words.bias);
  return rows.merge(attend(query, { key, value }, bias));
}

/** Words with what stood beside them before the first layer, where the model has that. */
function withNeighbours(
  p: Scope,
  { convolution: settings, layerNormEpsilon }: DebertaConfig,
  { x, begin, packing }: { x: Value; begin: Value; packing: Packing },
): Value {
  if (!settings) return x;
  const beside = convolution(p.child('conv'), begin, settings.size, packing);
  const sum = add(x, activations[settings.activation](beside));
  return layerNorm(p.child('LayerNorm'), sum, layerNormEpsilon);
}
