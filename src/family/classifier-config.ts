/** What configs of sequence classifiers share, in the Hugging Face layout. */

import { z } from 'zod';
import { InputError } from '../errors.ts';
import { activations, type EncoderSizes } from '../nn/encoder.ts';
import type { Naming } from '../tensors/parameter-names.ts';
import type { Initial } from './initial.ts';

/**
 * What the outputs are, as transformers' text-classification pipeline reads them:
 * - `single`: one of the labels is true of a text; probabilities are the softmax of the logits
 * - `multi`: each label is true or false by itself; its probability is the sigmoid of its logit. Also
 *   a single output that the config does not call a regression
 * - `regression`: numbers as they are, and no probabilities
 */
export type Head = 'single' | 'multi' | 'regression';

/** What all encoders with a classification head have. */
export interface EncoderConfig extends EncoderSizes {
  readonly modelType: string;
  readonly vocabSize: number;
  /** Rows of the position embedding. */
  readonly maxPositions: number;
  readonly padId: number;
  /** By class id, each once. */
  readonly labels: readonly string[];
  readonly head: Head;
}

/** Of layers: a graph of more would take for ever to build. */
const mostLayers = 1000;

/** Kinds of fields that configs have. */
export const fields = {
  size: z.int('a whole number above 0').positive('a whole number above 0'),
  id: z.int('a whole number from 0 up').nonnegative('a whole number from 0 up'),
  count: z
    .int('a whole number above 0')
    .positive('a whole number above 0')
    .max(mostLayers, `at most ${mostLayers}`),
  share: z.number('a number from 0 to 1').min(0, 'at least 0').max(1, 'at most 1'),
  epsilon: z.number('a number above 0').positive('a number above 0'),
  activation: z.enum(Object.keys(activations) as (keyof typeof activations)[]),
};

// some write labels that are numbers as numbers
const name = z.union([z.string(), z.number(), z.boolean()], 'a name').transform(String);

/** Those of labels, as `labelsOf` reads them. */
export const labelFields = {
  id2label: z.record(z.string(), name).nullish(),
  label2id: z.record(z.string(), z.unknown()).nullish(),
  num_labels: fields.size.max(100_000, 'at most 100000').nullish(),
  problem_type: z
    .enum(['regression', 'single_label_classification', 'multi_label_classification'])
    .nullish(),
};

/** What `config.json` of every classifier says alike. */
export function commonJson(config: EncoderConfig, name: string): Record<string, unknown> {
  const { modelType, labels, head } = config;
  return {
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
}

/** @throws {InputError} when the heads do not share the hidden states out */
export function checkHeads(where: string, hidden: number, heads: number): void {
  if (hidden % heads === 0) return;
  throw new InputError(where, `a multiple of the ${heads} attention heads`, `${hidden}`);
}

/** Names in which BERT's kin are alike. @param prefix what a classifier puts before its encoder's */
export function namesOfBert(prefix: string): Naming {
  return {
    anchor: /^(.*\.)?embeddings\.LayerNorm\.(?:weight|gamma)$/,
    base: { prefix, parts: /^(embeddings|encoder|transformer|pooler)\./ },
  };
}

/** The _init_weights of BERT and its kin. */
export function initialOfBert(_config: EncoderConfig, name: string): Initial {
  if (/layer_?norm\.weight$/i.test(name)) return { constant: 1 };
  if (name.endsWith('.bias')) return { constant: 0 };
  return { normal: 0.02 };
}

/** `problem_type` of heads. */
export const problemTypes = {
  single: 'single_label_classification',
  multi: 'multi_label_classification',
  regression: 'regression',
} as const;

type LabelFields = z.output<z.ZodObject<typeof labelFields>>;

/** Labels and what their outputs are. */
export function labelsOf(given: LabelFields, where: string): { labels: string[]; head: Head } {
  const labels = namesOf(given, where);
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice !== undefined) {
    const ids = labels.flatMap((label, i) => (label === twice ? [i] : []));
    const actual = `"${twice}" for ${ids.join(' and ')}`;
    const remedy = 'Give each output a name of its own in config.json.';
    throw new InputError(`${where}: id2label`, 'a name for each label', actual, remedy);
  }
  return { labels, head: headOf(given.problem_type, labels.length) };
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
