/** DistilBERT (Sanh et al. 2019): a BERT without token types, under other names. */
import { z } from 'zod';
import { checkJson } from '../disk/json.ts';
import { relu } from '../graph/ops/elementwise.ts';
import { embeddings, firstHidden, type LayerNames, pooledLogits } from '../nn/encoder.ts';
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

export interface DistilBertConfig extends EncoderConfig {
  readonly modelType: 'distilbert';
}

const { size, count, id, activation } = fields;

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

/** There is no setting for it. */
const layerNormEpsilon = 1e-12;

const names: LayerNames = {
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

export const distilbert: ClassifierFamily<DistilBertConfig> = {
  kind: 'classifier',
  name: 'DistilBERT',
  tokenizerClass: 'DistilBertTokenizer',
  read(raw, where) {
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
      layerNormEpsilon,
      padId: json.pad_token_id,
      activation: json.activation,
      ...labelsOf(json, where),
    };
  },
  write: (config) => ({
    ...commonJson(config, 'DistilBert'),
    activation: config.activation,
    dim: config.hidden,
    hidden_dim: config.intermediate,
    n_heads: config.heads,
    n_layers: config.layers,
  }),
  initial: initialOfBert,
  names: namesOfBert('distilbert.'),
  forward(p, config, input) {
    const x = embeddings(p.child('distilbert.embeddings'), config, input);
    const { packing } = input;
    const first = firstHidden(p.child('distilbert'), { sizes: config, names }, { x, packing });
    return pooledLogits(p, first, {
      pooler: 'pre_classifier',
      activation: relu,
      classifier: 'classifier',
      labels: config.labels.length,
    });
  },
  hasSegments: () => false,
  firstPosition: () => 0,
};
