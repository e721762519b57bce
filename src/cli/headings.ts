import type { DetoxConfig } from '../detox-config.ts';

type Setting = keyof DetoxConfig;

/** Headings of `--help` with their settings, in this order; the others come before all headings. */
export const headings: Readonly<Record<string, readonly Setting[]>> = {
  'A fresh adapter, when none is given': ['loraRank', 'loraAlpha', 'loraTargets', 'loraDropout'],
  Data: [
    ...(['minimumLength', 'maximumLength', 'maxQueryTokens', 'testShare'] as const),
    ...(['testData', 'testSplit', 'split', 'maxRows', 'strict'] as const),
    ...(['dialogueColumn', 'summaryColumn', 'idColumn', 'groupColumn'] as const),
  ],
  Measuring: [
    'samples',
    'rows',
    'evaluateEvery',
    'validationSamples',
    'bestMetric',
    'evaluationMaxNewTokens',
    'evaluationMinLength',
    'evaluationTopK',
  ],
  Training: [
    'algorithm',
    'steps',
    'batchSize',
    'numGenerations',
    'miniBatchSize',
    'gradientAccumulationSteps',
    'gradientCheckpointing',
    'ppoEpochs',
    'seed',
    'checkpointEvery',
    'keepCheckpoints',
  ],
  Sampling: [
    'sample',
    'temperature',
    'topK',
    'topP',
    'minLength',
    'minNewTokens',
    'maxNewTokens',
    'responseLimits',
  ],
  'Reward and scores': [
    'rewardLabel',
    'toxicLabel',
    'toxicityOn',
    'scoreOn',
    'rougeWeight',
    'calibrate',
    'useScoreScaling',
    'useScoreNorm',
    'scoreClip',
    'missingEosPenalty',
    'minResponseTokens',
    'shortResponsePenalty',
  ],
  KL: ['reference', 'klPlacement', 'klPenalty', 'initKlCoef', 'adapKlCtrl', 'target', 'horizon'],
  'Advantages and loss': [
    'gamma',
    'lam',
    'whitenRewards',
    'advantageScale',
    'clipRange',
    'entropyCoef',
    'lossAverage',
  ],
  'Critic (ppo)': [
    'valueHead',
    'vfCoef',
    'clipRangeValue',
    'detachValue',
    'criticWarmup',
    'valueLearningRate',
    'bootstrapTruncated',
  ],
  Optimizer: [
    'learningRate',
    'schedule',
    'warmup',
    'adamBetas',
    'adamEps',
    'weightDecay',
    'maxGradNorm',
  ],
  Limits: ['ratioThreshold', 'earlyStopping', 'targetKl'],
  'Parity with TRL 0.8.0': ['compat', 'without', 'rescore'],
};

/**
 * Short names of headings: `--set kl.target=6`, and in a config file `kl: { target: 6 }`. What stands
 * under a heading may leave out the group's name at its beginning: `lora.rank` is `loraRank`.
 */
export const groups: Readonly<Record<string, readonly string[]>> = {
  lora: ['A fresh adapter, when none is given'],
  data: ['Data'],
  measuring: ['Measuring'],
  training: ['Training'],
  generation: ['Sampling'],
  reward: ['Reward and scores'],
  kl: ['KL'],
  loss: ['Advantages and loss'],
  critic: ['Critic (ppo)'],
  optimizer: ['Optimizer'],
  limits: ['Limits'],
  parity: ['Parity with TRL 0.8.0'],
  ppo: ['Training', 'KL', 'Advantages and loss', 'Critic (ppo)', 'Optimizer', 'Limits'],
  store: ['Store'],
  engine: ['Engine'],
};

/** What stands for a value in `--help`, where its type alone does not say it. */
export const placeholders: Readonly<Partial<Record<Setting, string>>> = {
  model: 'dir|name',
  revision: 'commit',
  adapter: 'dir|zip|name',
  adapterRevision: 'commit',
  rewardModel: 'dir|name',
  rewardRevision: 'commit',
  data: 'file|name',
  testData: 'file',
  dataRevision: 'commit',
  responseLimits: 'low,high',
  adamBetas: 'first,second',
  without: 'name,…',
  loraTargets: 'name,…',
};
