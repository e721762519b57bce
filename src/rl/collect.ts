import type { RunEvent, StepMetrics } from '../events.ts';
import type { Policy } from '../model/policy.ts';
import { type RandomKey, uniform } from '../random.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { RlConfig } from './config.ts';
import { flatShare } from './groups.ts';
import type { RlLearner } from './learner.ts';
import { moments } from './masked.ts';
import { type Reward, scoreRollouts } from './reward.ts';
import { collectRollouts, type Query, type Rollout } from './rollout.ts';
import { sampledDropout } from './trl/sample.ts';

/** What is trained, and on what. */
export interface RlParts<Q extends Query = Query> {
  readonly policy: Policy;
  readonly tokenizer: Tokenizer;
  /** Of the same policy and config; one that was restored goes on where it stopped. */
  readonly learner: RlLearner;
  readonly reward: Reward<Q>;
  /** Queries of each step from `start` on: `batchSize / numGenerations` of them. */
  readonly batches: (start: number) => Iterable<readonly Q[]>;
}

/** Rollouts of one step with their scores. */
interface Scored<Q extends Query> {
  readonly rollouts: readonly Rollout<Q>[];
  readonly scores: readonly number[];
  readonly metrics: StepMetrics;
  /** When the first of it began, in milliseconds of the performance clock. */
  readonly start: number;
}

/** Which rollouts. */
interface Request<Q extends Query> {
  readonly queries: readonly Q[];
  /** What their random numbers are for. */
  readonly key: RandomKey;
  readonly signal?: AbortSignal | undefined;
}

/** Samples `numGenerations` responses to each query, and lets the reward judge them. */
export async function scored<Q extends Query>(
  { policy, tokenizer, learner, reward }: RlParts<Q>,
  config: RlConfig,
  { queries, key, signal }: Request<Q>,
): Promise<Scored<Q>> {
  const { numGenerations, responseLimits, bootstrapTruncated, generation, seed } = config;
  const start = performance.now();
  const repeated = queries.flatMap((query) => Array<Q>(numGenerations).fill(query));
  const { draws, steps } = learner;
  const maxNewTokens =
    responseLimits && repeated.map((_, row) => draws.limit(steps, row, responseLimits));
  const draw = (row: number, token: number) => uniform(seed, [...key, row, token]);
  const dropout = sampledDropout(policy.shape, config, {
    key,
    phase: steps === 0 ? 'first' : 'later',
  });
  const options = {
    generation,
    draw,
    maxNewTokens,
    valueBehind: bootstrapTruncated,
    signal,
    dropout,
  };
  const rollouts = await collectRollouts({ policy, tokenizer }, repeated, options);
  const generated = performance.now();
  const { scores, metrics } = await scoreRollouts(reward, rollouts, signal);
  const { mean, std } = moments(scores);
  return {
    rollouts,
    scores,
    start,
    metrics: {
      ...metrics,
      'env/reward_mean': mean,
      'env/reward_std': std,
      ...(numGenerations > 1 && { 'env/group_zero_std': flatShare(scores, numGenerations) }),
      'env/truncated': moments(rollouts.map(({ truncated }) => Number(truncated))).mean,
      'time/generate': (generated - start) / 1000,
      'time/reward': (performance.now() - generated) / 1000,
    },
  };
}

/**
 * Scores responses of the policy as it starts, so that the learner knows the reward's scale. Tells it
 * once a run: also for a learner that knows it, if that has not done a step yet.
 */
export async function* calibrated<Q extends Query>(
  parts: RlParts<Q>,
  config: RlConfig,
  signal?: AbortSignal,
): AsyncGenerator<RunEvent> {
  const { learner, batches } = parts;
  if (learner.calibration && learner.steps > 0) return;
  const scores: number[] = [];
  for (const queries of learner.calibration ? [] : batches(0)) {
    yield { type: 'progress', phase: 'calibrate', done: scores.length, total: config.calibrate };
    const request = { queries, key: ['calibrate', scores.length], signal };
    const batch = await unlessAborted(signal, () => scored(parts, config, request));
    if (!batch) return;
    scores.push(...batch.scores);
    if (scores.length >= config.calibrate) break;
  }
  if (scores.length > 0) {
    yield { type: 'progress', phase: 'calibrate', done: config.calibrate, total: config.calibrate };
  }
  yield { type: 'calibrated', ...(learner.calibration ?? learner.calibrate(scores)) };
}

/** What a job gives, unless the signal has ended it or ends it before; other errors are thrown. */
export async function unlessAborted<T>(
  signal: AbortSignal | undefined,
  job: () => Promise<T>,
): Promise<T | undefined> {
  if (signal?.aborted) return undefined;
  try {
    const result = await job();
    return signal?.aborted ? undefined : result;
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
}
