import { z } from 'zod';
import { SupervisedConfig } from './model/supervised-config.ts';

/** Everything that decides the training of a classifier. */
export const ClassifyConfig = z
  .strictObject({
    data: z.string().min(1).describe('Labelled texts: .csv or .jsonl'),
    model: z.string().min(1).optional().describe('Folder of the classifier to go on from'),
    config: z.string().min(1).optional().describe('config.json (roberta) of a fresh classifier'),
    tokenizer: z.string().min(1).optional().describe('Folder of its tokenizer'),
    textColumn: z.string().min(1).default('text').describe('Column of the texts'),
    labelColumn: z.string().min(1).default('label').describe('Column of the label names'),
    testShare: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.2)
      .describe('Share of the texts of each label that is held out, from the end'),
    ...SupervisedConfig.shape,
    seed: SupervisedConfig.shape.seed.describe('Seed of the shuffling and of fresh weights'),
  })
  .superRefine(({ model, config, tokenizer }, context) => {
    const refuse = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message });
    if (model !== undefined && config !== undefined) refuse('model', 'cannot go with `config`');
    if (model === undefined && config === undefined) {
      refuse('model', 'must be given, or `config` and `tokenizer`');
    } else if (config !== undefined && tokenizer === undefined) {
      refuse('tokenizer', 'must be given with `config`');
    } else if (config === undefined && tokenizer !== undefined) {
      refuse('tokenizer', 'cannot go without `config`');
    }
  });
export type ClassifyConfig = z.infer<typeof ClassifyConfig>;
