import type { EncoderDecoder } from '../language-model.ts';
import type { T5Config } from './config.ts';
import { crossKeyValues, decoder, encoder } from './layers.ts';

/** T5, T5 v1.1, FLAN-T5 or mT5. */
export function t5LanguageModel(config: T5Config): EncoderDecoder {
  const { vocabSize, dModel, decoderLayers, heads, dKv, ownHead, scaledOutput } = config;
  return {
    cache: { blocks: decoderLayers, heads, size: dKv },
    startId: config.decoderStartId,
    tiedTable: ownHead ? undefined : 'shared.weight',
    encoder: {
      encode: (p, ids, packing) => encoder(p, config, ids, packing),
      keyValues: (p, states, split) => crossKeyValues(p, config, states, split),
    },
    read: (p, { ids, packing, split }) =>
      crossKeyValues(p, config, encoder(p, config, ids, packing), split()),
    decode: (p, pass, cross) => decoder(p, config, pass, cross),
    head: (p) => ({
      weight: p.child(ownHead ? 'lm_head' : 'shared').weight('weight', [vocabSize, dModel]),
      ...(scaledOutput && { scale: dModel ** -0.5 }),
    }),
  };
}
