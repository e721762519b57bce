import { type DetoxConfig, rlConfigOf } from './detox-config.ts';
import { guardMetrics } from './eval/diversity.ts';
import type { Prompt } from './eval/evaluate.ts';
import { rouge } from './eval/rouge.ts';
import type { Policy } from './model/policy.ts';
import { classifierReward, type Judge, labReward } from './rl/judge.ts';
import { type Reward, scoreRollouts, weightedRewards } from './rl/reward.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Who judges, and whose responses. */
export interface DetoxRewardParts {
  readonly judge: Judge;
  readonly policy: Policy;
  /** The policy's. */
  readonly tokenizer: Tokenizer;
}

/**
 * What a detox run maximises: the classifier's logit (with `compat`, what the lab takes), plus
 * `rougeWeight` times ROUGE-1. Its metrics also tell what a policy that games it would write.
 */
export function detoxReward(
  { judge, policy, tokenizer }: DetoxRewardParts,
  config: DetoxConfig,
): Reward<Prompt> {
  const { generation } = rlConfigOf(config);
  const classifier =
    config.compat === 'none'
      ? classifierReward(judge)
      : labReward(judge, { tokenizer, ...policy.shape.config, generation });
  if (config.rougeWeight === 0) return guarded(classifier);
  const parts = {
    classifier: { reward: classifier, weight: 1 },
    rouge1: { reward: rougeReward, weight: config.rougeWeight },
  };
  return guarded(weightedRewards<Prompt>(parts));
}

/**
 * ROUGE-1 F of each response against the references of its query, 0 to 1; the best one counts.
 * @throws {InputError} when a query has no reference
 */
export async function rougeReward(
  rollouts: readonly { readonly query: Pick<Prompt, 'references'>; readonly text: string }[],
): Promise<number[]> {
  return rollouts.map(({ query, text }) => rouge(query.references, text).rouge1.f);
}

/** The reward, with `guard/…` among its metrics. */
function guarded(reward: Reward<Prompt>): Reward<Prompt> {
  return async (rollouts, signal) => {
    const { scores, metrics } = await scoreRollouts(reward, rollouts, signal);
    const answers = rollouts.map(({ query, text }) => ({ query: query.text, response: text }));
    return { scores, metrics: { ...metrics, ...guardMetrics(answers) } };
  };
}
