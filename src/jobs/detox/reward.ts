import { guardMetrics } from '../../eval/diversity.ts';
import type { Prompt } from '../../eval/evaluate.ts';
import { canRead, rouge } from '../../eval/rouge.ts';
import type { Policy } from '../../model/policy.ts';
import { classifierReward, type Judge, labReward } from '../../rl/judge.ts';
import { type Reward, scoreRollouts, weightedRewards } from '../../rl/reward.ts';
import { semanticsOf } from '../../rl/trl/corrections.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { type DetoxConfig, rlConfigOf } from './config.ts';

/** Who judges, and whose responses. */
export interface DetoxRewardParts {
  readonly judge: Judge;
  readonly policy: Policy;
  /** The policy's. */
  readonly tokenizer: Tokenizer;
}

/**
 * What a detox run maximises: what the classifier says, plus `rougeWeight` times ROUGE-1. Its
 * metrics also show what a policy that games it would write.
 */
export function detoxReward(parts: DetoxRewardParts, config: DetoxConfig): Reward<Prompt> {
  const classifier = judgeReward(parts, config);
  if (config.rougeWeight === 0) return guarded(classifier);
  const rewards = {
    classifier: { reward: classifier, weight: 1 },
    rouge1: { reward: rougeReward, weight: config.rougeWeight },
  };
  return guarded(weightedRewards<Prompt>(rewards));
}

/** The reward label's logit; the lab's reward, as far as `compat` or `without` want it. */
function judgeReward({ judge, policy, tokenizer }: DetoxRewardParts, config: DetoxConfig): Reward {
  const rl = rlConfigOf(config);
  const semantics = semanticsOf(rl);
  if (semantics.rewardsByLabel && semantics.stripsSpecialTokens) return classifierReward(judge);
  const { decoderStartId } = policy.shape.config;
  const { generation } = rl;
  const scoreOn = readBy(config);
  return labReward(judge, { tokenizer, decoderStartId, generation, semantics, scoreOn });
}

/** What the reward reads: with `compat` the pair as in the lab, whatever `scoreOn` says. */
export function readBy({ compat, scoreOn }: DetoxConfig): DetoxConfig['scoreOn'] {
  return compat === 'none' ? scoreOn : 'pair';
}

/**
 * ROUGE-1 F of each response against the references of its query, 0 to 1; the best one counts.
 * @throws {InputError} when a query has no reference that ROUGE can read
 */
export async function rougeReward(
  rollouts: readonly { readonly query: Pick<Prompt, 'references'>; readonly text: string }[],
): Promise<number[]> {
  return rollouts.map(({ query, text }) => rouge(query.references.filter(canRead), text).rouge1.f);
}

/** The reward, with `guard/…` among its metrics. */
function guarded(reward: Reward<Prompt>): Reward<Prompt> {
  return async (rollouts, signal) => {
    const { scores, metrics } = await scoreRollouts(reward, rollouts, signal);
    const answers = rollouts.map(({ query, text }) => ({ query: query.text, response: text }));
    return { scores, metrics: { ...metrics, ...guardMetrics(answers) } };
  };
}
