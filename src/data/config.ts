import { z } from 'zod';

/** How dialogues become prompts for training and for testing: fields of the jobs' settings. */
export const promptFields = {
  minimumLength: z
    .int()
    .nonnegative()
    .default(200)
    .describe('Shortest dialogue kept, in characters, exclusive'),
  maximumLength: z.int().positive().default(1000).describe('Longest dialogue kept, in characters'),
  testShare: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.2)
    .describe('Share of the data that is held out, from its end'),
  maxQueryTokens: z.int().positive().default(512).describe('Longer prompts are cut'),
};
