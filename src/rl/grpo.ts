import type { Algorithm } from './algorithm.ts';
import { byGroup, scaled, spread, totals } from './groups.ts';
import { moments } from './masked.ts';

/**
 * GRPO: a response's advantage is its distance from the mean of the responses to its prompt, in
 * their standard deviations. No critic; the KL is paid in the loss.
 * @see Shao et al. 2024, https://arxiv.org/abs/2402.03300
 */
export const grpo: Algorithm = {
  critic: false,
  defaults: { numGenerations: 4, klPlacement: 'loss', advantageScale: 'group' },
  estimate(experience, config) {
    const earned = totals(experience);
    const advantages = byGroup(earned, config.numGenerations, centred);
    return { advantages: spread(scaled(advantages, earned, config), experience) };
  },
};

function centred(group: readonly number[]): number[] {
  const { mean } = moments(group);
  return group.map((x) => x - mean);
}
