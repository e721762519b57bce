import { ShapeError } from '../errors.ts';
import type { Numbers } from '../tensor.ts';

/** Discount and trace of the estimate, each from 0 to 1. */
export interface GaeOptions {
  /** Discount per token. */
  readonly gamma: number;
  /** 0 trusts the values, 1 the rewards. */
  readonly lambda: number;
  /** V_T, what is still to come behind the last token. @default 0, the end */
  readonly lastValue?: number;
}

/**
 * Generalized advantage estimation for one response of T tokens.
 * @param rewards per-token rewards [T], in units of the reward score
 * @param values value-head predictions V_t [T], same units
 * @returns advantages (not whitened) and returns = advantages + values, each [T]
 * @throws {ShapeError} when the two lengths differ
 * @see Schulman et al. 2016, sec. 3, https://arxiv.org/abs/1506.02438
 */
export function gae(
  rewards: Numbers,
  values: Numbers,
  { gamma, lambda, lastValue = 0 }: GaeOptions,
) {
  const T = rewards.length;
  if (values.length !== T) throw new ShapeError('gae', `values [${T}]`, `[${values.length}]`);
  const advantages = new Float32Array(T);
  for (let t = T - 1, next = 0; t >= 0; t--) {
    const delta = rewards[t] + gamma * (values[t + 1] ?? lastValue) - values[t];
    advantages[t] = next = delta + gamma * lambda * next;
  }
  const returns = advantages.map((advantage, t) => advantage + values[t]);
  return { advantages, returns };
}
