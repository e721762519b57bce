import { z } from 'zod';

/** A setting: which revision of a repository is meant. */
export function revisionField(what: string) {
  return z
    .string()
    .min(1)
    .optional()
    .describe(`Branch, tag or commit of the ${what} on the hub (default: main)`);
}
