import { InternalError } from '../errors.ts';
import { logSumExp } from '../model/softmax.ts';
import type { Tensor } from '../tensor.ts';
import type { Given, klPenalties } from './fields.ts';

/** Name of a KL estimate. */
export type KlPenalty = (typeof klPenalties)[number];

/**
 * KL estimate of one sampled token from its log-probabilities under policy and reference.
 * kl (k1): lp - ref, may be negative · abs: |lp - ref| · mse (k2): (lp - ref)^2 / 2 · k3: see there
 */
export function tokenKl(penalty: KlPenalty, logprob: number, refLogprob: number): number {
  const difference = logprob - refLogprob;
  switch (penalty) {
    case 'kl':
      return difference;
    case 'abs':
      return Math.abs(difference);
    case 'mse':
      return 0.5 * difference * difference;
    case 'k3':
      return k3(logprob, refLogprob);
    case 'full':
      throw new InternalError('the full KL needs the logits: use fullKl');
  }
}

/**
 * k3 estimate: (r - 1) - log r with r = ref/policy; never negative, unbiased.
 * @see Schulman 2020, http://joschu.net/blog/kl-approx.html
 */
export function k3(logprob: number, refLogprob: number): number {
  const logRatio = refLogprob - logprob;
  return Math.expm1(logRatio) - logRatio;
}

/** Exact KL(policy || reference) at each position: logits [T, vocabulary] -> [T]. */
export function fullKl(logits: Tensor<'float32'>, refLogits: Tensor<'float32'>): Float32Array {
  const [T, vocabulary] = logits.shape;
  const kl = new Float32Array(T);
  for (let t = 0; t < T; t++) {
    const row = (tensor: Tensor<'float32'>) =>
      tensor.data.subarray(t * vocabulary, (t + 1) * vocabulary);
    const [p, q] = [row(logits), row(refLogits)];
    const [normP, normQ] = [logSumExp(p), logSumExp(q)];
    for (let v = 0; v < vocabulary; v++) {
      const logP = p[v] - normP;
      kl[t] += Math.exp(logP) * (logP - (q[v] - normQ));
    }
  }
  return kl;
}

/** The KL coefficient, which may adapt. */
export interface KlController {
  readonly value: number;
  /** @param kl mean KL of a response @param count responses since the last update */
  update(kl: number, count: number): void;
}

/**
 * Proportional controller: value *= 1 + clip(kl / target - 1, ±0.2) · count / horizon; or fixed.
 * @see Ziegler et al. 2019, sec. 2.2, https://arxiv.org/abs/1909.08593
 */
export function klController(
  options: Pick<Given, 'initKlCoef' | 'adapKlCtrl' | 'target' | 'horizon'>,
  start = options.initKlCoef,
): KlController {
  let value = start;
  return {
    get value() {
      return value;
    },
    update(kl, count) {
      if (!options.adapKlCtrl) return;
      const error = Math.min(Math.max(kl / options.target - 1, -0.2), 0.2);
      value *= 1 + (error * count) / options.horizon;
    },
  };
}
