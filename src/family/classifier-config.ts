/** Configs of sequence classifiers in the Hugging Face layout: BERT, RoBERTa and their kin. */
import { z } from 'zod';
import { checkJson } from '../disk/json.ts';
import { InputError } from '../errors.ts';

/**
 * What the outputs are, as transformers' text-classification pipeline reads them:
 * - `single`: one of the labels is true of a text; probabilities are the softmax of the logits
 * - `multi`: each label is true or false by itself; its probability is the sigmoid of its logit. Also
 *   a single output that the config does not call a regression
 * - `regression`: numbers as they are, and no probabilities
 */
export type Head = 'single' | 'multi' | 'regression';

/** What all encoders with a classification head have. */
interface EncoderConfig {
  readonly vocabSize: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediate: number;
  /** Rows of the position embedding. */
  readonly maxPositions: number;
  readonly layerNormEpsilon: number;
  readonly padId: number;
  /** `gelu` is the exact (erf) one, `gelu_new` has the tanh approximation. */
  readonly activation: 'gelu' | 'gelu_new' | 'relu';
  /** By class id, each once. */
  readonly labels: readonly string[];
  readonly head: Head;
}

/** RoBERTa or XLM-RoBERTa: positions start at padId + 1. */
export interface RobertaConfig extends EncoderConfig {
  readonly modelType: 'roberta' | 'xlm-roberta';
  readonly typeVocab: number;
}

/** BERT. */
export interface BertConfig extends EncoderConfig {
  readonly modelType: 'bert';
  readonly typeVocab: number;
}

/** DistilBERT: a BERT without token types, under other names. */
export interface DistilBertConfig extends EncoderConfig {
  readonly modelType: 'distilbert';
}

/** A sequence classifier. */
export type ClassifierConfig = RobertaConfig | BertConfig | DistilBertConfig;

/** Of layers: a graph of more would take for ever to build. */
export const mostLayers = 1000;

const size = z.int('a whole number above 0').positive('a whole number above 0');
const id = z.int('a whole number from 0 up').nonnegative('a whole number from 0 up');
const count = size.max(mostLayers, `at most ${mostLayers}`);
const epsilon = z.number('a number above 0').positive('a number above 0');
const activation = z.enum(['gelu', 'gelu_new', 'relu']);

// some write labels that are numbers as numbers
const name = z.union([z.string(), z.number(), z.boolean()], 'a name').transform(String);

const labelFields = {
  id2label: z.record(z.string(), name).nullish(),
  label2id: z.record(z.string(), z.unknown()).nullish(),
  num_labels: size.max(100_000, 'at most 100000').nullish(),
  problem_type: z
    .enum(['regression', 'single_label_classification', 'multi_label_classification'])
    .nullish(),
};

// Defaults are those of transformers' BertConfig and RobertaConfig.
const BertJson = z.object({
  ...labelFields,
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: count,
  num_attention_heads: size,
  intermediate_size: size,
  max_position_embeddings: size,
  type_vocab_size: size.default(2),
  layer_norm_eps: epsilon.default(1e-12),
  pad_token_id: id.nullish(),
  hidden_act: activation.default('gelu'),
  position_embedding_type: z.literal('absolute').default('absolute'),
  is_decoder: z.literal(false).default(false),
});

// Defaults are those of transformers' DistilBertConfig.
const DistilBertJson = z.object({
  ...labelFields,
  vocab_size: size,
  dim: size.default(768),
  n_layers: count.default(6),
  n_heads: size.default(12),
  hidden_dim: size.default(3072),
  max_position_embeddings: size.default(512),
  pad_token_id: id.default(0),
  activation: activation.default('gelu'),
});

/** DistilBERT has no setting for it. */
const distilEpsilon = 1e-12;

/** BERT's and RoBERTa's `config.json`. @throws {InputError} naming the field */
export function bertConfig(
  raw: unknown,
  where: string,
  modelType: (RobertaConfig | BertConfig)['modelType'],
): RobertaConfig | BertConfig {
  const json = checkJson(raw, where, BertJson);
  checkHeads(`${where}: hidden_size`, json.hidden_size, json.num_attention_heads);
  const config = {
    modelType,
    vocabSize: json.vocab_size,
    hidden: json.hidden_size,
    layers: json.num_hidden_layers,
    heads: json.num_attention_heads,
    intermediate: json.intermediate_size,
    maxPositions: json.max_position_embeddings,
    typeVocab: json.type_vocab_size,
    layerNormEpsilon: json.layer_norm_eps,
    padId: json.pad_token_id ?? (modelType === 'bert' ? 0 : 1),
    activation: json.hidden_act,
    ...labelsOf(json, where),
  };
  checkPositions(config, where);
  return config;
}

