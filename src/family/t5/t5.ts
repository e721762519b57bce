/** T5, T5 v1.1, FLAN-T5, ByT5 (Raffel et al. 2019) and mT5. */
import type { Initial, PolicyFamily } from '../family.ts';
import { seq2seqModels } from '../seq2seq-onnx.ts';
import { type T5Config, t5Config, t5Json } from './config.ts';
import { head, headFields, withHead, withSavedHead, writtenHead } from './head.ts';
import { t5LanguageModel } from './language-model.ts';

export const t5 = t5Family('t5', { name: 'T5', architecture: 'T5' });
export const mt5 = t5Family('mt5', { name: 'mT5', architecture: 'MT5' });

function t5Family(
  modelType: T5Config['modelType'],
  { name, architecture }: { name: string; architecture: string },
): PolicyFamily<T5Config> {
  return {
    kind: 'policy',
    name,
    tokenizerClass: 'T5Tokenizer',
    read: (raw, where) => t5Config(raw, where, modelType),
    write: (config) => t5Json(config, architecture),
    initial,
    names: {
      anchor: /^(.*\.)?encoder\.block\.0\.layer\.0\.layer_norm\.weight$/,
      head,
      table: {
        name: 'shared.weight',
        readers: ['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'],
      },
    },
    loraTargets: ['q', 'v'],
    languageModel: t5LanguageModel,
    facts: ({ layers, decoderLayers, heads, dModel, dKv, dFf, feedForward }) => ({
      layers: `${layers} + ${decoderLayers}, ${heads} heads of ${dKv}`,
      widths: `model ${dModel}, feed-forward ${dFf} (${feedForward})`,
    }),
    stored: async ({ weights, config }, adapter) =>
      withSavedHead(await withHead(weights, config), adapter),
    written: (config) => ({
      ...writtenHead(config),
      gone: config.ownHead ? undefined : head,
      fields: (raw) => headFields(raw, writtenHead(config).config),
    }),
    onnx: (config) => seq2seqModels(config, t5LanguageModel(config)),
    // the number of the past's tensors; transformers takes it from num_layers where it is absent
    onnxFields: ({ decoderLayers }) => ({ num_decoder_layers: decoderLayers }),
  };
}

/** T5PreTrainedModel._init_weights with factor 1. */
function initial({ dModel, dKv, dFf, heads }: T5Config, name: string): Initial {
  if (name.endsWith('norm.weight')) return { constant: 1 };
  if (name === 'shared.weight' || name === 'lm_head.weight') return { normal: 1 };
  if (name.endsWith('.q.weight')) return { normal: (dModel * dKv) ** -0.5 };
  if (name.endsWith('.o.weight')) return { normal: (heads * dKv) ** -0.5 };
  if (name.endsWith('.wo.weight')) return { normal: dFf ** -0.5 };
  return { normal: dModel ** -0.5 };
}
