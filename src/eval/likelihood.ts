/** How probable responses are: sums of their tokens' log-probabilities. */
import type { Parameters } from '../model/parameters.ts';
import type { Policy } from '../model/policy.ts';

/** Who says so. */
export interface LikelihoodOptions {
  /** @default the policy's own */
  readonly parameters?: Parameters;
  /** At which tokens are scored: that at which they were drawn. @default 1 */
  readonly temperature?: number;
}

/** What is scored: a response to a query, as ids. */
interface Response {
  readonly query: readonly number[];
  readonly response: readonly number[];
}

/**
 * Of each response the sum of its tokens' log-probabilities in nats, one pass over all of them. A
 * first token that the model's generation settings force was nobody's choice, and does not count.
 */
export async function logprobSums(
  policy: Pick<Policy, 'sequence' | 'score' | 'forcesFirst'>,
  responses: readonly Response[],
  options: LikelihoodOptions = {},
): Promise<number[]> {
  const sequences = responses.map(({ query, response }) => policy.sequence(query, response));
  const scores = await policy.score(sequences, options);
  const first = policy.forcesFirst ? 1 : 0;
  return scores.map(({ logprobs }) => logprobs.slice(first).reduce((sum, one) => sum + one, 0));
}
