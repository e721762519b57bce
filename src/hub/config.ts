/** Model and generation configs in the Hugging Face layout. I/O. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.ts';
import { checkJson, parseJson, readIfPresent, readJson } from './json.ts';

/** Encoder–decoder of the T5 family (T5, T5 v1.1, FLAN-T5). */
export interface T5Config {
  readonly modelType: 't5';
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
  /** One matrix serves as embedding and as lm_head, whose input is then scaled by dModel^-0.5. */
  readonly tiedEmbeddings: boolean;
  readonly padId: number;
  readonly eosId: number;
  readonly decoderStartId: number;
  /** Kept for writing back; no forward pass of tactful drops anything. */
  readonly dropout: number;
}

/** Encoder with a classification head. */
export interface RobertaConfig {
  readonly modelType: 'roberta';
  readonly vocabSize: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
  /** Rows of the position embedding; positions start at padId + 1. */
  readonly maxPositions: number;
  readonly typeVocab: number;
  readonly layerNormEpsilon: number;
  readonly padId: number;
  /** The exact (erf) one. */
  readonly activation: 'gelu';
  /** By class id. */
  readonly labels: readonly string[];
}

/** A model that tactful knows. */
export type ModelConfig = T5Config | RobertaConfig;

/** Defaults for sampling that a model folder gives; whatever it does not say is absent. */
export interface GenerationConfig {
  readonly decoderStartId?: number;
  readonly eosId?: number;
  readonly padId?: number;
  readonly sample?: boolean;
  readonly temperature?: number;
  /** 0: no limit. */
  readonly topK?: number;
  readonly topP?: number;
  readonly minNewTokens?: number;
  readonly maxNewTokens?: number;
}

const size = z.int('a whole number above 0').positive('a whole number above 0');
const id = z.int('a whole number from 0 up').nonnegative('a whole number from 0 up');
const epsilon = z.number('a number above 0').positive('a number above 0');
const share = z.number('a number from 0 to 1').min(0, 'at least 0').max(1, 'at most 1');

// Defaults are those of transformers' T5Config.
const T5Json = z.object({
  vocab_size: size,
  d_model: size,
  d_kv: size,
  d_ff: size,
  num_layers: size,
  num_decoder_layers: size.nullish(),
  num_heads: size,
  relative_attention_num_buckets: size.default(32),
  relative_attention_max_distance: size.default(128),
  layer_norm_epsilon: epsilon.default(1e-6),
  feed_forward_proj: z.string().default('relu'),
  is_gated_act: z.boolean().optional(),
  dense_act_fn: z.string().optional(),
  tie_word_embeddings: z.boolean().default(true),
  is_encoder_decoder: z.literal(true).default(true),
  pad_token_id: id.default(0),
  eos_token_id: id.default(1),
  decoder_start_token_id: id.nullish(),
  dropout_rate: share.default(0.1),
});

// Defaults are those of transformers' RobertaConfig.
const RobertaJson = z.object({
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: size,
  num_attention_heads: size,
  intermediate_size: size,
  max_position_embeddings: size,
  type_vocab_size: size.default(2),
  layer_norm_eps: epsilon.default(1e-12),
  pad_token_id: id.default(1),
  hidden_act: z.literal('gelu').default('gelu'),
  position_embedding_type: z.literal('absolute').default('absolute'),
  is_decoder: z.literal(false).default(false),
  id2label: z.record(z.string(), z.string()).nullish(),
  num_labels: size.default(2),
});

const GenerationJson = z.object({
  decoder_start_token_id: id.nullish(),
  eos_token_id: z
    .union(
      [
        id,
        z
          .array(id)
          .length(1)
          .transform(([only]) => only),
      ],
      'one id',
    )
    .nullish(),
  pad_token_id: id.nullish(),
  do_sample: z.boolean().nullish(),
  temperature: z.number('a number from 0 up').nonnegative('a number from 0 up').nullish(),
  top_k: id.nullish(),
  top_p: share.nullish(),
  min_new_tokens: id.nullish(),
  max_new_tokens: id.nullish(),
});

