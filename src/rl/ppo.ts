import type { Algorithm } from './algorithm.ts';
import { gae } from './gae.ts';
import { whiten, zipRows } from './masked.ts';

/**
 * PPO: a critic's values, generalized advantage estimation, advantages whitened over the batch.
 * Returns are made before the advantages are whitened.
 * @see Schulman et al. 2017, https://arxiv.org/abs/1707.06347; Ziegler et al. 2019,
 *   https://arxiv.org/abs/1909.08593
 */
export const ppo: Algorithm = {
  critic: true,
  defaults: { numGenerations: 1, klPlacement: 'reward' },
  estimate({ samples, masks, rewards, values: said }, { gamma, lam: lambda, whitenRewards }) {
    const product = (a: number, b: number) => a * b;
    const values = zipRows(said, masks, product);
    const counted = zipRows(rewards, masks, product);
    const used = whitenRewards ? whiten(counted, masks, { keepMean: true }) : counted;
    const estimates = used.map((row, i) => {
      if (!samples[i].bootstraps) return gae(row, values[i], { gamma, lambda });
      const lastValue = said[i][row.length - 1];
      return withoutLast(row, values[i], { gamma, lambda, lastValue });
    });
    const advantages = estimates.map((each) => each.advantages);
    const returns = estimates.map((each) => each.returns);
    return { advantages: whiten(advantages, masks), critic: { values, returns } };
  },
};

/** The last place is behind the response: it lends its value and gets nothing. */
function withoutLast(
  rewards: Float32Array,
  values: Float32Array,
  options: Parameters<typeof gae>[2],
) {
  const { advantages, returns } = gae(rewards.slice(0, -1), values.slice(0, -1), options);
  const longer = (row: Float32Array) => Float32Array.of(...row, 0);
  return { advantages: longer(advantages), returns: longer(returns) };
}
