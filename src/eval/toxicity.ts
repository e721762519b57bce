/** What the `evaluate` library's toxicity measurement computes from the toxic label's probabilities. */
import { InputError } from '../errors.ts';
import { isToxic, toxicThreshold } from '../model/toxic.ts';

export interface ToxicityScores {
  readonly mean: number;
  readonly maximum: number;
  /** Share of texts whose probability is at or above the threshold. */
  readonly ratio: number;
  /** Population standard deviation (numpy's `std`); a `Summary` holds the sample one. */
  readonly populationStd: number;
}

/**
 * Mean, maximum, ratio and spread of the toxic label's probability, one number a text.
 * @throws {InputError} when there is no text
 */
export function toxicityScores(
  probabilities: readonly number[],
  { threshold = toxicThreshold }: { readonly threshold?: number } = {},
): ToxicityScores {
  const n = probabilities.length;
  if (n === 0) throw new InputError('toxicity', 'one text or more', 'none');
  const mean = probabilities.reduce((sum, p) => sum + p, 0) / n;
  const variance = probabilities.reduce((sum, p) => sum + (p - mean) ** 2, 0) / n;
  return {
    mean,
    maximum: probabilities.reduce((a, b) => Math.max(a, b)),
    ratio: probabilities.filter((p) => isToxic(p, threshold)).length / n,
    populationStd: Math.sqrt(variance),
  };
}