const readers: Record<string, (raw: unknown, where: string) => ModelConfig> = {
  t5: t5Config,
  roberta: robertaConfig,
};

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
  const file = isFolder ? join(path, 'config.json') : path;
  return modelConfig(await readJson(file, z.looseObject({})), file);
}

/**
 * The model config in a parsed `config.json`.
 * @param where the file's name, for messages
 * @throws {InputError} for a model type, activation or value that is not supported
 */
export function modelConfig(raw: Record<string, unknown>, where = 'config.json'): ModelConfig {
  const type = raw.model_type;
  if (typeof type !== 'string' || !Object.hasOwn(readers, type)) {
    const remedy = 'Choose a model of one of these types.';
    const actual = JSON.stringify(type) ?? 'nothing';
    throw new InputError(`${where}: model_type`, Object.keys(readers).join(' or '), actual, remedy);
  }
  return readers[type](raw, where);
}

function t5Config(raw: unknown, where: string): T5Config {
  const json = checkJson(raw, where, T5Json);
  return {
    modelType: 't5',
    vocabSize: json.vocab_size,
    dModel: json.d_model,
    dKv: json.d_kv,
    dFf: json.d_ff,
    layers: json.num_layers,
    decoderLayers: json.num_decoder_layers ?? json.num_layers,
    heads: json.num_heads,
    relativeBuckets: json.relative_attention_num_buckets,
    relativeMaxDistance: json.relative_attention_max_distance,
    layerNormEpsilon: json.layer_norm_epsilon,
    feedForward: t5FeedForward(json, where),
    tiedEmbeddings: json.tie_word_embeddings,
    padId: json.pad_token_id,
    eosId: json.eos_token_id,
    decoderStartId: json.decoder_start_token_id ?? json.pad_token_id,
    dropout: json.dropout_rate,
  };
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

function robertaConfig(raw: unknown, where: string): RobertaConfig {
  const json = checkJson(raw, where, RobertaJson);
  if (json.hidden_size % json.num_attention_heads !== 0) {
    const expected = `a multiple of num_attention_heads ${json.num_attention_heads}`;
    throw new InputError(`${where}: hidden_size`, expected, `${json.hidden_size}`);
  }
  return {
    modelType: 'roberta',
    vocabSize: json.vocab_size,
    hidden: json.hidden_size,
    layers: json.num_hidden_layers,
    heads: json.num_attention_heads,
    intermediate: json.intermediate_size,
    maxPositions: json.max_position_embeddings,
    typeVocab: json.type_vocab_size,
    layerNormEpsilon: json.layer_norm_eps,
    padId: json.pad_token_id,
    activation: json.hidden_act,
    labels: labelsOf(json, where),
  };
}

function labelsOf({ id2label, num_labels }: z.infer<typeof RobertaJson>, where: string): string[] {
  if (!id2label) return Array.from({ length: num_labels }, (_, i) => `LABEL_${i}`);
  const ids = Object.keys(id2label);
  return ids.map((_, i) => {
    if (Object.hasOwn(id2label, `${i}`)) return id2label[i];
    throw new InputError(`${where}: id2label`, `ids 0 to ${ids.length - 1}`, ids.join(', '));
  });
}

/**
 * Sampling defaults in `generation_config.json`; empty when the folder has none.
 * @throws {InputError} when a value is not of its kind, or there are several end-of-sequence ids
 */
export async function readGenerationConfig(folder: string): Promise<GenerationConfig> {
  const path = join(folder, 'generation_config.json');
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return {};
  const json = parseJson(bytes, path, GenerationJson);
  const found = {
    decoderStartId: json.decoder_start_token_id,
    eosId: json.eos_token_id,
    padId: json.pad_token_id,
    sample: json.do_sample,
    temperature: json.temperature,
    topK: json.top_k,
    topP: json.top_p,
    minNewTokens: json.min_new_tokens,
    maxNewTokens: json.max_new_tokens,
  };
  const given = Object.entries(found).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given) as GenerationConfig;
}
