import type { GradientResult } from '../model/policy.ts';
import { k3 } from './kl.ts';
import { maskedMean, maskedSum, maskedVariance, moments, type Rows, zipRows } from './masked.ts';
import type { RlSample } from './sample.ts';

/**
 * Statistics of one minibatch, before its step: the means of the loss's terms under their own names,
 * and what else there is to say. Those with a slash in their name are told, as `ppo/NAME`; `ratio`
 * and `k3`, an estimate of KL(rollout policy || policy), say how far the policy has moved.
 */
export type MinibatchStats = Readonly<Record<string, number>>;

interface MinibatchInput {
  readonly oldLogprobs: Rows;
  readonly advantages: Rows;
  readonly masks: Rows;
  /** What each token counts in the loss; they sum to one. */
  readonly weights: Rows;
  /** Of the critic, if there is one. */
  readonly oldValues?: Rows;
  readonly returns?: Rows;
}

/** What a minibatch comes to: the graph's own numbers, averaged over the tokens that count. */
export function minibatchStats(
  { loss, terms, scores }: Pick<GradientResult, 'loss' | 'terms' | 'scores'>,
  { oldLogprobs, advantages, masks, weights, oldValues, returns }: MinibatchInput,
): MinibatchStats {
  const mean = (rows: Rows) => maskedMean(rows, masks);
  const means = Object.entries(terms).map(([name, rows]) => {
    const isLoss = name.startsWith('loss/');
    return [name, isLoss ? maskedSum(rows, weights) : mean(rows)] as const;
  });
  const logprobs = scores.map((row) => row.logprobs);
  const critic = oldValues &&
    returns && {
      'returns/mean': mean(returns),
      'returns/var': maskedVariance(returns, masks),
      'val/vpred': mean(scores.map((row) => row.values)),
      'val/mean': mean(oldValues),
      'val/var': maskedVariance(oldValues, masks),
    };
  return {
    'loss/value': 0,
    ...Object.fromEntries(means),
    'loss/total': loss,
    'policy/entropy': mean(scores.map((row) => row.entropies)),
    'policy/advantages_mean': mean(advantages),
    ...critic,
    // decides where the terms' float32 would cancel: see docs/numerics.md
    k3: mean(zipRows(oldLogprobs, logprobs, k3)),
  };
}

/** All that a step reports, but for times: of its batch, of its minibatches, and its learning rate. */
export function stepStats(
  batch: BatchInput,
  minibatches: readonly MinibatchStats[],
  learningRate: number,
): Record<string, number> {
  const means = meanOf(minibatches);
  const variance = means['ppo/returns/var'];
  return {
    ...batchStats(batch),
    ...means,
    ...(variance > 0 && { 'ppo/val/var_explained': 1 - means['ppo/val/error'] / variance }),
    'ppo/learning_rate': learningRate,
  };
}

/** Unweighted mean over minibatches, under `ppo/…`. */
export function meanOf(minibatches: readonly MinibatchStats[]): Record<string, number> {
  const names = Object.keys(minibatches[0]).filter((name) => name.includes('/'));
  const mean = (name: string) => moments(minibatches.map((each) => each[name])).mean;
  return Object.fromEntries(names.map((name) => [`ppo/${name}`, mean(name)]));
}

interface BatchInput {
  readonly samples: readonly RlSample[];
  readonly scores: readonly number[];
  readonly masks: Rows;
  readonly logprobs: Rows;
  readonly refLogprobs: Rows;
  readonly klDist: readonly number[];
  readonly nonScoreRewards: Rows;
  readonly klCoef: number;
}

/** Statistics of the whole batch, before the update. Lengths of responses count the decoder start. */
export function batchStats(input: BatchInput): Record<string, number> {
  const { samples, scores, masks, logprobs, refLogprobs, klDist, nonScoreRewards, klCoef } = input;
  const surprise = logprobs.map((row, i) => row.reduce((sum, lp, t) => sum - lp * masks[i][t], 0));
  const score = moments(scores);
  const queries = moments(samples.map(({ sequence }) => sequence.query.length));
  const responses = moments(samples.map(({ tokens }) => tokens + 1));
  return {
    'objective/kl': moments(klDist).mean,
    'objective/kl_per_token': maskedMean(
      zipRows(logprobs, refLogprobs, (lp, ref) => lp - ref),
      masks,
    ),
    'objective/kl_k3': maskedMean(zipRows(logprobs, refLogprobs, k3), masks),
    'objective/kl_coef': klCoef,
    'objective/entropy': moments(surprise).mean,
    'ppo/mean_non_score_reward': maskedMean(nonScoreRewards, masks),
    'ppo/mean_scores': score.mean,
    'ppo/std_scores': score.std,
    'tokens/queries_len_mean': queries.mean,
    'tokens/queries_len_std': queries.std,
    'tokens/responses_len_mean': responses.mean,
    'tokens/responses_len_std': responses.std,
  };
}
