import { z } from 'zod';
import type { Classification } from '../eval/classification.ts';
import type { ParameterCount } from '../events.ts';

/** How well the held-out texts are told apart. */
export interface ClassifyMeasures extends Classification {
  /** Mean cross-entropy per text in nats. */
  readonly loss: number;
}

/** What it alone tells as it starts. */
export interface ClassifyFacts {
  readonly parameters: ParameterCount;
}

const number = z.number();
const count = z.int().nonnegative();
const share = z.strictObject({ share: number, n: count, low: number, high: number });

/** Their schema. */
export const classifyMeasures = z.strictObject({
  accuracy: share,
  labels: z.array(
    z.strictObject({
      ...{ label: z.string(), precision: share.nullable(), recall: share.nullable() },
      ...{ f1: number },
    }),
  ),
  macroF1: number,
  confusion: z.array(z.array(count)),
  loss: number,
});
