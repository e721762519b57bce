import type { Experience } from './algorithm.ts';

/**
 * What each token earns: the KL's price, where it is paid in the reward, and with the last token that
 * counts the score.
 * @param price of the KL: beta, or 0 where it is paid in the loss
 */
export function tokenRewards(
  { kls, masks, scores }: Pick<Experience, 'kls' | 'masks' | 'scores'>,
  price: number,
) {
  const nonScoreRewards = kls.map((row) => row.map((kl) => -price * kl));
  const rewards = nonScoreRewards.map((row, i) => withScore(row, masks[i], scores[i]));
  return { nonScoreRewards, rewards };
}

function withScore(row: Float32Array, mask: Float32Array, score: number): Float32Array {
  const rewards = row.slice();
  rewards[mask.lastIndexOf(1)] += score;
  return rewards;
}
