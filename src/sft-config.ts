import { z } from 'zod';
import { promptFields } from './data/config.ts';
import { gradientCheckpointing, SupervisedConfig } from './model/supervised-config.ts';

const count = z.int().positive();

/** Everything that decides a supervised fine-tuning. The trainer's settings stand beside the files'. */
export const SftConfig = z
  .strictObject({
    model: z.string().min(1).describe('Folder of the base model (T5, Hugging Face layout)'),
    data: z.string().min(1).describe('Dialogues with summaries: .csv or .jsonl'),
    adapter: z.string().min(1).optional().describe('Folder of the PEFT LoRA adapter to go on from'),
    full: z.boolean().default(false).describe('Train every weight and write a whole model'),
    ...promptFields,
    maxResponseTokens: count
      .default(128)
      .describe('Longer summaries are cut, and then do not teach to end'),
    loraRank: count.default(32).describe('Rank of a fresh adapter'),
    loraAlpha: z.number().positive().default(32).describe('Alpha of a fresh adapter'),
    loraTargets: z
      .array(z.string())
      .min(1)
      .default(['q', 'v'])
      .describe('Modules of a fresh adapter'),
    ...SupervisedConfig.shape,
    gradientCheckpointing,
    seed: SupervisedConfig.shape.seed.describe('Seed of the shuffling and of a fresh adapter'),
  })
  .refine(({ full, adapter }) => !full || adapter === undefined, {
    path: ['full'],
    error: 'cannot go with `adapter`',
  });
export type SftConfig = z.infer<typeof SftConfig>;
