/** How well a classifier tells labels apart. Pure. */

import { InputError } from '../errors.ts';
import { sum } from './sums.ts';

/** A share of n with its 95 % Wilson score interval. */
export interface Share {
  readonly share: number;
  readonly n: number;
  readonly low: number;
  readonly high: number;
}

export interface Classification {
  readonly accuracy: Share;
  /** One a label, in the order of the class ids. */
  readonly labels: readonly {
    readonly label: string;
    /** Of the texts that are said to have the label, those that have it; null when there are none. */
    readonly precision: Share | null;
    /** Of the texts that have the label, those that are said to; null when there are none. */
    readonly recall: Share | null;
    /** Harmonic mean of precision and recall; 0 when no text of the label was found. */
    readonly f1: number;
  }[];
  /** Mean F1 of the labels that texts have or are said to have. */
  readonly macroF1: number;
  /** `confusion[true class][predicted class]`, texts. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * Accuracy, precision, recall and confusion of predicted class ids.
 * @throws {InputError} when there is no text
 */
export function classification(
  labels: readonly string[],
  actual: readonly number[],
  predicted: readonly number[],
): Classification {
  if (actual.length === 0) throw new InputError('classification', 'one text or more', 'none');
  const confusion = labels.map(() => labels.map(() => 0));
  actual.forEach((label, i) => {
    confusion[label][predicted[i]]++;
  });
  const right = labels.map((_, label) => confusion[label][label]);
  const had = confusion.map(sum);
  const said = labels.map((_, label) => sum(confusion.map((row) => row[label])));
  const f1 = right.map((both, i) => (2 * both) / Math.max(1, had[i] + said[i]));
  const known = f1.filter((_, i) => had[i] + said[i] > 0);
  return {
    accuracy: wilson(sum(right), actual.length)!,
    labels: labels.map((label, i) => ({
      label,
      precision: wilson(right[i], said[i]),
      recall: wilson(right[i], had[i]),
      f1: f1[i],
    })),
    macroF1: sum(known) / known.length,
    confusion,
  };
}

/**
 * `k` of `n` with the 95 % score interval; null for n = 0.
 * @see Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953
 */
export function wilson(k: number, n: number): Share | null {
  if (n === 0) return null;
  const z = 1.959963984540054; // the normal distribution's 97.5 % point
  const p = k / n;
  // (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n)
  const center = p + z ** 2 / (2 * n);
  const margin = z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2));
  const scale = 1 + z ** 2 / n;
  const low = k === 0 ? 0 : (center - margin) / scale;
  const high = k === n ? 1 : (center + margin) / scale;
  return { share: p, n, low, high };
}
