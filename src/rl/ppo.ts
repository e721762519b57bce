import type { Advantages, Algorithm } from './algorithm.ts';
import type { RlConfig } from './config.ts';
import { gae } from './gae.ts';
import { type Rows, whiten, zipRows } from './masked.ts';
import type { Semantics } from './trl/corrections.ts';

/**
 * PPO: a critic's values, generalized advantage estimation, advantages whitened over the batch.
 * Returns are made before the advantages are whitened.
 * @see Schulman et al. 2017, https://arxiv.org/abs/1707.06347; Ziegler et al. 2019,
 *   https://arxiv.org/abs/1909.08593
 */
export const ppo: Algorithm = { estimate };

function estimate(
  { samples, masks: ownMasks, rewards, values: rawValues }: Parameters<Algorithm['estimate']>[0],
  { gamma, lam: lambda, whitenRewards }: RlConfig,
  { whitensRealTokens }: Pick<Semantics, 'whitensRealTokens'>,
): Advantages {
  const lengths = rewards.map((row) => row.length);
  const width = Math.max(...lengths);
  // TRL works on padded rows, and its whitened rewards are not zero in the padding
  const shaped = (rows: Rows) => (whitensRealTokens ? rows : rows.map((row) => padded(row, width)));
  const own = (rows: Rows) => rows.map((row, i) => row.slice(0, lengths[i]));
  const masks = shaped(ownMasks);
  const product = (a: number, b: number) => a * b;
  const values = zipRows(shaped(rawValues), masks, product);
  const masked = zipRows(shaped(rewards), masks, product);
  const used = whitenRewards ? whiten(masked, masks, { keepMean: true }) : masked;
  const estimates = used.map((row, i) => {
    if (!samples[i].bootstraps) return gae(row, values[i], { gamma, lambda });
    const lastValue = rawValues[i][lengths[i] - 1];
    return withoutLast(row, values[i], { gamma, lambda, lastValue });
  });
  const advantages = whiten(
    estimates.map((each) => each.advantages),
    masks,
  );
  const returns = estimates.map((each) => each.returns);
  return { advantages: own(advantages), critic: { values: own(values), returns: own(returns) } };
}

/** The last place is behind the response: it lends its value and gets nothing. */
function withoutLast(
  rewards: Float32Array,
  values: Float32Array,
  options: Parameters<typeof gae>[2],
) {
  const { advantages, returns } = gae(rewards.slice(0, -1), values.slice(0, -1), options);
  return {
    advantages: padded(advantages, rewards.length),
    returns: padded(returns, rewards.length),
  };
}

function padded(row: Float32Array, width: number): Float32Array {
  const wide = new Float32Array(width);
  wide.set(row);
  return wide;
}
