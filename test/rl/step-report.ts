import { nestMetrics, type RlLearner, type RlSample } from '../../src/index.ts';

/** One step, and what there is to say of it. */
export async function report(
  learner: RlLearner,
  samples: readonly RlSample[],
  scores: readonly number[],
) {
  const step = await learner.step(samples, scores);
  const { objective, ppo, time } = nestMetrics(step.stats);
  const ratios = nestMetrics(step.arrays).ppo.policy.ratio.data.filter(Number.isFinite);
  return {
    kl: objective.kl, // step.stats['objective/kl']
    clipped: ppo.policy.clipfrac,
    explained: ppo.val.varExplained ?? 'no critic',
    largestRatio: Math.max(...ratios),
    seconds: time.ppo.total,
  };
}
