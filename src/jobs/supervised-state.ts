import { z } from 'zod';

/** What is remembered of what is learnt: steps of Adam, by parameter. */
export const learnsSupervised = z.strictObject({
  adamSteps: z.record(z.string(), z.int().nonnegative()),
});

/** Settings that follow from what is learnt. */
export const supervisedLeftOpen = ['learningRate', 'warmup'];

/** Settings that may differ when a job goes on: where files lie (what they hold is checked), and how much is kept. */
export const supervisedMayDiffer = [
  ...['model', 'revision', 'adapter', 'adapterRevision', 'modelConfig', 'tokenizer'],
  ...['data', 'dataRevision', 'testData', 'testDataRevision'],
  ...['checkpointEvery', 'keepCheckpoints'],
];
