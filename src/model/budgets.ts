/** How much goes into one run. */
import type { PolicyConfig } from '../family/families.ts';
import { groupBySize, type Sequence } from './batch.ts';

/** Padded source tokens of rows that are decoded together. */
export const decodeBudget = 8192;
/**
 * Elements of the hidden states of one run that encodes, or scores: more is hardly faster, and takes
 * more memory. 1,024 and 2,048 tokens of FLAN-T5-base.
 */
export const encodeBudget = 1024 * 768;
export const scoreBudget = 2048 * 768;
/** Scored logits of one run. */
export const logitBudget = 16e6;
/** Bytes of weights that a decoding session may keep for itself while others train: a second's loading. */
export const ownLimit = 256e6;

/**
 * Sequences in groups that fit one run, by their indices: of similar length, the shortest first.
 * @param most of a group. @default as many as fit
 */
export function sequenceGroups(
  { vocabSize, dModel }: Pick<PolicyConfig, 'vocabSize' | 'dModel'>,
  sequences: readonly Sequence[],
  most?: number,
): number[][] {
  const budget = Math.floor(scoreBudget / dModel);
  // one size for both limits, in units of source tokens
  const sizes = sequences.map(({ query, labels }) =>
    Math.max(query.length, (labels.length * vocabSize * budget) / logitBudget),
  );
  return groupBySize(sizes, budget, most);
}
