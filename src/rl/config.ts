import { z } from 'zod';
import { rlFields } from './fields.ts';
import { contradictions, resolved } from './rules.ts';

/** Settings of a run: checked together, with the defaults that depend on others filled in. */
export const RlConfig = z
  .strictObject(rlFields)
  .superRefine((config, context) => {
    for (const { path, message } of contradictions(config)) {
      context.addIssue({ code: 'custom', path: [path], message });
    }
  })
  .transform(resolved);
export type RlConfig = z.output<typeof RlConfig>;
