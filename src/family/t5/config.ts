/** The config of T5 and its kin, in the Hugging Face layout. */
import { z } from 'zod';
import { checkJson } from '../../disk/json.ts';
import { InputError } from '../../errors.ts';
import { fields } from '../classifier-config.ts';
import { comingIds, endIds, endsOf } from '../generation-config.ts';
import type { PolicyConfig } from '../policy-config.ts';

export interface T5Config extends PolicyConfig {
  readonly modelType: 't5' | 'mt5';
  /** Width of one attention head. */
  readonly dKv: number;
  readonly dFf: number;
  /** Encoder blocks. */
  readonly layers: number;
  readonly decoderLayers: number;
  readonly heads: number;
  readonly relativeBuckets: number;
  readonly relativeMaxDistance: number;
  readonly layerNormEpsilon: number;
  /** `gated-gelu` has the tanh approximation ("gelu_new"). */
  readonly feedForward: 'relu' | 'gated-gelu';
  /**
   * The head is a matrix of its own, `lm_head.weight`; otherwise it is the table of embeddings. A
   * config only guesses: `openT5` asks the weights.
   */
  readonly ownHead: boolean;
  /** What the head reads is scaled by dModel^-0.5 first. */
  readonly scaledOutput: boolean;
}

const { size, count, id, epsilon, share } = fields;

// Defaults are those of transformers' T5Config.
const T5Json = z.object({
  vocab_size: size,
  d_model: size,
  d_kv: size,
  d_ff: size,
  num_layers: count,
  num_decoder_layers: count.nullish(),
  num_heads: size,
  // half of them for one direction, half of these for near positions
  relative_attention_num_buckets: z.int('a whole number').min(4, 'at least 4').default(32),
  relative_attention_max_distance: size.max(100_000, 'at most 100000').default(128),
  layer_norm_epsilon: epsilon.default(1e-6),
  feed_forward_proj: z.string().default('relu'),
  is_gated_act: z.boolean().optional(),
  dense_act_fn: z.string().optional(),
  tie_word_embeddings: z.boolean().nullish(),
  scale_decoder_outputs: z.boolean().nullish(),
  is_encoder_decoder: z.literal(true).default(true),
  pad_token_id: id.nullish().catch(0),
  eos_token_id: endIds.default([1]),
  decoder_start_token_id: id.nullish(),
  dropout_rate: share.default(0.1),
  transformers_version: z.string().nullish().catch(undefined),
});

type T5Fields = z.infer<typeof T5Json>;

// MT5Config differs from T5Config in these.
const MT5Json = T5Json.extend({
  feed_forward_proj: z.string().default('gated-gelu'),
  decoder_start_token_id: id.nullish().prefault(0),
});

/** The config in a parsed `config.json`. @throws {InputError} naming the field that is not supported */
export function t5Config(raw: unknown, where: string, modelType: T5Config['modelType']): T5Config {
  return configOf(checkJson(raw, where, modelType === 't5' ? T5Json : MT5Json), where, modelType);
}

function configOf(json: T5Fields, where: string, modelType: T5Config['modelType']): T5Config {
  const buckets = json.relative_attention_num_buckets;
  const padId = json.pad_token_id ?? 0;
  const decoderStartId = json.decoder_start_token_id ?? padId;
  atLeast(json.relative_attention_max_distance, Math.floor(buckets / 2) + 1, {
    where: `${where}: relative_attention_max_distance`,
    why: `half of the ${buckets} buckets are for single positions`,
  });
  atLeast(json.vocab_size, decoderStartId + 1, {
    where: `${where}: vocab_size`,
    why: `the decoder starts with token ${decoderStartId}`,
  });
  return {
    modelType,
    vocabSize: json.vocab_size,
    dModel: json.d_model,
    dKv: json.d_kv,
    dFf: json.d_ff,
    layers: json.num_layers,
    decoderLayers: json.num_decoder_layers ?? json.num_layers,
    heads: json.num_heads,
    relativeBuckets: buckets,
    relativeMaxDistance: json.relative_attention_max_distance,
    layerNormEpsilon: json.layer_norm_epsilon,
    feedForward: t5FeedForward(json, where),
    ...headOf(json, modelType),
    padId,
    eosIds: comingIds(json.eos_token_id, json.vocab_size),
    decoderStartId,
    dropout: json.dropout_rate,
  };
}

/**
 * Head and scale as far as a config tells. transformers before 5 has one setting for both. Since 5 a
 * T5 has one for each, of which `tie_word_embeddings` says true of every model, its own head in the
 * file or not; and an mT5 is never scaled.
 */
function headOf(
  json: T5Fields,
  modelType: T5Config['modelType'],
): Pick<T5Config, 'ownHead' | 'scaledOutput'> {
  const isNew = Number.parseInt(json.transformers_version ?? '', 10) >= 5;
  if (modelType === 'mt5') {
    const tied = json.tie_word_embeddings ?? isNew;
    return { ownHead: !tied, scaledOutput: tied && !isNew };
  }
  const tied = json.tie_word_embeddings ?? true;
  return { ownHead: !tied, scaledOutput: json.scale_decoder_outputs ?? tied };
}

function atLeast(value: number, least: number, { where, why }: { where: string; why: string }) {
  if (value < least) throw new InputError(where, `at least ${least} (${why})`, `${value}`);
}

/** `is_gated_act` and `dense_act_fn` win over what `feed_forward_proj` says, as in transformers. */
function t5FeedForward(json: T5Fields, where: string): T5Config['feedForward'] {
  const name = json.feed_forward_proj;
  const gated = json.is_gated_act ?? name.startsWith('gated-');
  const activation =
    json.dense_act_fn ?? (name === 'gated-gelu' ? 'gelu_new' : name.replace(/^gated-/, ''));
  if (gated && activation === 'gelu_new') return 'gated-gelu';
  if (!gated && activation === 'relu') return 'relu';
  const actual = `${gated ? 'gated ' : ''}${activation} (feed_forward_proj ${JSON.stringify(name)})`;
  throw new InputError(
    `${where}: feed forward`,
    'relu or gated-gelu',
    actual,
    'Choose another model.',
  );
}

/** `config.json` of a T5. */
export function t5Json(config: T5Config, architecture: string): Record<string, unknown> {
  const gated = config.feedForward === 'gated-gelu';
  return {
    architectures: [`${architecture}ForConditionalGeneration`],
    d_ff: config.dFf,
    d_kv: config.dKv,
    d_model: config.dModel,
    decoder_start_token_id: config.decoderStartId,
    dense_act_fn: gated ? 'gelu_new' : 'relu',
    dropout_rate: config.dropout,
    eos_token_id: endsOf(config),
    feed_forward_proj: config.feedForward,
    is_encoder_decoder: true,
    is_gated_act: gated,
    layer_norm_epsilon: config.layerNormEpsilon,
    model_type: config.modelType,
    num_decoder_layers: config.decoderLayers,
    num_heads: config.heads,
    num_layers: config.layers,
    pad_token_id: config.padId,
    relative_attention_max_distance: config.relativeMaxDistance,
    relative_attention_num_buckets: config.relativeBuckets,
    tie_word_embeddings: !config.ownHead,
    torch_dtype: 'float32',
    vocab_size: config.vocabSize,
  };
}
