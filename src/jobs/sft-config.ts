import { z } from 'zod';
import { dialogueFields, promptFields } from '../data/config.ts';
import { revisionField } from '../hub/revision.ts';
import {
  checkpointEvery,
  gradientCheckpointing,
  keepCheckpoints,
  loraTargets,
  measuringFields,
  needsEvaluations,
  SupervisedConfig,
  trainingFields,
} from '../model/supervised-config.ts';

const count = z.int().positive();
const share = z.number().min(0).lt(1);

/** AdamW's, where none is given: a whole model is moved more carefully than a fresh adapter. */
export const learningRates = { adapter: 1e-3, full: 1e-4 };

/** The settings with the rate that follows from the others. */
export function withRate(config: SftConfig): SftConfig & { readonly learningRate: number } {
  const usual = config.full ? learningRates.full : learningRates.adapter;
  return { ...config, learningRate: config.learningRate ?? usual };
}

/** Everything that decides a supervised fine-tuning. The trainer's settings stand beside the files'. */
export const SftConfig = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .describe(
        'Base model (T5 or BART, Hugging Face layout): folder, or name on the Hugging Face hub',
      ),
    revision: revisionField('model'),
    data: z
      .string()
      .min(1)
      .describe('Dialogues with summaries: file, folder, or name on the Hugging Face hub'),
    dataRevision: revisionField('data'),
    testDataRevision: revisionField('test data'),
    adapter: z
      .string()
      .min(1)
      .optional()
      .describe('PEFT LoRA adapter to go on from: folder, .zip, or name on the hub'),
    adapterRevision: revisionField('adapter'),
    full: z.boolean().default(false).describe('Train every weight and write a whole model'),
    ...dialogueFields,
    ...promptFields,
    maxResponseTokens: count
      .default(128)
      .describe('Longer summaries are cut, and then do not teach to end'),
    loraRank: count.default(32).describe('Rank of a fresh adapter'),
    loraAlpha: z.number().positive().default(32).describe('Alpha of a fresh adapter'),
    loraTargets,
    loraDropout: share
      .default(0)
      .describe(
        'Share of what a fresh adapter reads that is dropped while it learns (the lab: 0.05)',
      ),
    dropout: share
      .default(0)
      .describe(
        "Share of the model's own values that is dropped while it learns (Python's trainers take dropout_rate of config.json, 0.1 for T5)",
      ),
    ...trainingFields(
      `${learningRates.adapter} for an adapter, ${learningRates.full} for all weights`,
    ),
    gradientCheckpointing,
    seed: SupervisedConfig.shape.seed.describe('Seed of the shuffling and of a fresh adapter'),
    checkpointEvery,
    keepCheckpoints,
    ...measuringFields,
    evaluationSamples: z
      .int()
      .nonnegative()
      .default(32)
      .describe('Held-out dialogues that are summarised greedily, for ROUGE'),
    bestMetric: z
      .enum(['loss', 'rouge1'])
      .default('loss')
      .describe('What decides which adapter is the best: held-out loss or ROUGE-1'),
  })
  .refine(({ patience, evaluateEvery }) => patience === 0 || evaluateEvery > 0, needsEvaluations)
  .refine(({ bestMetric, evaluationSamples }) => bestMetric === 'loss' || evaluationSamples > 0, {
    path: ['bestMetric'],
    error: 'needs `evaluationSamples`',
  })
  .refine(({ full, adapter }) => !full || adapter === undefined, {
    path: ['full'],
    error: 'cannot go with `adapter`',
  });
export type SftConfig = z.infer<typeof SftConfig>;
