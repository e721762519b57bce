import type { Algorithm } from './algorithm.ts';
import { byGroup, spread, totals } from './groups.ts';
import { moments } from './masked.ts';

/** Keeps a group whose responses all earned the same at zero. */
const epsilon = 1e-4;

/**
 * GRPO: a response's advantage is its distance from the mean of the responses to its prompt, in
 * their standard deviations (n - 1). No critic; the KL is paid in the loss.
 * @see Shao et al. 2024, https://arxiv.org/abs/2402.03300
 */
export const grpo: Algorithm = {
  estimate(experience, { numGenerations }) {
    const advantages = byGroup(totals(experience), numGenerations, standardised);
    return { advantages: spread(advantages, experience) };
  },
};

function standardised(group: readonly number[]): number[] {
  const { mean, std } = moments(group);
  return group.map((x) => (x - mean) / (std + epsilon));
}
