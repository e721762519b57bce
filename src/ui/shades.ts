/** How strongly a token is coloured by one of its numbers. Pure. */
import type { RolloutTokens } from '../rollouts.ts';

/** By what tokens can be coloured. `change` is of the log-probability, by the updates of the step. */
export const measures = ['advantage', 'kl', 'value', 'entropy', 'change', 'logprob'] as const;
export type TokenMeasure = (typeof measures)[number];

/** One number a token; undefined where the run has none of them. */
export function numbersOf(
  tokens: RolloutTokens,
  measure: TokenMeasure,
): readonly number[] | undefined {
  if (measure === 'advantage') return tokens.advantages;
  if (measure === 'kl') return tokens.kls;
  if (measure === 'value') return tokens.values;
  if (measure === 'entropy') return tokens.entropies;
  if (measure === 'logprob') return tokens.logprobs;
  return tokens.ratios?.map(Math.log);
}

/** Those of which a zero has a meaning: two colours meet there. The others go from their least to their most. */
const aroundZero: readonly TokenMeasure[] = ['advantage', 'kl', 'change'];

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly twoSided: boolean;
}

/** From where to where the numbers go; those that are none do not count. */
export function scaleOf(numbers: readonly number[], measure: TokenMeasure): Scale {
  const finite = numbers.filter(Number.isFinite);
  if (!aroundZero.includes(measure)) {
    const low = finite.reduce((a, b) => Math.min(a, b), Infinity);
    const high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
    return finite.length > 0
      ? { low, high, twoSided: false }
      : { low: 0, high: 0, twoSided: false };
  }
  const most = finite.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return { low: -most, high: most, twoSided: true };
}

/** `amount` from 0 (none) to 1; `sign` is -1 below zero on a two-sided scale. */
export interface Shade {
  readonly amount: number;
  readonly sign: -1 | 1;
}

export function shadeOf(value: number, { low, high, twoSided }: Scale): Shade {
  const width = twoSided ? high : high - low;
  if (!Number.isFinite(value) || width <= 0) return { amount: 0, sign: 1 };
  if (!twoSided) return { amount: (value - low) / width, sign: 1 };
  return { amount: Math.abs(value) / width, sign: value < 0 ? -1 : 1 };
}
