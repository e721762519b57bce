const flan = {
  modelType: 't5',
  dKv: 64,
  relativeBuckets: 32,
  relativeMaxDistance: 128,
  layerNormEpsilon: 1e-6,
  feedForward: 'gated-gelu',
  ownHead: true,
  scaledOutput: false,
  vocabSize: 32128,
  padId: 0,
  eosIds: [1],
  decoderStartId: 0,
  dropout: 0.1,
};

/** FLAN-T5's sizes, and RoBERTa's with the labels of the lab's reward model. */
export const configs = {
  't5-small': { ...flan, dModel: 512, dFf: 1024, layers: 8, decoderLayers: 8, heads: 6 },
  't5-base': { ...flan, dModel: 768, dFf: 2048, layers: 12, decoderLayers: 12, heads: 12 },
  'roberta-base': {
    modelType: 'roberta',
    vocabSize: 50265,
    hidden: 768,
    layers: 12,
    heads: 12,
    intermediate: 3072,
    maxPositions: 514,
    typeVocab: 1,
    layerNormEpsilon: 1e-5,
    padId: 1,
    activation: 'gelu',
    labels: ['nothate', 'hate'],
    head: 'single',
  },
};
