import type { TokenScores } from '../model/policy.ts';
import type { RlConfig } from './config.ts';
import { k3 } from './kl.ts';
import { maskedMean, maskedVariance, moments, type Rows, zipRows } from './masked.ts';
import type { RlSample } from './sample.ts';

/** Statistics of one minibatch, before its step, under TRL's names without `ppo/`. */
export interface MinibatchStats {
  readonly 'loss/policy': number;
  /** Before vfCoef. */
  readonly 'loss/value': number;
  readonly 'loss/total': number;
  readonly 'policy/entropy': number;
  readonly 'policy/approxkl': number;
  readonly 'policy/policykl': number;
  readonly 'policy/clipfrac': number;
  readonly 'policy/advantages_mean': number;
  readonly 'returns/mean': number;
  readonly 'returns/var': number;
  readonly 'val/vpred': number;
  readonly 'val/error': number;
  readonly 'val/clipfrac': number;
  readonly 'val/mean': number;
  readonly 'val/var': number;
  readonly avgRatio: number;
  /** k3 estimate of KL(rollout policy || policy). */
  readonly k3: number;
}

interface MinibatchInput {
  readonly oldLogprobs: Rows;
  readonly oldValues: Rows;
  readonly advantages: Rows;
  readonly returns: Rows;
  readonly masks: Rows;
  readonly scores: readonly TokenScores[];
}

/** The same loss as the graph's, and what else TRL reports, in float64. */
export function minibatchStats(input: MinibatchInput, config: RlConfig): MinibatchStats {
  const { oldLogprobs, oldValues, advantages, returns, masks, scores } = input;
  const { clipRange, clipRangeValue, vfCoef } = config;
  const logprobs = scores.map((row) => row.logprobs);
  const values = scores.map((row) => row.values);
  const mean = (rows: Rows) => maskedMean(rows, masks);
  const share = (a: Rows, b: Rows) => mean(zipRows(a, b, (x, y) => Number(x > y)));
  const square = (x: number) => x * x;
  const clip = (x: number, center: number, reach: number) =>
    Math.min(Math.max(x, center - reach), center + reach);

  const ratio = zipRows(logprobs, oldLogprobs, (now, old) => Math.exp(now - old));
  const cost = zipRows(ratio, advantages, (r, a) => -a * r);
  const clippedCost = zipRows(ratio, advantages, (r, a) => -a * clip(r, 1, clipRange));
  const clippedValues = zipRows(values, oldValues, (now, old) => clip(now, old, clipRangeValue));
  const error = zipRows(values, returns, (v, r) => square(v - r));
  const clippedError = zipRows(clippedValues, returns, (v, r) => square(v - r));
  const policyLoss = mean(zipRows(cost, clippedCost, Math.max));
  const valueLoss = 0.5 * mean(zipRows(error, clippedError, Math.max));
  return {
    'loss/policy': policyLoss,
    'loss/value': valueLoss,
    'loss/total': policyLoss + vfCoef * valueLoss,
    'policy/entropy': mean(scores.map((row) => row.entropies)),
    'policy/approxkl': 0.5 * mean(zipRows(logprobs, oldLogprobs, (now, old) => square(now - old))),
    'policy/policykl': mean(zipRows(oldLogprobs, logprobs, (old, now) => old - now)),
    'policy/clipfrac': share(clippedCost, cost),
    'policy/advantages_mean': mean(advantages),
    'returns/mean': mean(returns),
    'returns/var': maskedVariance(returns, masks),
    'val/vpred': mean(values),
    'val/error': mean(error),
    'val/clipfrac': share(clippedError, error),
    'val/mean': mean(oldValues),
    'val/var': maskedVariance(oldValues, masks),
    avgRatio: mean(ratio),
    k3: mean(zipRows(oldLogprobs, logprobs, k3)),
  };
}

/** Unweighted mean over minibatches, as TRL has it, under `ppo/…`. */
export function meanOf(minibatches: readonly MinibatchStats[]): Record<string, number> {
  const names = Object.keys(minibatches[0]).filter((name) => name.includes('/'));
  const mean = (name: string) =>
    minibatches.reduce((sum, stats) => sum + stats[name as keyof MinibatchStats], 0) /
    minibatches.length;
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
  const responses = moments(samples.map(({ sequence }) => sequence.inputs.length + 1));
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
