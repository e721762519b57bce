/** Lines of the comparison table. Pure. */
import type { ComparisonRow } from '../comparison.ts';
import type { Pair } from './slices/pairs.ts';

export const bestFirst = (a: ComparisonRow, b: ComparisonRow) => b.reward_diff - a.reward_diff;

/** A pair of samples and what the data holds to compare them with, as a line. */
export function comparisonRow(
  { before, after }: Pair,
  references: readonly string[],
): ComparisonRow {
  const { id, group, rouge1: rouge1Before } = before;
  const { rouge1: rouge1After } = after;
  return {
    query: before.query,
    response_before: before.response,
    response_after: after.response,
    reward_before: before.reward,
    reward_after: after.reward,
    reward_diff: after.reward - before.reward,
    toxicity_before: before.toxicity,
    toxicity_after: after.toxicity,
    ...(rouge1Before !== undefined && { rouge1_before: rouge1Before }),
    ...(rouge1After !== undefined && { rouge1_after: rouge1After }),
    id,
    ...(group !== undefined && { group }),
    references,
  };
}
