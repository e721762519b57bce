/** How much a paired comparison of n prompts can see. Pure. */
import { normalQuantile } from './normal.ts';

/** 97.5 % and 80 % points of the normal distribution: a test at 5 %, two-sided, with power 80 %. */
const [atLevel, atPower] = [1.959963984540054, 0.8416212335729143];

/**
 * Smallest mean difference that n pairs show with probability 0.8 in a two-sided test at 1 - level.
 * @param variance of one pair's difference
 * @returns in units of the quantity
 * @see Cohen 1988, "Statistical Power Analysis", sec. 2.4 (normal approximation)
 */
export function detectableDifference(variance: number, n: number, level = 0.95): number {
  const z = level === 0.95 ? atLevel : normalQuantile((1 + level) / 2);
  return (z + atPower) * Math.sqrt(variance / n);
}

/** Pairs with which a mean difference shows at 5 %, on the same terms: the inverse of the above. */
export function pairsToDetect(variance: number, difference: number): number {
  return Math.ceil(variance * ((atLevel + atPower) / difference) ** 2);
}
