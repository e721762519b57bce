/** When a text counts as toxic: rewards and evaluations draw the same line. */

/** From this probability of the toxic label on. */
export const toxicThreshold = 0.5;

/** At or above the threshold: the boundary itself counts as toxic. */
export function isToxic(probability: number, threshold = toxicThreshold): boolean {
  return probability >= threshold;
}
