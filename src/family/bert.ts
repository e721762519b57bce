/** BERT (Devlin et al. 2018). */
import { z } from 'zod';
import { checkJson } from '../disk/json.ts';
import { tanh } from '../graph/ops/elementwise.ts';
import { bertNames, embeddings, firstHidden, pooledLogits } from '../nn/encoder.ts';
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

export interface BertConfig extends EncoderConfig {
  readonly modelType: 'bert';
  readonly typeVocab: number;
}

const { size, count, epsilon, id, activation } = fields;

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

/** The fields of BERT and of what was made after it. @throws {InputError} naming the field */
export function readBert(raw: unknown, where: string, { padId }: { padId: number }) {
  const json = checkJson(raw, where, BertJson);
  checkHeads(`${where}: hidden_size`, json.hidden_size, json.num_attention_heads);
  return {
    vocabSize: json.vocab_size,
    hidden: json.hidden_size,
    layers: json.num_hidden_layers,
    heads: json.num_attention_heads,
    intermediate: json.intermediate_size,
    maxPositions: json.max_position_embeddings,
    typeVocab: json.type_vocab_size,
    layerNormEpsilon: json.layer_norm_eps,
    padId: json.pad_token_id ?? padId,
    activation: json.hidden_act,
    ...labelsOf(json, where),
  };
}

/** The same as `config.json`. */
export function writeBert(
  config: EncoderConfig & Pick<BertConfig, 'typeVocab'>,
  name: string,
): Record<string, unknown> {
  return {
    ...commonJson(config, name),
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

export const bert: ClassifierFamily<BertConfig> = {
  kind: 'classifier',
  name: 'BERT',
  tokenizerClass: 'BertTokenizer',
  read: (raw, where) => ({ modelType: 'bert', ...readBert(raw, where, { padId: 0 }) }),
  write: (config) => writeBert(config, 'Bert'),
  initial: initialOfBert,
  names: namesOfBert('bert.'),
  forward(p, config, input) {
    const x = embeddings(p.child('bert.embeddings'), config, input);
    const { packing } = input;
    const layers = { sizes: config, names: bertNames };
    const first = firstHidden(p.child('bert'), layers, { x, packing });
    return pooledLogits(p, first, {
      pooler: 'bert.pooler.dense',
      activation: tanh,
      classifier: 'classifier',
      labels: config.labels.length,
    });
  },
  hasSegments: ({ typeVocab }) => typeVocab > 1,
  firstPosition: () => 0,
};
