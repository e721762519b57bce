import { z } from 'zod';
import { GenerationConfig } from '../model/sampling.ts';
import { algorithmNames } from './algorithms.ts';
import { compatFields } from './trl/corrections.ts';

/** What a reward may read: the response, the prompt with the response, or pair minus prompt. */
export const scoreTargets = ['response', 'pair', 'delta'] as const;
/** How prompt and response become one sequence. */
export const pairForms = ['joined', 'two-texts'] as const;
/** Estimates of the KL per token, k1 (kl), |k1|, k2 (mse), exact and k3; `tokenKl` has the formulas. */
export const klPenalties = ['kl', 'abs', 'mse', 'full', 'k3'] as const;

const count = z.int().positive();
const countOrZero = z.int().nonnegative();
const amount = z.number().nonnegative();
const off = z.boolean().default(false);
const positive = z.number().positive();
const share = z.number().min(0).max(1);

/**
 * Settings of a run, one by one. Names and defaults are those of the field's usual trainer, in
 * camelCase, unless the description says otherwise.
 */
export const rlFields = {
  algorithm: z
    .enum(algorithmNames)
    .default('ppo')
    .describe('PPO with a critic; RLOO and GRPO compare several responses to one prompt instead'),
  steps: countOrZero
    .default(10)
    .describe('Batches of responses to learn from; 0 measures twice and learns nothing'),
  batchSize: count.default(16).describe('Responses per step (TRL: 128)'),
  numGenerations: count
    .optional()
    .describe('Responses to each prompt (default: 1; 4 for rloo and grpo)'),
  miniBatchSize: count.default(4).describe('Responses per gradient (TRL: 128)'),
  gradientAccumulationSteps: count.default(1).describe('Gradients per optimizer step'),
  staleness: countOrZero
    .default(0)
    .describe(
      'Sample the responses of a step with the policy of so many steps before, so that workers sample while others learn; `samplingCorrection` makes up for it',
    ),
  ppoEpochs: count.default(4).describe('Passes over each batch'),
  learningRate: positive.default(1.41e-5).describe('Adam learning rate'),
  valueLearningRate: positive
    .optional()
    .describe('Learning rate of the value head (default: as the rest)'),
  criticWarmup: countOrZero
    .default(0)
    .describe('First steps, in which the value head learns alone'),
  schedule: z
    .enum(['constant', 'linear', 'cosine'])
    .default('constant')
    .describe('Course of the learning rate: constant, or down to 0 over the steps'),
  warmup: countOrZero.default(0).describe('First steps, in which the learning rate grows from 0'),
  adamEps: positive
    .optional()
    .describe('Adam epsilon (default: 1e-5; TRL: 1e-8, whose first steps are sign-like)'),
  adamBetas: z
    .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
    .default([0.9, 0.999])
    .describe('Decay of the moments of Adam'),
  weightDecay: amount.default(0).describe('Decoupled weight decay (AdamW); 0 is Adam'),
  maxGradNorm: positive
    .optional()
    .describe('Clip the gradients of each optimizer step to this norm'),
  initKlCoef: amount.default(0.2).describe('KL coefficient at the start'),
  adapKlCtrl: z.boolean().default(true).describe('Adapt the KL coefficient to the target'),
  target: positive.default(6).describe('KL that the controller aims at, summed over a response'),
  horizon: positive.default(10000).describe('Responses over which the controller acts'),
  klPenalty: z
    .enum(klPenalties)
    .optional()
    .describe('Estimate of the KL per token (default: kl in the reward, k3 in the loss)'),
  klPlacement: z
    .enum(['reward', 'loss'])
    .optional()
    .describe('Where the KL is paid (default: reward; loss for grpo)'),
  gamma: share.default(1).describe('Discount per token'),
  lam: share.default(0.95).describe('Lambda of GAE: 0 trusts the critic, 1 the rewards'),
  clipRange: positive.default(0.2).describe('Ratio clip: [1 - c, 1 + c]'),
  clipRangeValue: positive
    .default(0.2)
    .describe('Value clip: [V - c, V + c] around the value of the rollout'),
  vfCoef: amount.default(0.1).describe('Weight of the value loss'),
  detachValue: off.describe(
    'Keep the value loss out of the adapter: it trains the value head alone',
  ),
  entropyCoef: amount.default(0).describe('Weight of the entropy bonus'),
  lossAverage: z
    .enum(['token', 'sequence'])
    .default('token')
    .describe('Average over all tokens, or over responses of the averages over their tokens'),
  advantageScale: z
    .enum(['group', 'batch', 'none'])
    .optional()
    .describe(
      'What rloo and grpo divide advantages by: the deviation of what a prompt or the batch earned (default: group for grpo, none for rloo)',
    ),
  whitenRewards: off.describe('Whiten token rewards, keeping their mean'),
  calibrate: countOrZero
    .optional()
    .describe(
      'Score this many responses of the starting policy first; scores then count from their mean, in their deviations (default: 64; 0 with useScoreScaling or `compat`)',
    ),
  useScoreScaling: off.describe('Divide scores by their running deviation'),
  useScoreNorm: off.describe('Subtract the running mean as well'),
  scoreClip: positive.optional().describe('Clip scores to [-c, c], after scaling'),
  missingEosPenalty: amount
    .optional()
    .describe(
      'Taken from the score of a response that hits the length limit (default: 1 where scores are scaled)',
    ),
  minResponseTokens: countOrZero.default(0).describe('Responses shorter than this are penalised'),
  shortResponsePenalty: amount
    .default(1)
    .describe('Taken from the score of a response that is too short'),
  rescore: z
    .boolean()
    .optional()
    .describe(
      'Compute the logprobs and values of rollouts once more, in a pass of their own, instead of keeping those of the sampling; the same but for rounding (default: with `compat` and `staleness`, and where an engine computes in less than float32)',
    ),
  samplingCorrection: z
    .enum(['token', 'sequence', 'none'])
    .optional()
    .describe(
      'Where rollouts are scored once more: weigh the policy loss by how much likelier the scoring finds a token, or its whole response, than the sampling did (default: token with `staleness` and where an engine computes in less than float32, else none)',
    ),
  samplingCap: positive.default(2).describe('Largest weight of `samplingCorrection`'),
  bootstrapTruncated: off.describe(
    'Let the critic guess what a response that hit the length limit would still earn',
  ),
  ratioThreshold: positive.default(10).describe('Skip a minibatch whose mean ratio is above this'),
  earlyStopping: off.describe('Stop the epochs of a batch when the policy has moved too far'),
  targetKl: positive
    .default(1)
    .describe('Too far: a KL to the policy of the rollouts above 1.5 times this'),
  valueHead: z
    .enum(['zero', 'uniform', 'none'])
    .optional()
    .describe('Start of the value head (default: zero; TRL: uniform; none for rloo and grpo)'),
  reference: z
    .enum(['initialPolicy', 'base'])
    .optional()
    .describe(
      'What the KL is measured against: the starting adapter, or the bare model (default: initialPolicy; base with `compat`)',
    ),
  responseLimits: z
    .tuple([count, count])
    .optional()
    .describe("Draw each response's longest length from [low, high), as TRL's LengthSampler"),
  generation: GenerationConfig.prefault({}),
  seed: countOrZero.default(0).describe('Seed of sampling, shuffling and initialisation'),
  ...compatFields,
};

/** Settings as they were given, with the plain defaults. */
export type Given = z.output<z.ZodObject<typeof rlFields>>;

/** What is wrong with settings together, told at the one to change. */
export type Rule = readonly [
  path: keyof Given,
  broken: (config: Given) => boolean,
  message: string,
];
