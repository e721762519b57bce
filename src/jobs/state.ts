import { z } from 'zod';
import { GuardSeries } from '../eval/guards.ts';
import { runRecord } from '../model/checkpoint.ts';
import type { Kind } from './kind.ts';

/** A measurement in between, and the steps before it. */
interface Evaluation<Measures> {
  readonly step: number;
  readonly measures: Measures;
}

/** What a job remembers of itself, beside what is learnt. */
export interface JobState<Measures> {
  /** Measured before the first step, where it is. */
  before?: Measures | undefined;
  readonly evaluations: readonly Evaluation<Measures>[];
  /** The best of these: its step, its worth, and SHA-256 of what decides what its weights compute, by file. */
  best?: Best | undefined;
  /** Measurements without a better one, for patience. */
  since: number;
  /** What the guards remember, where there are any. */
  guards?: GuardState | undefined;
}

/** The best so far; of earlier versions' checkpoints either worth or files are missing. */
export interface Best {
  readonly step: number;
  readonly worth?: number | undefined;
  readonly files?: Readonly<Record<string, string>> | undefined;
}

const count = z.int().nonnegative();

const GuardState = z.strictObject({
  series: GuardSeries,
  /** Steps before the last look at held-out answers. */
  checked: count,
  /** The last step at which no guard saw anything; missing before there is one. */
  well: count.optional(),
  /** Those that have warned and see it still, by what they read. */
  warned: z.strictObject({ rollouts: z.array(z.string()), 'held-out': z.array(z.string()) }),
  /** Where the training was gone back to. */
  rolledBack: z.strictObject({ from: count, to: count, guard: z.string() }).optional(),
});
/** What the guards of a job remember. */
export type GuardState = z.infer<typeof GuardState>;

/** What a checkpoint says of its job, besides what is remembered; in earlier versions `detox` did not say so. */
export const JobRecord = z.strictObject({
  /** The command. */
  job: z.string().default('detox'),
  ...runRecord,
  /** Of earlier versions: the best of `detox`, in the metric's own units. */
  best: z.strictObject({ step: count, value: z.number() }).optional(),
});
export type JobRecord = z.infer<typeof JobRecord>;

/** What a checkpoint remembers: of what is learnt as its kind has it, and of the job. */
export type Remembered<Measures> = JobState<Measures> & Readonly<Record<string, unknown>>;

/** Its schema, for a kind. */
export function remembered<Measures extends object>({
  learns,
  measures,
}: Pick<Kind<never, Measures>, 'learns' | 'measures'>): z.ZodType<Remembered<Measures>> {
  return z
    .strictObject({
      ...learns.shape,
      before: measures.optional(),
      evaluations: z.array(z.strictObject({ step: count, measures })).default([]),
      best: z
        .strictObject({
          step: count,
          worth: z.number().optional(),
          files: z.record(z.string(), z.string()).optional(),
        })
        .optional(),
      since: count.default(0),
      guards: GuardState.optional(),
    })
    .refine(
      ({ best, evaluations }) =>
        best?.worth !== undefined || !best || evaluations.some(({ step }) => step === best.step),
      { path: ['best'], error: 'one of the evaluations' },
    ) as unknown as z.ZodType<Remembered<Measures>>;
}
