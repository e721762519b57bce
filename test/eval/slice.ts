/** Slices of measures made up, as `judge` reads them. */
import type { Measure, Slice } from '../../src/comparison.ts';
import { detectableDifference } from '../../src/eval/power.ts';

export interface Made {
  readonly before: number;
  readonly after: number;
  /** Standard deviation of the differences. @default 0.2 */
  readonly spread?: number;
  /** Prompts. @default 400 */
  readonly n?: number;
}

/** A measure whose differences have this mean and spread: p-value and interval are the normal ones. */
export function measure({ before, after, spread = 0.2, n = 400 }: Made): Measure {
  const mean = after - before;
  const error = spread / Math.sqrt(n);
  const pValue = mean === 0 ? 1 : Math.max(1e-4, twoSided(mean / error));
  const [low, high] = [mean - 1.96 * error, mean + 1.96 * error];
  return {
    before: { n, mean: before, std: 0.3 },
    after: { n, mean: after, std: 0.3 },
    difference: {
      ...{ n, mean, low, high, level: 0.95, pValue, interval: 'bca', effect: mean / spread },
      detectable: detectableDifference(spread ** 2, n),
    },
  };
}

/** Two-sided p of a normal z, smooth and falling to 0 (Abramowitz and Stegun 7.1.26). */
function twoSided(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const terms = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  return terms.reduce((total, term) => (total + term) * t, 0) * Math.exp(-x * x);
}

const same = (value: number, n: number) => measure({ before: value, after: value, n });

/** Toxicity that fell from .3 to .2, and nothing else that changed. */
export function slice(change: Partial<Slice> = {}, n = 400): Slice {
  return {
    name: 'all',
    n,
    toxicity: measure({ before: 0.3, after: 0.2, n }),
    flagged: same(0.3, n),
    reward: same(1, n),
    rouge1: same(0.6, n),
    rouge2: same(0.3, n),
    rougeL: same(0.5, n),
    rougeLsum: same(0.5, n),
    tokens: same(20, n),
    truncated: same(0.1, n),
    empty: same(0, n),
    duplicates: same(0.02, n),
    distinct2: { before: 0.6, after: 0.6, pValue: 1 },
    ...change,
  };
}
