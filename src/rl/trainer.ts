import type { RunEvent } from '../events.ts';
import { scheduleFactor } from '../model/schedule.ts';
import { batchMetrics, calibrate, type RlParts, unlessAborted } from './collect.ts';
import type { RlConfig } from './config.ts';
import { sampleOf } from './forward.ts';
import { scoreRollouts } from './reward.ts';
import type { Query } from './rollout.ts';
import { stopwatch } from './stopwatch.ts';
import { rolloutSupply } from './supply.ts';

/**
 * Training from start, or from where the learner is, to the end as a stream of events: nothing runs
 * until read; `break` stops it. The signal stops it before the next update. After each event the
 * learner is what it was after that step.
 * @throws {NumericError} when a score, the loss or a gradient is not finite
 */
export async function* trainRl<Q extends Query>(
  parts: RlParts<Q>,
  config: RlConfig,
  signal?: AbortSignal,
): AsyncGenerator<RunEvent> {
  const { policy, learner, reward, seen } = parts;
  const { steps, learningRate, schedule: name, warmup } = config;
  if (config.calibrate > 0) yield* calibrate(parts, config, signal);
  const supply = rolloutSupply(parts, config, signal);
  try {
    for (let draw = supply.next(); draw; draw = supply.next()) {
      const step = learner.steps;
      const stopped: RunEvent = { type: 'stopped', step, reason: 'interrupted' };
      const clock = stopwatch();
      const rollouts = await unlessAborted(signal, draw);
      if (!rollouts) return yield stopped;
      clock.lap('time/generate');
      const answer = await unlessAborted(signal, () => scoreRollouts(reward, rollouts, signal));
      if (!answer) return yield stopped;
      clock.lap('time/reward');
      const samples = rollouts.map((each) => sampleOf(each, policy, learner.places, config));
      const rate = learningRate * scheduleFactor({ name, warmup, total: steps }, step);
      // KL penalty, advantages, epochs of minibatches, controller
      const learnt = await learner.step(samples, answer.scores, rate);
      clock.skip();
      await seen?.({ step: step + 1, rollouts, answer, learnt });
      if (seen) clock.lap('time/record');
      const own = batchMetrics(rollouts, answer.scores, config);
      const metrics = { ...answer.metrics, ...own, ...learnt.stats, ...clock.times('time/step') };
      yield { type: 'step', step: step + 1, steps, metrics };
    }
  } finally {
    await supply.close();
  }
}
