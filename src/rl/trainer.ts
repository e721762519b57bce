import type { RunEvent } from '../events.ts';
import type { Parameters } from '../model/parameters.ts';
import type { Policy } from '../model/policy.ts';
import { scheduleFactor } from '../model/schedule.ts';
import { uniform } from '../random.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { type RlConfig, semanticsOf } from './config.ts';
import { RlLearner } from './learner.ts';
import { moments } from './masked.ts';
import { collectRollouts, type Query, type Reward, sampleOf } from './rollout.ts';

/** What PPO trains, and on what. */
export interface RlParts {
  readonly policy: Policy;
  readonly tokenizer: Tokenizer;
  /** What the KL is measured against. */
  readonly reference: Parameters;
  readonly reward: Reward;
  /** Queries of each step: `batchSize` of them, at least `steps` times. */
  readonly batches: Iterable<readonly Query[]>;
}

/**
 * PPO from start to end as a stream of events: nothing runs until read; `break` stops it.
 * The signal stops it before the next step.
 * @throws {NumericError} when a score, the loss or a gradient is not finite
 */
export async function* trainRl(
  { policy, tokenizer, reference, reward, batches }: RlParts,
  config: RlConfig,
  signal?: AbortSignal,
): AsyncGenerator<RunEvent> {
  const { steps, seed, generation, learningRate, schedule: name, warmup } = config;
  const semantics = semanticsOf(config);
  const { decoderStartId } = policy.shape.config;
  const learner = new RlLearner({ policy, reference, config });
  let step = 0;
  for (const queries of batches) {
    if (signal?.aborted) return yield { type: 'stopped', step, reason: 'interrupted' };
    if (step === steps) return;
    const start = performance.now();
    const draw = (row: number, token: number) => uniform(seed, ['rollout', step, row, token]);
    const rollouts = await collectRollouts({ policy, tokenizer }, queries, { generation, draw });
    const generated = performance.now();
    const scores = await reward(rollouts);
    const rewarded = performance.now();
    const samples = rollouts.map((rollout) => sampleOf(rollout, decoderStartId, semantics, config));
    const rate = learningRate * scheduleFactor({ name, warmup, total: steps }, step);
    const { stats } = await learner.step(samples, scores, rate);
    const { mean, std } = moments(scores);
    const metrics = {
      ...stats,
      'env/reward_mean': mean,
      'env/reward_std': std,
      'env/truncated': moments(rollouts.map(({ truncated }) => Number(truncated))).mean,
      'time/generate': (generated - start) / 1000,
      'time/reward': (rewarded - generated) / 1000,
      'time/step': (performance.now() - start) / 1000,
    };
    yield { type: 'step', step: ++step, steps, metrics };
  }
}
