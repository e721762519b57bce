import type { RunEvent } from '../events.ts';
import { scheduleFactor } from '../model/schedule.ts';
import { calibrated, type RlParts, scored, unlessAborted } from './collect.ts';
import type { RlConfig } from './config.ts';
import { type Query, sampleOf } from './rollout.ts';
import { semanticsOf } from './trl/corrections.ts';

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
  const { policy, learner, batches } = parts;
  const { steps, learningRate, schedule: name, warmup } = config;
  const semantics = semanticsOf(config);
  const { decoderStartId } = policy.shape.config;
  if (config.calibrate > 0) yield* calibrated(parts, config, signal);
  for (const queries of batches(learner.steps)) {
    const step = learner.steps;
    const batch = await unlessAborted(signal, () =>
      scored(parts, config, { queries, key: ['rollout', step], signal }),
    );
    if (!batch) return yield { type: 'stopped', step, reason: 'interrupted' };
    const { rollouts, scores, metrics, start } = batch;
    const samples = rollouts.map((rollout) => sampleOf(rollout, decoderStartId, semantics, config));
    const rate = learningRate * scheduleFactor({ name, warmup, total: steps }, step);
    const { stats } = await learner.step(samples, scores, rate);
    const time = { 'time/step': (performance.now() - start) / 1000 };
    yield { type: 'step', step: step + 1, steps, metrics: { ...metrics, ...stats, ...time } };
  }
}
