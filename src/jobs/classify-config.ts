import { z } from 'zod';
import { labelledFields, splitFields } from '../data/config.ts';
import { revisionField } from '../hub/revision.ts';
import {
  checkpointEvery,
  keepCheckpoints,
  measuringFields,
  needsEvaluations,
  SupervisedConfig,
  trainingFields,
} from '../model/supervised-config.ts';

/** AdamW's, where none is given: a trained model is moved more carefully than random weights. */
export const learningRates = { trained: 2e-5, fresh: 1e-3 };

/** The settings with the rate that follows from the others. */
export function withRate(
  config: ClassifyConfig,
): ClassifyConfig & { readonly learningRate: number } {
  const usual = config.model === undefined ? learningRates.fresh : learningRates.trained;
  return { ...config, learningRate: config.learningRate ?? usual };
}

/** Everything that decides the training of a classifier. */
export const ClassifyConfig = z
  .strictObject({
    data: z
      .string()
      .min(1)
      .describe('Labelled texts: file, folder, or name on the Hugging Face hub'),
    dataRevision: revisionField('data'),
    model: z
      .string()
      .min(1)
      .optional()
      .describe('Classifier to go on from: folder, or name on the Hugging Face hub'),
    revision: revisionField('model'),
    modelConfig: z.string().min(1).optional().describe('config.json of a fresh classifier'),
    tokenizer: z.string().min(1).optional().describe('Folder of its tokenizer'),
    ...labelledFields,
    labelThreshold: z
      .number()
      .optional()
      .describe('Makes two classes of labels that are numbers: 1 from here on, 0 below'),
    labelNames: z
      .array(
        z
          .string()
          .regex(/^[^=]*[^=\s][^=]*=.*\S/s)
          .meta({ expects: 'label=name' }),
      )
      .default([])
      .describe("Labels of the data under other names, the model's: neg=NEGATIVE,pos=POSITIVE"),
    testShare: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.2)
      .describe('Share of the texts of each label that is held out, from the end'),
    ...splitFields,
    ...trainingFields(
      `${learningRates.trained.toExponential()} from a model, ${learningRates.fresh} from random weights`,
    ),
    classWeights: z
      .enum(['none', 'balanced'])
      .default('none')
      .describe('What texts count in training: all the same, or more where their label is rare'),
    seed: SupervisedConfig.shape.seed.describe('Seed of the shuffling and of fresh weights'),
    checkpointEvery,
    keepCheckpoints,
    ...measuringFields,
    bestMetric: z
      .enum(['loss', 'accuracy', 'macroF1'])
      .default('loss')
      .describe('What decides which model is the best, on the held-out texts'),
  })
  .refine(({ patience, evaluateEvery }) => patience === 0 || evaluateEvery > 0, needsEvaluations)
  .superRefine(({ model, modelConfig, tokenizer }, context) => {
    const refuse = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message });
    if (model !== undefined && modelConfig !== undefined)
      refuse('model', 'cannot go with `modelConfig`');
    if (model === undefined && modelConfig === undefined) {
      refuse('model', 'must be given, or `modelConfig` and `tokenizer`');
    } else if (modelConfig !== undefined && tokenizer === undefined) {
      refuse('tokenizer', 'must be given with `modelConfig`');
    } else if (modelConfig === undefined && tokenizer !== undefined) {
      refuse('tokenizer', 'cannot go without `modelConfig`');
    }
  });
export type ClassifyConfig = z.infer<typeof ClassifyConfig>;
