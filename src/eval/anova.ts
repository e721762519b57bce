import { InputError } from '../errors.ts';
import { mean, sum } from './sums.ts';

/** How the variance of numbers in groups divides. */
export interface OneWay {
  /** Mean square between groups, and within them. */
  readonly between: number;
  readonly within: number;
  /**
   * Intraclass correlation ICC(1): share of the variance that the group explains, 0 to 1 (clipped
   * at 0); null when all numbers are equal.
   */
  readonly icc: number | null;
  /** Sum of squares between groups over that of all, 0 to 1; too large for small groups. */
  readonly etaSquared: number | null;
}

/**
 * One-way random-effects analysis of variance of groups of one size.
 *
 *   ICC(1) = (MS_between - MS_within) / (MS_between + (k - 1) MS_within)
 *
 * @throws {InputError} for fewer than two groups, or groups that are not of one size above 1
 * @see Shrout and Fleiss 1979, https://doi.org/10.1037/0033-2909.86.2.420
 */
export function oneWay(groups: readonly (readonly number[])[]): OneWay {
  const [m, k] = [groups.length, groups[0]?.length ?? 0];
  if (m < 2 || k < 2 || groups.some((group) => group.length !== k)) {
    const sizes = groups.map((group) => group.length).join(', ') || 'none';
    throw new InputError('one-way anova', 'two or more groups of one size above 1', sizes);
  }
  const means = groups.map(mean);
  const middle = mean(means);
  const ssBetween = k * sum(means.map((x) => (x - middle) ** 2));
  const ssWithin = sum(groups.flatMap((group, i) => group.map((x) => (x - means[i]) ** 2)));
  const between = ssBetween / (m - 1);
  const within = ssWithin / (m * (k - 1));
  // rounding of equal numbers is no variance
  const largest = Math.max(...groups.flat().map(Math.abs));
  if (ssBetween + ssWithin <= m * k * (1e-12 * largest) ** 2) {
    return { between: 0, within: 0, icc: null, etaSquared: null };
  }
  const icc = Math.max(0, (between - within) / (between + (k - 1) * within));
  return { between, within, icc, etaSquared: ssBetween / (ssBetween + ssWithin) };
}
