import { z } from 'zod';

/** Of every training of a T5. */
export const gradientCheckpointing = z
  .boolean()
  .default(false)
  .describe(
    'Recompute each block in the backward pass instead of keeping its activations: less memory, about a third more time',
  );

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

/** The trainer's part of wider settings. */
export function supervisedConfigOf(config: SupervisedConfig): SupervisedConfig {
  const names = Object.keys(SupervisedConfig.shape) as (keyof SupervisedConfig)[];
  return SupervisedConfig.parse(Object.fromEntries(names.map((name) => [name, config[name]])));
}
