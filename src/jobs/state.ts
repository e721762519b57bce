import { z } from 'zod';
import { runRecord } from '../model/checkpoint.ts';

/** A measurement in between, and the steps before it. */
export interface Evaluation<Measures> {
  readonly step: number;
  readonly measures: Measures;
}

/** What a supervised job remembers beside its tensors. */
export interface JobMemory<Measures> {
  /** Steps of Adam, by parameter. */
  readonly adamSteps: Readonly<Record<string, number>>;
  /** Measured before the first step, where it is. */
  readonly before?: Measures | undefined;
  readonly evaluations: readonly Evaluation<Measures>[];
  /** The best of these, by its step, and SHA-256 of what decides what its weights compute, by file. */
  readonly best?: { readonly step: number; readonly files: Record<string, string> } | undefined;
  /** Measurements without a better one, for patience. */
  readonly since: number;
}

const count = z.int().nonnegative();

/** Its schema, for measures of a kind. */
export function jobMemory<Measures>(measures: z.ZodType<Measures>): z.ZodType<JobMemory<Measures>> {
  return z
    .strictObject({
      adamSteps: z.record(z.string(), count),
      before: measures.optional(),
      evaluations: z.array(z.strictObject({ step: count, measures })),
      best: z.strictObject({ step: count, files: z.record(z.string(), z.string()) }).optional(),
      since: count,
    })
    .refine(
      ({ best, evaluations }) => !best || evaluations.some(({ step }) => step === best.step),
      { path: ['best'], error: 'one of the evaluations' },
    ) as z.ZodType<JobMemory<Measures>>;
}

/** What a checkpoint says of its job, besides what is learnt. */
export const JobRecord = z.strictObject({
  /** The command. */
  job: z.string(),
  ...runRecord,
});
export type JobRecord = z.infer<typeof JobRecord>;
