import { z } from 'zod';

const summary = z.strictObject({ n: z.int(), mean: z.number(), std: z.number() });

/** Fields of the schema of `RunMeasures`. */
export const runMeasures = {
  ...{ reward: summary, toxicity: summary, flagged: summary },
  rouge1: summary.exactOptional(),
  judges: z.record(z.string(), summary).exactOptional(),
};
