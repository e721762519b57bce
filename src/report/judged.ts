import type { Comparison } from '../comparison.ts';
import type { LlmJudged } from '../events.ts';

/** The comparison with what an LLM judge measured of its slices. Pure. */
export function withJudged(comparison: Comparison, judged: LlmJudged | undefined): Comparison {
  if (judged === undefined) return comparison;
  const slices = comparison.slices.map((slice) => {
    const same = ({ name, by }: LlmJudged['slices'][number]) =>
      name === slice.name && (slice.by === undefined || by === slice.by);
    const { faithfulness, coverage } = judged.slices.find(same) ?? {};
    return { ...slice, ...(faithfulness && { faithfulness }), ...(coverage && { coverage }) };
  });
  return { ...comparison, slices };
}
