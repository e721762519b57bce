/** Model configs in the Hugging Face layout. I/O. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { refuseAdapterFolder } from '../adapter/adapter-folder.ts';
import { checkJson, readJson } from '../disk/json.ts';
import { InputError } from '../errors.ts';
import {
  bertConfig,
  type ClassifierConfig,
  distilBertConfig,
  mostLayers,
} from './classifier-config.ts';
import { endIds, readGeneration } from './generation-config.ts';

/** Encoder–decoder of the T5 family (T5, T5 v1.1, FLAN-T5, mT5). */
export interface T5Config {
  readonly modelType: 't5' | 'mt5';
  /** Rows of the embedding; may be more than the tokenizer has. */
  readonly vocabSize: number;
  readonly dModel: number;
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
  readonly padId: number;
  /** A text ends with the first of any of them; with none, at its length limit. */
  readonly eosIds: readonly number[];
  readonly decoderStartId: number;
  /** Kept for writing back; no forward pass of tactful drops anything. */
  readonly dropout: number;
}

/** A model that tactful knows. */
export type ModelConfig = T5Config | ClassifierConfig;

const size = z.int('a whole number above 0').positive('a whole number above 0');
const count = size.max(mostLayers, `at most ${mostLayers}`);
const id = z.int('a whole number from 0 up').nonnegative('a whole number from 0 up');
const epsilon = z.number('a number above 0').positive('a number above 0');
const share = z.number('a number from 0 to 1').min(0, 'at least 0').max(1, 'at most 1');

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

// MT5Config differs from T5Config in these.
const MT5Json = T5Json.extend({
  feed_forward_proj: z.string().default('gated-gelu'),
  decoder_start_token_id: id.nullish().default(0),
});

const readers: Record<string, (raw: unknown, where: string) => ModelConfig> = {
  t5: (raw, where) => t5Config(checkJson(raw, where, T5Json), where, 't5'),
  mt5: (raw, where) => t5Config(checkJson(raw, where, MT5Json), where, 'mt5'),
  bert: (raw, where) => bertConfig(raw, where, 'bert'),
  distilbert: distilBertConfig,
  roberta: (raw, where) => bertConfig(raw, where, 'roberta'),
  'xlm-roberta': (raw, where) => bertConfig(raw, where, 'xlm-roberta'),
};

/** Whether a config is one of a policy: an encoder–decoder of the T5 family. */
export function isT5(config: ModelConfig): config is T5Config {
  return config.modelType === 't5' || config.modelType === 'mt5';
}

/**
 * The model config of a folder.
 * @param path a folder with `config.json`, or the file itself
 * @throws {UnavailableError} when there is no config
 * @throws {InputError} for a model type, activation or value that is not supported
 */
export async function readModelConfig(path: string): Promise<ModelConfig> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return modelConfig(await readJson(path, z.looseObject({})), path);
  await refuseAdapterFolder(path);
  const file = join(path, 'config.json');
  const raw = await readJson(file, z.looseObject({}));
  if (!isT5(modelConfig(raw, file))) return modelConfig(raw, file);
  return modelConfig({ ...raw, ...(await generationIds(path, raw)) }, file);
}

/** As transformers' `generate` has it: start, ends and padding of `generation_config.json` win. */
async function generationIds(
  folder: string,
  { vocab_size }: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const { decoderStartId, eosIds, padId } = await readGeneration(folder);
  return {
    ...(decoderStartId !== undefined && { decoder_start_token_id: decoderStartId }),
    ...(comingIds(eosIds, Number(vocab_size)).length > 0 && { eos_token_id: eosIds }),
    ...(padId !== undefined && { pad_token_id: padId }),
  };
}

/**
 * The model config in a parsed `config.json`.
 * @param where the file's name, for messages
 * @throws {InputError} for a model type, activation or value that is not supported
 */
export function modelConfig(raw: Record<string, unknown>, where = 'config.json'): ModelConfig {
  const type = raw.model_type;
  if (typeof type !== 'string' || !Object.hasOwn(readers, type)) {
    const remedy =
      'A policy is a T5 (T5 v1.1 and FLAN-T5 as well) or mT5, a reward model a classifier of the others.';
    const actual = JSON.stringify(type) ?? 'nothing';
    const known = `one of ${Object.keys(readers).join(', ')}`;
    throw new InputError(`${where}: model_type`, known, actual, remedy);
  }
  return readers[type](raw, where);
}

function t5Config(
  json: z.infer<typeof T5Json>,
  where: string,
  modelType: T5Config['modelType'],
): T5Config {
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
  json: z.infer<typeof T5Json>,
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

/** Ids that can come: those that the table of embeddings has. */
function comingIds(ids: readonly number[] | null | undefined, vocabSize: number): number[] {
  return [...new Set(ids ?? [])].filter((id) => id >= 0 && id < vocabSize);
}

function atLeast(value: number, least: number, { where, why }: { where: string; why: string }) {
  if (value < least) throw new InputError(where, `at least ${least} (${why})`, `${value}`);
}

/** `is_gated_act` and `dense_act_fn` win over what `feed_forward_proj` says, as in transformers. */
function t5FeedForward(json: z.infer<typeof T5Json>, where: string): T5Config['feedForward'] {
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
