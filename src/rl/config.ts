import { z } from 'zod';
import { GenerationConfig } from '../model/sampling.ts';

/** What a reward may read: the response, the prompt with the response, or pair minus prompt. */
export const scoreTargets = ['response', 'pair', 'delta'] as const;
/** Estimates of the KL per token; `tokenKl` has the formulas. */
export const klPenalties = ['kl', 'abs', 'mse', 'full'] as const;

/**
 * Settings of PPO. Names are TRL's in camelCase; defaults are TRL 0.8.0's unless the description
 * says otherwise.
 */
export const RlConfig = z
  .strictObject({
    steps: z
      .int()
      .positive()
      .default(10)
      .describe('PPO steps: batches of rollouts (the lab takes 10)'),
    batchSize: z.int().positive().default(16).describe('Responses per PPO step (TRL: 128)'),
    miniBatchSize: z.int().positive().default(4).describe('Responses per gradient (TRL: 128)'),
    gradientAccumulationSteps: z
      .int()
      .positive()
      .default(1)
      .describe('Gradients per optimizer step'),
    ppoEpochs: z.int().positive().default(4).describe('Passes over each batch'),
    learningRate: z.number().positive().default(1.41e-5).describe('Adam learning rate'),
    schedule: z
      .enum(['constant', 'linear', 'cosine'])
      .default('constant')
      .describe('How the learning rate falls to 0 over the steps'),
    warmup: z
      .int()
      .nonnegative()
      .default(0)
      .describe('Steps in which the learning rate grows from 0'),
    adamEps: z
      .number()
      .positive()
      .default(1e-5)
      .describe('Adam epsilon (TRL: 1e-8, whose first steps are sign-like)'),
    adamBetas: z
      .tuple([z.number().min(0).lt(1), z.number().min(0).lt(1)])
      .default([0.9, 0.999])
      .describe('Decay of the moments of Adam'),
    weightDecay: z
      .number()
      .nonnegative()
      .default(0)
      .describe('Decoupled weight decay (AdamW); 0 is Adam'),
    maxGradNorm: z
      .number()
      .positive()
      .optional()
      .describe('Clip the gradients of each optimizer step to this norm'),
    initKlCoef: z.number().nonnegative().default(0.2).describe('KL coefficient at the start'),
    adapKlCtrl: z.boolean().default(true).describe('Adapt the KL coefficient to the target'),
    target: z
      .number()
      .positive()
      .default(6)
      .describe('KL that the controller aims at, summed over a response'),
    horizon: z
      .number()
      .positive()
      .default(10000)
      .describe('Responses over which the controller acts'),
    klPenalty: z.enum(klPenalties).default('kl').describe('Estimate of the KL per token'),
    gamma: z.number().min(0).max(1).default(1).describe('Discount'),
    lam: z.number().min(0).max(1).default(0.95).describe('GAE lambda'),
    clipRange: z.number().positive().default(0.2).describe('PPO ratio clip: [1 - c, 1 + c]'),
    clipRangeValue: z.number().positive().default(0.2).describe('Clip of the change of a value'),
    vfCoef: z.number().nonnegative().default(0.1).describe('Weight of the value loss'),
    whitenRewards: z.boolean().default(false).describe('Whiten token rewards, keeping their mean'),
    useScoreScaling: z
      .boolean()
      .default(false)
      .describe('Divide scores by their running deviation'),
    useScoreNorm: z.boolean().default(false).describe('Subtract the running mean as well'),
    scoreClip: z.number().positive().optional().describe('Clip scores to [-c, c], after scaling'),
    ratioThreshold: z
      .number()
      .positive()
      .default(10)
      .describe('Skip a minibatch whose mean ratio is above this'),
    earlyStopping: z
      .boolean()
      .default(false)
      .describe('Stop the epochs of a batch when the policy has moved too far'),
    targetKl: z
      .number()
      .positive()
      .default(1)
      .describe('Too far: a KL to the rollout policy above 1.5 times this'),
    valueHead: z
      .enum(['zero', 'uniform'])
      .default('zero')
      .describe('Start of the value head (TRL: uniform)'),
    reference: z
      .enum(['initialPolicy', 'base'])
      .default('initialPolicy')
      .describe(
        'What the KL is measured against: the starting adapter, or the bare model as TRL does',
      ),
    generation: GenerationConfig.prefault({}),
    seed: z
      .int()
      .nonnegative()
      .default(0)
      .describe('Seed of sampling, shuffling and initialisation'),
    compat: z
      .enum(['none', 'trl-0.8.0'])
      .default('none')
      .describe("Reproduce TRL 0.8.0's arithmetic, defects included"),
  })
  .refine((c) => c.batchSize % (c.miniBatchSize * c.gradientAccumulationSteps) === 0, {
    path: ['miniBatchSize'],
    error: 'miniBatchSize × gradientAccumulationSteps must divide batchSize',
  })
  .refine((c) => c.useScoreScaling || !c.useScoreNorm, {
    path: ['useScoreNorm'],
    error: 'does nothing without useScoreScaling',
  })
  .refine((c) => c.batchSize > 1 || !c.useScoreScaling, {
    path: ['useScoreScaling'],
    error: 'needs a batchSize above 1: one score has no deviation',
  });
export type RlConfig = z.infer<typeof RlConfig>;

/** Where TRL 0.8.0 and the default part ways; docs/ppo.md has the reasons. */
export interface Semantics {
  /** Score the first generated token; TRL's mask leaves it out. */
  readonly scoresFirstToken: boolean;
  /** Every response begins with the decoder start; the lab cuts it off when the limit is hit. */
  readonly keepsDecoderStart: boolean;
  /** Clip the gradients of every optimizer step; TRL's iterator is used up after the first. */
  readonly clipsEveryStep: boolean;
  /** A minibatch over the ratio threshold takes no step; TRL's Adam goes on by momentum. */
  readonly skipsWholeStep: boolean;
  /** Early stopping looks at each minibatch before its step; TRL at the last one of an epoch, after it. */
  readonly stopsBeforeStep: boolean;
  /** Rows end where they end; TRL's whitened rewards leak out of the padding. */
  readonly ragged: boolean;
  /** Shuffle minibatches by our own streams; TRL takes numpy's global generator. */
  readonly ownShuffle: boolean;
  /** KL to the start is zero and all ratios are one before the first update, or the run stops. */
  readonly checksStart: boolean;
}

/** What `compat` and `reference` mean for the arithmetic. */
export function semanticsOf({
  compat,
  reference,
}: Pick<RlConfig, 'compat' | 'reference'>): Semantics {
  const correct = compat === 'none';
  return {
    scoresFirstToken: correct,
    keepsDecoderStart: correct,
    clipsEveryStep: correct,
    skipsWholeStep: correct,
    stopsBeforeStep: correct,
    ragged: correct,
    ownShuffle: correct,
    checksStart: correct && reference === 'initialPolicy',
  };
}