/** DistilBERT's `config.json`. @throws {InputError} naming the field */
export function distilBertConfig(raw: unknown, where: string): DistilBertConfig {
  const json = checkJson(raw, where, DistilBertJson);
  checkHeads(`${where}: dim`, json.dim, json.n_heads);
  return {
    modelType: 'distilbert',
    vocabSize: json.vocab_size,
    hidden: json.dim,
    layers: json.n_layers,
    heads: json.n_heads,
    intermediate: json.hidden_dim,
    maxPositions: json.max_position_embeddings,
    layerNormEpsilon: distilEpsilon,
    padId: json.pad_token_id,
    activation: json.activation,
    ...labelsOf(json, where),
  };
}

/** `config.json` of a classifier; reading it gives the same config back. */
export function classifierJson(config: ClassifierConfig): Record<string, unknown> {
  const { modelType, labels, head } = config;
  const names = { bert: 'Bert', distilbert: 'DistilBert', roberta: 'Roberta' };
  const name = modelType === 'xlm-roberta' ? 'XLMRoberta' : names[modelType];
  const common = {
    architectures: [`${name}ForSequenceClassification`],
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
    max_position_embeddings: config.maxPositions,
    model_type: modelType,
    pad_token_id: config.padId,
    torch_dtype: 'float32',
    vocab_size: config.vocabSize,
    ...(head !== 'single' && { problem_type: problemTypes[head] }),
  };
  if (modelType === 'distilbert') {
    return {
      ...common,
      activation: config.activation,
      dim: config.hidden,
      hidden_dim: config.intermediate,
      n_heads: config.heads,
      n_layers: config.layers,
    };
  }
  return {
    ...common,
    hidden_act: config.activation,
    hidden_size: config.hidden,
    intermediate_size: config.intermediate,
    layer_norm_eps: config.layerNormEpsilon,
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    position_embedding_type: 'absolute',
    type_vocab_size: config.typeVocab,
  };
}

function checkHeads(where: string, hidden: number, heads: number): void {
  if (hidden % heads === 0) return;
  throw new InputError(where, `a multiple of the ${heads} attention heads`, `${hidden}`);
}

function checkPositions({ modelType, padId, maxPositions }: ClassifierConfig, where: string): void {
  if (modelType === 'bert' || maxPositions > padId + 1) return;
  const expected = `more than ${padId + 1}, the position of the first token`;
  throw new InputError(`${where}: max_position_embeddings`, expected, `${maxPositions}`);
}

/** `problem_type` of heads. */
export const problemTypes = {
  single: 'single_label_classification',
  multi: 'multi_label_classification',
  regression: 'regression',
} as const;

type LabelFields = z.output<z.ZodObject<typeof labelFields>>;

/** Labels and what their outputs are. */
function labelsOf(fields: LabelFields, where: string): { labels: string[]; head: Head } {
  const labels = namesOf(fields, where);
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice !== undefined) {
    const ids = labels.flatMap((label, i) => (label === twice ? [i] : []));
    const actual = `"${twice}" for ${ids.join(' and ')}`;
    const remedy = 'Give each output a name of its own in config.json.';
    throw new InputError(`${where}: id2label`, 'a name for each label', actual, remedy);
  }
  return { labels, head: headOf(fields.problem_type, labels.length) };
}

/** The order of questions is that of transformers' pipeline, which never asks for `function_to_apply`. */
function headOf(problemType: LabelFields['problem_type'], outputs: number): Head {
  if (problemType === 'regression') return 'regression';
  return problemType === problemTypes.multi || outputs === 1 ? 'multi' : 'single';
}

/**
 * As in transformers 4, `id2label` wins over `num_labels`. `label2id` alone, which transformers does
 * not read, names the outputs where it names each of them.
 */
function namesOf({ id2label, label2id, num_labels }: LabelFields, where: string): string[] {
  if (id2label) return inOrder(id2label, where);
  const names = Object.entries(label2id ?? {});
  const count = num_labels ?? (names.length || 2);
  const byId = new Map(names.map(([label, id]) => [Number(id), label]));
  const ids = Array.from({ length: count }, (_, i) => i);
  const whole = names.length === count && ids.every((i) => byId.has(i));
  return ids.map((i) => (whole ? byId.get(i)! : `LABEL_${i}`));
}

function inOrder(id2label: Readonly<Record<string, string>>, where: string): string[] {
  const ids = Object.keys(id2label);
  if (ids.length === 0) throw new InputError(`${where}: id2label`, 'a label', 'none');
  return ids.map((_, i) => {
    if (Object.hasOwn(id2label, `${i}`)) return id2label[i];
    throw new InputError(`${where}: id2label`, `ids 0 to ${ids.length - 1}`, ids.join(', '));
  });
}
