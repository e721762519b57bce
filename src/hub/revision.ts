import { z } from 'zod';

/** Settings that name something to read, and those that say which revision of it. */
export const revisionOf = {
  model: 'revision',
  adapter: 'adapterRevision',
  against: 'againstRevision',
  rewardModel: 'rewardRevision',
  toxicityModel: 'toxicityRevision',
  data: 'dataRevision',
  testData: 'testDataRevision',
} as const;

/** A setting: which revision of a repository is meant. */
export function revisionField(what: string) {
  return z
    .string()
    .min(1)
    .optional()
    .describe(`Branch, tag or commit of the ${what} on the hub (default: main)`);
}
