/** How `--help` and config files show the settings of the jobs. Pure. */
import type { z } from 'zod';
import type { ClassifyConfig } from '../jobs/classify-config.ts';
import type { DetoxConfig } from '../jobs/detox/config.ts';
import type { SftConfig } from '../jobs/sft-config.ts';

type Setting = keyof DetoxConfig | keyof SftConfig | keyof ClassifyConfig;

/** Headings with the settings of all jobs, in this order; the others come before all headings. */
export const headings: Readonly<Record<string, readonly Setting[]>> = {
  'A fresh adapter, when none is given': ['loraRank', 'loraAlpha', 'loraTargets', 'loraDropout'],
  Data: [
    ...(['promptTemplate', 'minimumLength', 'maximumLength'] as const),
    ...(['maxQueryTokens', 'maxResponseTokens'] as const),
    ...(['testShare', 'shuffleSplit', 'splitSeed'] as const),
    ...(['testData', 'testDataRevision', 'testSplit'] as const),
    ...(['split', 'maxRows', 'strict', 'delimiter', 'encoding'] as const),
    ...(['dialogueColumn', 'summaryColumn', 'idColumn', 'groupColumn'] as const),
    ...(['textColumn', 'labelColumn', 'labelThreshold', 'labelNames'] as const),
  ],
  Measuring: [
    ...(['samples', 'samplesPerPrompt', 'judge', 'judgeLabel', 'rougeStemmer'] as const),
    ...(['rows', 'evaluateEvery', 'validationSamples', 'evaluationSamples'] as const),
    ...(['bestMetric', 'patience', 'qualityLimit', 'language'] as const),
    ...(['evaluationMaxNewTokens', 'evaluationMinLength', 'evaluationTopK'] as const),
  ],
  Guards: ['guards', 'guardEvery', 'guardSamples'],
  Training: [
    'algorithm',
    'steps',
    'epochs',
    'batchSize',
    'numGenerations',
    'miniBatchSize',
    'microBatchSize',
    'gradientAccumulationSteps',
    'staleness',
    'gradientCheckpointing',
    'ppoEpochs',
    'classWeights',
    'dropout',
    'seed',
    'checkpointEvery',
    'keepCheckpoints',
    'keepRollouts',
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
    'reward',
    'rewardWeight',
    'rewardModelWeight',
    'rewardLabel',
    'toxicLabel',
    'toxicityOn',
    'scoreOn',
    'pairAs',
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
    'valueHeadFile',
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
  Limits: ['ratioThreshold', 'earlyStopping', 'targetKl', 'samplingCorrection', 'samplingCap'],
  'Parity with TRL 0.8.0': ['compat', 'without', 'rescore'],
};

/**
 * Short names of headings: `--set kl.target=6`, and in a config file `kl: { target: 6 }`. What stands
 * under a heading may leave out the group's name at its beginning: `lora.rank` is `loraRank`. A job
 * has those groups all of whose headings it has.
 */
export const groups: Readonly<Record<string, readonly string[]>> = {
  lora: ['A fresh adapter, when none is given'],
  data: ['Data'],
  measuring: ['Measuring'],
  guard: ['Guards'],
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
  machines: ['Machines'],
};

/** What stands for a value in `--help`, where its type alone does not say it. */
const placeholders: Readonly<Partial<Record<Setting, string>>> = {
  model: 'dir|name',
  revision: 'commit',
  adapter: 'dir|zip|name',
  adapterRevision: 'commit',
  rewardModel: 'dir|name',
  rewardRevision: 'commit',
  toxicityModel: 'dir|name',
  toxicityRevision: 'commit',
  judge: 'words|file|dir|name,…',
  data: 'file|name',
  dataRevision: 'commit',
  testData: 'file|name',
  testDataRevision: 'commit',
  modelConfig: 'file',
  reward: 'file',
  promptTemplate: 'text|file',
  valueHeadFile: 'name',
  tokenizer: 'dir',
  responseLimits: 'low,high',
  adamBetas: 'first,second',
  without: 'name,…',
  loraTargets: 'name,…',
  labelNames: 'label=name,…',
};

/** The settings of a job in the order, under the headings and with the placeholders of `--help`. */
export function underHeadings<Shape extends Readonly<Record<string, z.ZodType>>>(
  settings: Shape,
): Shape {
  const headed = Object.entries(headings).flatMap(([group, names]) =>
    names.map((name): [string, object] => [name, { group }]),
  );
  const metas = new Map(headed);
  const first = Object.keys(settings).filter((name) => !metas.has(name));
  const fields = [...first, ...metas.keys()].flatMap((name) => {
    if (!Object.hasOwn(settings, name)) return [];
    const placeholder = placeholders[name as Setting];
    const meta = { ...metas.get(name), ...(placeholder && { placeholder }) };
    return [[name, settings[name].meta(meta)] as const];
  });
  return Object.fromEntries(fields) as Shape;
}
