import { z } from 'zod';

/** Of every training of a policy. */
export const gradientCheckpointing = z
  .boolean()
  .default(false)
  .describe(
    'Recompute each block in the backward pass instead of keeping its activations: less memory, about a third more time',
  );

/** Modules of a fresh adapter; open, they are those of the model's family. */
export const loraTargets = z
  .array(z.string())
  .min(1)
  .optional()
  .describe(
    'Modules of a fresh adapter (default: queries and values, of a T5 q,v, of a BART q_proj,v_proj)',
  );

const microBatchSize = z
  .int()
  .positive()
  .optional()
  .describe(
    'Examples that are computed at a time: less memory, the same step up to rounding (default: as many as fit a budget of tokens)',
  );

/** When a supervised job measures, and when it has seen enough. */
export const measuringFields = {
  evaluateEvery: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Measure the held-out part every so many steps and keep the best; 0: at the ends'),
  patience: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Stop after so many measurements without a better one; 0: never'),
};

/** How often a supervised job makes sure that it can be gone on with. */
export const checkpointEvery = z
  .int()
  .nonnegative()
  .default(50)
  .describe('Steps between checkpoints, from which a job can be resumed (0: at a stop alone)');

/** How many of these are kept. */
export const keepCheckpoints = z
  .int()
  .positive()
  .default(2)
  .describe('Checkpoints to keep, the last ones');

/** What is wrong with a patience that nothing tries. */
export const needsEvaluations = { path: ['patience'], error: 'needs `evaluateEvery`' };

/** Settings of supervised training. */
export const SupervisedConfig = z.strictObject({
  epochs: z.number().positive().default(3).describe('Passes over the examples'),
  batchSize: z.int().positive().default(32).describe('Examples per step'),
  learningRate: z.number().positive().default(1e-3).describe('AdamW learning rate'),
  schedule: z
    .enum(['constant', 'linear', 'cosine'])
    .default('cosine')
    .describe('How the rate falls'),
  warmup: z.int().nonnegative().default(20).describe('Steps in which the rate grows from 0'),
  weightDecay: z.number().nonnegative().default(0.01).describe('AdamW weight decay'),
  maxGradNorm: z.number().positive().default(1).describe('Gradients are clipped to this norm'),
  seed: z.int().nonnegative().default(0).describe('Seed of the shuffling'),
});
export type SupervisedConfig = z.infer<typeof SupervisedConfig>;

/**
 * Settings of the training of a job, which knows better defaults than a number for all.
 * @param learningRate in words, the rates that the job takes
 */
export function trainingFields(learningRate: string) {
  const { epochs, batchSize, ...shape } = SupervisedConfig.shape;
  return {
    epochs,
    batchSize,
    microBatchSize,
    ...shape,
    learningRate: z
      .number()
      .positive()
      .optional()
      .describe(`AdamW learning rate (default: ${learningRate})`),
    warmup: z
      .int()
      .nonnegative()
      .optional()
      .describe('Steps in which the rate grows from 0 (default: a tenth of all, at most 20)'),
  };
}

/** The trainer's part of wider settings. */
export function supervisedConfigOf(config: SupervisedConfig): SupervisedConfig {
  const names = Object.keys(SupervisedConfig.shape) as (keyof SupervisedConfig)[];
  return SupervisedConfig.parse(Object.fromEntries(names.map((name) => [name, config[name]])));
}
