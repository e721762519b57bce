import type { DetoxConfig } from '../detox-config.ts';

type Setting = keyof DetoxConfig;

/** Headings of `--help` with their settings, in this order; the others come before all headings. */
export const headings: Readonly<Record<string, readonly Setting[]>> = {
  'A fresh adapter, when none is given': ['loraRank', 'loraAlpha', 'loraTargets'],
  Data: ['minimumLength', 'maximumLength', 'testShare', 'maxQueryTokens', 'groupColumn'],
  Measuring: ['samples', 'rows', 'evaluateEvery', 'validationSamples', 'bestMetric'],
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

/** What stands for a value in `--help`, where its type alone does not say it. */
export const placeholders: Readonly<Partial<Record<Setting, string>>> = {
  model: 'dir',
  adapter: 'dir',
  rewardModel: 'dir',
  data: 'file',
  responseLimits: 'low,high',
  adamBetas: 'first,second',
  without: 'name,…',
  loraTargets: 'name,…',
};
