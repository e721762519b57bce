import { join } from 'node:path';
import { z } from 'zod';
import type { ParameterCount } from '../events.ts';

/** How well the held-out summaries are foreseen. */
export interface SftMeasures {
  /** Mean cross-entropy per token in nats, the end-of-sequence token included. */
  readonly loss: number;
  readonly tokens: number;
  readonly responses: number;
  /**
   * Dialogues that were summarised greedily and have a summary that ROUGE can read, and the mean F of
   * their ROUGE, 0 to 1; missing when there are none.
   */
  readonly samples?: number;
  readonly rouge1?: number;
  readonly rouge2?: number;
  readonly rougeL?: number;
  /** Share of all greedy summaries with tokens that fill gaps (`<extra_id_0>`), and without a word; missing when none is so. */
  readonly sentinels?: number;
  readonly empty?: number;
}

/** What it alone tells as it starts. */
export interface SftFacts {
  readonly parameters: ParameterCount;
}

const count = z.int().nonnegative();
const share = z.number().exactOptional();

/** Their schema. */
export const sftMeasures = z.strictObject({
  ...{ loss: z.number(), tokens: count, responses: count },
  ...{ samples: count.exactOptional(), rouge1: share, rouge2: share, rougeL: share },
  ...{ sentinels: share, empty: share },
});

/** Where a model's folder says how it generates. */
export function generationPath(folder: string): string {
  return join(folder, 'generation_config.json');
}
