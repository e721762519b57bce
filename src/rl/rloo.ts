import type { Algorithm } from './algorithm.ts';
import { byGroup, scaled, spread, totals } from './groups.ts';

/**
 * RLOO: a response's advantage is what it earned beyond the mean of the other responses to its
 * prompt. No critic; the whole response is one action.
 * @see Ahmadian et al. 2024, https://arxiv.org/abs/2402.14740
 */
export const rloo: Algorithm = {
  critic: false,
  defaults: { numGenerations: 4, klPlacement: 'reward', advantageScale: 'none' },
  estimate(experience, config) {
    const earned = totals(experience);
    const advantages = byGroup(earned, config.numGenerations, leaveOneOut);
    return { advantages: spread(scaled(advantages, earned, config), experience) };
  },
};

/** Each number minus the mean of the others. */
function leaveOneOut(group: readonly number[]): number[] {
  const sum = group.reduce((a, b) => a + b, 0);
  return group.map((x) => x - (sum - x) / (group.length - 1));
}
