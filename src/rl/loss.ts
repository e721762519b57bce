import { add, exp, max, min, mul, neg, sub } from '../graph/ops/elementwise.ts';
import { reduceSum } from '../graph/ops/shape.ts';
import type { Loss } from '../model/policy-graphs.ts';
import type { RlConfig } from './config.ts';

/**
 * PPO's clipped loss over scored tokens; `weights` are the mask over its sum.
 *
 *   ratio  = exp(logprob - oldLogprob)
 *   policy = mean(max(-A ratio, -A clip(ratio, 1 - c, 1 + c)))
 *   value  = mean(max((V - R)^2, (clip(V, V_old - c_v, V_old + c_v) - R)^2)) / 2
 *   loss   = policy + vfCoef · value
 *
 * @see Schulman et al. 2017, https://arxiv.org/abs/1707.06347
 */
export function ppoLoss({ clipRange, clipRangeValue, vfCoef }: RlConfig): Loss {
  return {
    name: `ppo ${clipRange} ${clipRangeValue} ${vfCoef}`,
    inputs: ['oldLogprobs', 'oldValues', 'advantages', 'returns', 'weights'],
    build({ logprobs, values }, { oldLogprobs, oldValues, advantages, returns, weights }) {
      const number = (x: number) => logprobs.graph.scalar(x);
      const ratio = exp(sub(logprobs, oldLogprobs));
      const clipped = min(max(ratio, number(1 - clipRange)), number(1 + clipRange));
      const cost = neg(advantages);
      const policy = reduceSum(mul(weights, max(mul(cost, ratio), mul(cost, clipped))));
      const low = sub(oldValues, number(clipRangeValue));
      const high = add(oldValues, number(clipRangeValue));
      const error = sub(values, returns);
      const clippedError = sub(min(max(values, low), high), returns);
      const squares = max(mul(error, error), mul(clippedError, clippedError));
      const value = reduceSum(mul(weights, squares));
      return add(policy, mul(value, number(0.5 * vfCoef)));
    },
  };
}
