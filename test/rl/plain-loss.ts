/** The loss and its statistics a second time, in plain float64: what the graph's terms are checked by. */
import type { TokenScores } from '../../src/model/policy.ts';
import type { RlConfig } from '../../src/rl/config.ts';
import { k3, tokenKl } from '../../src/rl/kl.ts';
import { maskedMean, maskedSum, maskedVariance, type Rows, zipRows } from '../../src/rl/masked.ts';

/** The settings that statistics depend on. */
type StatsConfig = Pick<
  RlConfig,
  'clipRange' | 'clipRangeValue' | 'vfCoef' | 'entropyCoef' | 'klPlacement' | 'klPenalty'
>;

/** Statistics of a critic on one minibatch. */
interface CriticStats {
  /** Before vfCoef. */
  readonly 'loss/value': number;
  readonly 'returns/mean': number;
  readonly 'returns/var': number;
  readonly 'val/vpred': number;
  readonly 'val/error': number;
  readonly 'val/clipfrac': number;
  readonly 'val/mean': number;
  readonly 'val/var': number;
}

/** Statistics of one minibatch, before its step, under TRL's names without `ppo/`. */
interface PlainStats extends Partial<CriticStats> {
  readonly 'loss/policy': number;
  /** Zero without a critic. */
  readonly 'loss/value': number;
  readonly 'loss/total': number;
  readonly 'policy/entropy': number;
  readonly 'policy/approxkl': number;
  readonly 'policy/policykl': number;
  readonly 'policy/clipfrac': number;
  readonly 'policy/advantages_mean': number;
  readonly ratio: number;
  /** k3 estimate of KL(rollout policy || policy). */
  readonly k3: number;
}

export interface PlainInput {
  readonly oldLogprobs: Rows;
  readonly refLogprobs: Rows;
  readonly advantages: Rows;
  readonly masks: Rows;
  /** What each token counts in the loss; they sum to one. */
  readonly weights: Rows;
  readonly scores: readonly TokenScores[];
  readonly klCoef: number;
  /** Of the critic, if there is one. */
  readonly oldValues?: Rows;
  readonly returns?: Rows;
}

const square = (x: number) => x * x;
const clip = (x: number, center: number, reach: number) =>
  Math.min(Math.max(x, center - reach), center + reach);

/** Share of the tokens where a is above b. */
const share = (a: Rows, b: Rows, masks: Rows) =>
  maskedMean(
    zipRows(a, b, (x, y) => Number(x > y)),
    masks,
  );

function ratiosOf(scores: readonly TokenScores[], oldLogprobs: Rows): Float32Array[] {
  const logprobs = scores.map((row) => row.logprobs);
  return zipRows(logprobs, oldLogprobs, (now, old) => Math.exp(now - old));
}

/** What `minibatchStats` of the graph's terms is to be. */
export function plainStats(input: PlainInput, config: StatsConfig): PlainStats {
  const { oldLogprobs, refLogprobs, advantages, masks, weights, scores, klCoef } = input;
  const { clipRange, entropyCoef, klPlacement, klPenalty, vfCoef } = config;
  const logprobs = scores.map((row) => row.logprobs);
  const entropies = scores.map((row) => row.entropies);
  const mean = (rows: Rows) => maskedMean(rows, masks);
  const weighted = (rows: Rows) => maskedSum(rows, weights);

  const ratios = ratiosOf(scores, oldLogprobs);
  const cost = zipRows(ratios, advantages, (r, a) => -a * r);
  const clippedCost = zipRows(ratios, advantages, (r, a) => -a * clip(r, 1, clipRange));
  const policy = weighted(zipRows(cost, clippedCost, Math.max));
  const kl = () =>
    weighted(zipRows(logprobs, refLogprobs, (lp, ref) => tokenKl(klPenalty, lp, ref)));
  const price = klPlacement === 'loss' ? klCoef * kl() : 0;
  const bonus = entropyCoef * weighted(entropies);
  const critic = criticStats(input, config);
  const value = critic?.['loss/value'] ?? 0;
  return {
    'loss/policy': policy,
    'loss/value': value,
    'loss/total': policy + vfCoef * value + price - bonus,
    'policy/entropy': mean(entropies),
    'policy/approxkl': 0.5 * mean(zipRows(logprobs, oldLogprobs, (now, old) => square(now - old))),
    'policy/policykl': mean(zipRows(oldLogprobs, logprobs, (old, now) => old - now)),
    'policy/clipfrac': share(clippedCost, cost, masks),
    'policy/advantages_mean': mean(advantages),
    ...critic,
    ratio: mean(ratios),
    k3: mean(zipRows(oldLogprobs, logprobs, k3)),
  };
}

/** What there is to say of a critic. */
function criticStats(
  { oldValues, returns, masks, weights, scores }: PlainInput,
  { clipRangeValue }: StatsConfig,
): CriticStats | undefined {
  if (!oldValues || !returns) return undefined;
  const values = scores.map((row) => row.values);
  const clippedValues = zipRows(values, oldValues, (now, old) => clip(now, old, clipRangeValue));
  const error = zipRows(values, returns, (v, r) => square(v - r));
  const clippedError = zipRows(clippedValues, returns, (v, r) => square(v - r));
  return {
    'loss/value': 0.5 * maskedSum(zipRows(error, clippedError, Math.max), weights),
    'returns/mean': maskedMean(returns, masks),
    'returns/var': maskedVariance(returns, masks),
    'val/vpred': maskedMean(values, masks),
    'val/error': maskedMean(error, masks),
    'val/clipfrac': share(clippedError, error, masks),
    'val/mean': maskedMean(oldValues, masks),
    'val/var': maskedVariance(oldValues, masks),
  };
}
