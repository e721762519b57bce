import { InternalError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import { castTo } from '../graph/ops/cast.ts';
import { abs, add, exp, less, max, min, mul, neg, sub } from '../graph/ops/elementwise.ts';
import { reduceSum } from '../graph/ops/shape.ts';
import type { BuiltLoss, Loss, TokenOutputs } from '../model/policy-graphs.ts';
import type { RlConfig } from './config.ts';

type Inputs = Readonly<Record<string, Value>>;
type Term = (outputs: TokenOutputs, inputs: Inputs) => BuiltLoss;

/**
 * The clipped loss over scored tokens, from the terms that the settings ask for; `weights` sum to
 * one over the tokens that count, so that a sum with them is a mean:
 *
 *   policy  = mean(max(-A ratio, -A clip(ratio, 1 - c, 1 + c)))    ratio = exp(logprob - oldLogprob)
 *   value   = mean(max((V - R)^2, (clip(V, V_old - c_v, V_old + c_v) - R)^2)) / 2
 *   kl      = mean(estimate(logprob, refLogprob))                  `klWeights` are beta · weights
 *   loss    = policy + vfCoef value + beta kl - entropyCoef mean(entropy)
 *
 * Each term gives what is told of it beside the loss, token by token: `minibatchStats` takes means.
 *
 * @see Schulman et al. 2017, https://arxiv.org/abs/1707.06347
 */
export function policyLoss(config: RlConfig): Loss {
  const critic = config.valueHead !== 'none';
  const kl = config.klPlacement === 'loss';
  const { clipRange, clipRangeValue, vfCoef, entropyCoef, klPenalty, detachValue } = config;
  const clips = [clipRange, clipRangeValue];
  const decisive = [critic, kl, klPenalty, detachValue, ...clips, vfCoef, entropyCoef];
  const parts: Term[] = [
    policyTerm(clipRange),
    ...(critic ? [valueTerm(clipRangeValue, vfCoef)] : []),
    ...(kl ? [klTerm(klPenalty)] : []),
    ...(entropyCoef > 0 ? [entropyTerm(entropyCoef)] : []),
  ];
  return {
    name: JSON.stringify(decisive),
    detachesValues: detachValue,
    inputs: [
      'oldLogprobs',
      'advantages',
      'weights',
      ...(critic ? ['oldValues', 'returns'] : []),
      ...(kl ? ['refLogprobs', 'klWeights'] : []),
    ],
    build(outputs, inputs) {
      const built = parts.map((part) => part(outputs, inputs));
      return {
        loss: built.map(({ loss }) => loss).reduce((a, b) => add(a, b)),
        terms: Object.assign({}, ...built.map(({ terms }) => terms)),
      };
    },
  };
}

function policyTerm(clipRange: number): Term {
  return ({ logprobs }, { oldLogprobs, advantages, weights }) => {
    const [low, high, half] = [1 - clipRange, 1 + clipRange, 0.5].map((x) =>
      logprobs.graph.scalar(x),
    );
    const moved = sub(logprobs, oldLogprobs);
    const ratio = exp(moved);
    const clipped = min(max(ratio, low), high);
    const cost = neg(advantages);
    const [own, bounded] = [mul(cost, ratio), mul(cost, clipped)];
    const larger = max(own, bounded);
    return {
      loss: reduceSum(mul(weights, larger)),
      terms: {
        ratio,
        'loss/policy': larger,
        'policy/approxkl': mul(mul(moved, moved), half),
        'policy/policykl': neg(moved),
        'policy/clipfrac': castTo(less(own, bounded), 'float32'),
      },
    };
  };
}

function valueTerm(clipRangeValue: number, vfCoef: number): Term {
  return ({ values }, { oldValues, returns, weights }) => {
    const [reach, share, half] = [clipRangeValue, 0.5 * vfCoef, 0.5].map((x) =>
      values.graph.scalar(x),
    );
    const clipped = min(max(values, sub(oldValues, reach)), add(oldValues, reach));
    const [error, clippedError] = [sub(values, returns), sub(clipped, returns)];
    const [square, bounded] = [mul(error, error), mul(clippedError, clippedError)];
    const larger = max(square, bounded);
    return {
      loss: mul(reduceSum(mul(weights, larger)), share),
      terms: {
        'loss/value': mul(larger, half),
        'val/error': square,
        'val/clipfrac': castTo(less(square, bounded), 'float32'),
      },
    };
  };
}

/** What `tokenKl` says of each token, as a function that gradients flow through. */
function klTerm(penalty: RlConfig['klPenalty']): Term {
  return ({ logprobs }, { refLogprobs, klWeights }) => {
    const difference = sub(logprobs, refLogprobs);
    const scalar = (x: number) => logprobs.graph.scalar(x);
    const estimates: Partial<Record<typeof penalty, () => Value>> = {
      abs: () => abs(difference),
      mse: () => mul(mul(difference, difference), scalar(0.5)),
      k3: () => add(sub(exp(neg(difference)), scalar(1)), difference),
    };
    const estimate = estimates[penalty];
    if (!estimate) throw new InternalError(`the KL estimate ${penalty} has no place in the loss`);
    return { loss: reduceSum(mul(klWeights, estimate())) };
  };
}

function entropyTerm(entropyCoef: number): Term {
  return ({ entropies }, { weights }) => ({
    loss: neg(mul(reduceSum(mul(weights, entropies)), entropies.graph.scalar(entropyCoef))),
  });
}
