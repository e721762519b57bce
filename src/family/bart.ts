/** BART (Lewis et al. 2019) as a model that answers: an encoder–decoder of BERT's layers. */
import { z } from 'zod';
import { checkJson } from '../disk/json.ts';
import { InputError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import { add, mul } from '../graph/ops/elementwise.ts';
import { reshape } from '../graph/ops/shape.ts';
import { drop, dropWeights } from '../nn/dropout.ts';
import { activations } from '../nn/encoder.ts';
import { attend, embedding, type KeyValue, layerNorm, linear, maskBias } from '../nn/layers.ts';
import type { Pass } from '../nn/passes.ts';
import { type Packing, packedRows, placesIn, type Rows, type Split } from '../nn/rows.ts';
import type { Scope } from '../nn/scope.ts';
import { checkHeads, fields } from './classifier-config.ts';
import type { Initial, PolicyFamily, StoredModel } from './family.ts';
import { comingIds, endIds, endsOf } from './generation-config.ts';
import type { Cross, EncoderDecoder } from './language-model.ts';
import type { PolicyConfig } from './policy-config.ts';
import { seq2seqModels } from './seq2seq-onnx.ts';

export interface BartConfig extends PolicyConfig {
  readonly modelType: 'bart';
  readonly encoder: Half;
  readonly decoder: Half;
  /** Most tokens of a prompt, and of a response. */
  readonly maxPositions: number;
  /** `gelu` is the exact (erf) one. */
  readonly activation: keyof typeof activations;
  /** Embeddings are multiplied by the root of their width. */
  readonly scaleEmbedding: boolean;
  /** Each logit has a bias of its own: a config does not say so, weights do. */
  readonly hasLogitsBias: boolean;
  /** Where there is any, it is taken for as much as `dropout`. */
  readonly attentionDropout: number;
  readonly activationDropout: number;
  /** Standard deviation of fresh weights. */
  readonly initStd: number;
}

/** Sizes of one half. */
interface Half {
  readonly layers: number;
  readonly heads: number;
  /** Of the feed-forward layers. */
  readonly inner: number;
}

const { size, count, id, activation, share } = fields;

// Defaults are those of transformers' BartConfig.
const BartJson = z.object({
  vocab_size: size.default(50265),
  max_position_embeddings: size.default(1024),
  d_model: size.default(1024),
  encoder_layers: count.default(12),
  encoder_ffn_dim: size.default(4096),
  encoder_attention_heads: size.default(16),
  decoder_layers: count.default(12),
  decoder_ffn_dim: size.default(4096),
  decoder_attention_heads: size.default(16),
  activation_function: activation.default('gelu'),
  dropout: share.default(0.1),
  attention_dropout: share.default(0),
  activation_dropout: share.default(0),
  init_std: z.number('a number').nonnegative('at least 0').default(0.02),
  scale_embedding: z.boolean().default(false),
  tie_word_embeddings: z.literal(true).default(true),
  is_encoder_decoder: z.literal(true).default(true),
  pad_token_id: id.nullish(),
  eos_token_id: endIds.default([2]),
  decoder_start_token_id: id.nullish(),
  forced_bos_token_id: id.nullish(),
});

export const bart: PolicyFamily<BartConfig> = {
  kind: 'policy',
  name: 'BART',
  tokenizerClass: 'BartTokenizer',
  read,
  write,
  initial,
  names: {
    anchor: /^(.*\.)?encoder\.layernorm_embedding\.weight$/,
    base: { prefix: 'model.', parts: /^(shared|encoder|decoder)\./ },
    table: {
      name: 'model.shared.weight',
      readers: [
        'model.encoder.embed_tokens.weight',
        'model.decoder.embed_tokens.weight',
        'lm_head.weight',
      ],
    },
  },
  loraTargets: ['q_proj', 'v_proj'],
  languageModel,
  facts: ({ encoder, decoder, dModel, activation }) => ({
    layers: `${encoder.layers} + ${decoder.layers}, ${pair(encoder.heads, decoder.heads)} heads`,
    widths: `model ${dModel}, feed-forward ${pair(encoder.inner, decoder.inner)} (${activation})`,
  }),
  stored,
  onnx: (config) => seq2seqModels(config, languageModel(config)),
};

function read(raw: unknown, where: string): BartConfig {
  const json = checkJson(raw, where, BartJson);
  const { d_model: dModel, vocab_size: vocabSize } = json;
  checkHeads(`${where}: d_model`, dModel, json.encoder_attention_heads);
  checkHeads(`${where}: d_model`, dModel, json.decoder_attention_heads);
  const decoderStartId = json.decoder_start_token_id ?? 2;
  const forcedFirstId = json.forced_bos_token_id ?? undefined;
  const highest = Math.max(decoderStartId, forcedFirstId ?? 0);
  if (highest >= vocabSize) {
    const expected = `at least ${highest + 1} (a response begins with token ${highest})`;
    throw new InputError(`${where}: vocab_size`, expected, `${vocabSize}`);
  }
  return {
    modelType: 'bart',
    vocabSize,
    dModel,
    encoder: {
      layers: json.encoder_layers,
      heads: json.encoder_attention_heads,
      inner: json.encoder_ffn_dim,
    },
    decoder: {
      layers: json.decoder_layers,
      heads: json.decoder_attention_heads,
      inner: json.decoder_ffn_dim,
    },
    maxPositions: json.max_position_embeddings,
    activation: json.activation_function,
    scaleEmbedding: json.scale_embedding,
    hasLogitsBias: false,
    padId: json.pad_token_id ?? 1,
    eosIds: comingIds(json.eos_token_id, vocabSize),
    decoderStartId,
    ...(forcedFirstId !== undefined && { forcedFirstId }),
    dropout: json.dropout,
    attentionDropout: json.attention_dropout,
    activationDropout: json.activation_dropout,
    initStd: json.init_std,
  };
}

function write(config: BartConfig): Record<string, unknown> {
  const { encoder, decoder } = config;
  return {
    activation_dropout: config.activationDropout,
    activation_function: config.activation,
    architectures: ['BartForConditionalGeneration'],
    attention_dropout: config.attentionDropout,
    d_model: config.dModel,
    decoder_attention_heads: decoder.heads,
    decoder_ffn_dim: decoder.inner,
    decoder_layers: decoder.layers,
    decoder_start_token_id: config.decoderStartId,
    dropout: config.dropout,
    encoder_attention_heads: encoder.heads,
    encoder_ffn_dim: encoder.inner,
    encoder_layers: encoder.layers,
    eos_token_id: endsOf(config),
    forced_bos_token_id: config.forcedFirstId ?? null,
    // transformers' default would end a text at its length limit
    forced_eos_token_id: null,
    init_std: config.initStd,
    is_encoder_decoder: true,
    max_position_embeddings: config.maxPositions,
    model_type: 'bart',
    num_hidden_layers: encoder.layers,
    pad_token_id: config.padId,
    scale_embedding: config.scaleEmbedding,
    tie_word_embeddings: true,
    torch_dtype: 'float32',
    vocab_size: config.vocabSize,
  };
}

/** BartPreTrainedModel._init_weights, but for the row of the padding: here it is drawn as well. */
function initial({ initStd }: BartConfig, name: string): Initial {
  if (/norm\w*\.weight$/.test(name)) return { constant: 1 };
  if (name.endsWith('bias')) return { constant: 0 };
  return { normal: initStd };
}

const table = 'model.shared';
/** A buffer, which transformers does not train either. */
const biasName = 'final_logits_bias';
/** torch's default, for which BART has no setting. */
const epsilon = 1e-5;

/** One number, or those of both halves. */
function pair(one: number, other: number): string {
  return one === other ? `${one}` : `${one} + ${other}`;
}

/** Whether logits have biases: zeros, which nearly all checkpoints have, are none. */
async function stored({ weights, config }: StoredModel<BartConfig>) {
  if (!weights.entries.has(biasName)) return { weights, config };
  const { data } = await weights.load(biasName);
  return { weights, config: { ...config, hasLogitsBias: data.some((x) => x !== 0) } };
}

function languageModel(config: BartConfig): EncoderDecoder {
  const { vocabSize, dModel, decoder, hasLogitsBias } = config;
  const encoder = {
    encode: (p: Scope, ids: Value, packing: Packing) => encode(p, config, ids, packing),
    keyValues: (p: Scope, states: Value, split: Split) =>
      Array.from({ length: decoder.layers }, (_, i) =>
        keyValue(p.child(`model.decoder.layers.${i}.encoder_attn`), decoder, states, split),
      ),
  };
  return {
    cache: { blocks: decoder.layers, heads: decoder.heads, size: dModel / decoder.heads },
    startId: config.decoderStartId,
    maxPositions: config.maxPositions,
    tiedTable: `${table}.weight`,
    encoder,
    read: (p, { ids, packing, split }) =>
      encoder.keyValues(p, encoder.encode(p, ids, packing), split()),
    decode: (p, pass, cross) => decode(p, config, pass, cross),
    head: (p) => ({
      weight: p.child(table).weight('weight', [vocabSize, dModel]),
      ...(hasLogitsBias && {
        bias: reshape(p.graph.weight(biasName, [1, vocabSize]), [vocabSize]),
      }),
    }),
  };
}

function encode(p: Scope, config: BartConfig, ids: Value, packing: Packing): Value {
  const stack = p.child('model.encoder');
  const rows = packedRows(packing);
  const bias = maskBias(packing.mask);
  const { layers } = config.encoder;
  let x = embedded(p, stack, config, { ids, positions: placesIn(packing) });
  for (let i = 0; i < layers; i++) {
    const layer = stack.child(`layers.${i}`);
    x = stack.segment([x], (start) => {
      const self = layer.child('self_attn');
      const to = (query: Value) => {
        const own = keyValue(self, config.encoder, start, rows.split);
        return attend(query, own, bias, (weights) =>
          dropWeights(noisy(self, config), weights, rows),
        );
      };
      const h = attended(layer, 'self_attn', config.encoder, { x: start, rows, to });
      return fedForward(layer, config, config.encoder, h);
    });
  }
  return x;
}

function decode(p: Scope, config: BartConfig, pass: Pass, cross: Cross): Value {
  const stack = p.child('model.decoder');
  const { decoder } = config;
  const { rows } = pass;
  let x = embedded(p, stack, config, { ids: pass.ids(), positions: pass.positions() });
  for (let i = 0; i < decoder.layers; i++) {
    const layer = stack.child(`layers.${i}`);
    x = stack.segment([x], (start) => {
      const self = layer.child('self_attn');
      const toSelf = (query: Value) => {
        const own = keyValue(self, decoder, start, rows.split);
        const module = noisy(self, config);
        return pass.attend({ module, block: i, query, own, bias: pass.unseen });
      };
      let h = attended(layer, 'self_attn', decoder, { x: start, rows, to: toSelf });
      const other = layer.child('encoder_attn');
      const toCross = (query: Value) =>
        attend(query, cross.keyValues[i], cross.bias, (weights) =>
          dropWeights(noisy(other, config), weights, rows),
        );
      h = attended(layer, 'encoder_attn', decoder, { x: h, rows, to: toCross });
      return fedForward(layer, config, decoder, h);
    });
  }
  return x;
}

/** Words and places, normed: [tokens, dModel]. Places count from 2: the first rows are of old padding. */
function embedded(
  p: Scope,
  stack: Scope,
  { vocabSize, dModel, maxPositions, scaleEmbedding }: BartConfig,
  { ids, positions }: { ids: Value; positions: Value },
): Value {
  const { graph } = ids;
  const words = embedding(p.child(table), ids, vocabSize, dModel);
  const scaled = scaleEmbedding ? mul(words, graph.scalar(dModel ** 0.5)) : words;
  const rows = add(positions, graph.integers(2));
  const places = embedding(stack.child('embed_positions'), rows, maxPositions + 2, dModel);
  const norm = stack.child('layernorm_embedding');
  return drop(norm, layerNorm(norm, add(scaled, places), epsilon));
}

/** Attention, its residual and the norm behind: x [tokens, dModel]. */
function attended(
  layer: Scope,
  name: string,
  { heads }: Half,
  { x, rows, to }: { x: Value; rows: Rows; to: (query: Value) => Value },
): Value {
  const p = layer.child(name);
  const width = x.shape[1] as number;
  const scale = x.graph.scalar((width / heads) ** -0.5);
  const query = rows.split(mul(dense(p, 'q_proj', x, width), scale), heads);
  return normed(layer, name, x, drop(p, dense(p, 'out_proj', rows.merge(to(query)), width)));
}

/** The feed-forward layers, their residual and the norm behind. */
function fedForward(layer: Scope, config: BartConfig, { inner }: Half, x: Value): Value {
  const wide = activations[config.activation](dense(layer, 'fc1', x, inner));
  const kept = config.activationDropout > 0 ? drop(layer.child('fc1'), wide) : wide;
  return normed(
    layer,
    'final',
    x,
    drop(layer.child('fc2'), dense(layer, 'fc2', kept, config.dModel)),
  );
}

function normed(layer: Scope, name: string, x: Value, y: Value): Value {
  return layerNorm(layer.child(`${name}_layer_norm`), add(x, y), epsilon);
}

function keyValue(p: Scope, { heads }: Half, x: Value, split: Split): KeyValue {
  const width = x.shape[1] as number;
  const [key, value] = ['k_proj', 'v_proj'].map((name) => split(dense(p, name, x, width), heads));
  return { key, value };
}

function dense(p: Scope, name: string, x: Value, outputs: number): Value {
  return linear(p.child(name), x, outputs, { bias: true });
}

/** A module whose attention weights are dropped where the model was trained so. */
function noisy(module: Scope, { attentionDropout }: BartConfig): Scope {
  return attentionDropout > 0 ? module : module.withNoise(undefined);
}
