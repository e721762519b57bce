import { basename } from 'node:path';
import { loadFunction, moduleSources } from '../../disk/user-module.ts';
import { guardMetrics } from '../../eval/diversity.ts';
import type { EvaluationParts, Prompt } from '../../eval/evaluate.ts';
import { canRead, rouge } from '../../eval/rouge.ts';
import type { Policy } from '../../model/policy.ts';
import { classifierReward, type Judge } from '../../rl/judge.ts';
import {
  attributed,
  type Reward,
  scoreRollouts,
  type WeightedReward,
  weightedRewards,
} from '../../rl/reward.ts';
import { semanticsOf } from '../../rl/trl/corrections.ts';
import { labReward } from '../../rl/trl/lab-reward.ts';
import type { Tokenizer } from '../../tokenizer/tokenizer.ts';
import { type DetoxConfig, rlConfigOf } from './config.ts';

/** Who judges, and whose responses. */
export interface DetoxRewardParts {
  readonly judge: Judge;
  /** The module's reward, where the settings name one. */
  readonly own?: RewardModule | undefined;
  readonly policy: Policy;
  /** The policy's. */
  readonly tokenizer: Tokenizer;
}

/**
 * What a reward module exports as its default. The queries have the dialogue and all columns of its
 * row; in the measurements responses come without what the policy said while it sampled.
 */
export type RewardModule = Reward<Prompt>;

/** How a reward module is written. */
const example = 'export default async (rollouts) => rollouts.map(({ text }) => -text.length);';

/**
 * The reward that a module exports as its default.
 * @throws as `loadFunction`
 */
export async function loadReward(path: string): Promise<RewardModule> {
  const { call } = await loadFunction(path, example);
  return call as RewardModule; // what it answers is checked each time
}

/** The files of a reward module, by what they are for. */
export async function rewardSources(path: string | undefined): Promise<Record<string, string>> {
  if (path === undefined) return {};
  return moduleSources('reward', (await loadFunction(path, example)).files);
}

/**
 * What a detox run maximises: what the classifier says, what a module says and ROUGE-1, each times
 * its weight. Its metrics also show what a policy that games it would write.
 */
export function detoxReward(parts: DetoxRewardParts, config: DetoxConfig): Reward<Prompt> {
  const classifier = judgeReward(parts, config);
  const { rougeWeight, rewardModelWeight } = config;
  const others: Record<string, WeightedReward<Prompt>> = {
    ...ownReward(parts, config),
    ...(rougeWeight > 0 && { rouge1: { reward: rougeReward, weight: rougeWeight } }),
  };
  if (Object.keys(others).length === 0 && rewardModelWeight === 1)
    return guarded(ofOnePart('classifier', classifier));
  const weighted = { classifier: { reward: classifier, weight: rewardModelWeight }, ...others };
  return guarded(weightedRewards<Prompt>(weighted));
}

function ownReward({ own }: Pick<DetoxRewardParts, 'own'>, config: DetoxConfig) {
  if (!own) return {};
  return { [basename(config.reward!)]: { reward: own, weight: config.rewardWeight } };
}

/**
 * What responses are measured by: their toxicity, and as the reward what the classifier and the
 * module say, each times its weight.
 */
export function detoxJudge(
  { judge: { judge }, own }: Pick<DetoxRewardParts, 'judge' | 'own'>,
  config: DetoxConfig,
): EvaluationParts['judge'] {
  const { rewardModelWeight } = config;
  const [named] = Object.entries(ownReward({ own }, config));
  if (!named) return judge;
  const [name, { reward: plain, weight }] = named;
  const reward = attributed(plain, name);
  return async (pairs) => {
    const judgements = await judge(pairs);
    const rollouts = pairs.map(({ rollout }) => rollout);
    const { scores } = await scoreRollouts(reward, rollouts, undefined, name);
    return judgements.map(({ toxicity, reward: number }, i) => ({
      toxicity,
      reward: rewardModelWeight * number + weight * scores[i],
    }));
  };
}

/** The reward in words, where a module has a part in it: `logit "nothate" of the reward model + 0.5 × reward.ts`. */
export function rewardWords(ofModel: string, config: DetoxConfig): string | undefined {
  const { reward, rewardWeight, rewardModelWeight } = config;
  if (reward === undefined) return undefined;
  const parts = [
    [rewardModelWeight, `${ofModel} of the reward model`],
    [rewardWeight, basename(reward)],
  ] as const;
  return parts
    .filter(([weight]) => weight !== 0)
    .map(([weight, words]) => (weight === 1 ? words : `${weight} × ${words}`))
    .join(' + ');
}

/** The reward label's logit; the lab's reward, as far as `compat` or `without` want it. */
function judgeReward({ judge, policy, tokenizer }: DetoxRewardParts, config: DetoxConfig): Reward {
  const rl = rlConfigOf(config);
  const semantics = semanticsOf(rl);
  if (semantics.rewardsByLabel && semantics.stripsSpecialTokens) return classifierReward(judge);
  const { startIds } = policy;
  const { generation } = rl;
  const scoreOn = readBy(config);
  return labReward(judge, { tokenizer, startIds, generation, semantics, scoreOn });
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

/** The reward, with its scores as a part under a name, as in a sum. */
function ofOnePart(name: string, reward: Reward): Reward<Prompt> {
  return async (rollouts, signal) => {
    const answer = await scoreRollouts(reward, rollouts, signal);
    return { ...answer, parts: { [name]: answer.scores } };
  };
}

/** The reward, with `guard/…` among its metrics. */
function guarded(reward: Reward<Prompt>): Reward<Prompt> {
  return async (rollouts, signal) => {
    const answer = await scoreRollouts(reward, rollouts, signal);
    const answers = rollouts.map(({ query, text }) => ({ query: query.text, response: text }));
    return { ...answer, metrics: { ...answer.metrics, ...guardMetrics(answers) } };
  };
}
