import { z } from 'zod';
import type { Estimated } from '../../comparison.ts';
import type { RunMeasures } from '../../events.ts';
import { runMeasures } from '../detox/measures.ts';

/** What is measured of a policy: as a run does it, and how well it is known. */
export interface EvaluateMeasures extends RunMeasures {
  /** Over all prompts first, then over parts of them. */
  readonly slices: readonly Estimated[];
}

/** Its schema. */
export const evaluateMeasures: z.ZodType<EvaluateMeasures> = z.strictObject({
  ...runMeasures,
  slices: z.array(z.custom<Estimated>((value) => typeof value === 'object' && value !== null)),
});
