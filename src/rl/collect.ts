import type { RunEvent, StepMetrics } from '../events.ts';
import type { Parameters } from '../model/parameters.ts';
import type { Policy } from '../model/policy.ts';
import type { RandomKey } from '../random.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { RlConfig } from './config.ts';
import { scoresAtOnce } from './forward.ts';
import { flatShare } from './groups.ts';
import type { RlLearner, RlStep } from './learner.ts';
import { moments } from './masked.ts';
import { type Reward, type ScoresWithMetrics, scoreRollouts } from './reward.ts';
import { collectRollouts, type Query, type Rollout } from './rollout.ts';

/** What is trained, and on what. */
export interface RlParts<Q extends Query = Query> {
  readonly policy: Policy;
  readonly tokenizer: Tokenizer;
  /** Of the same policy and config; one that was restored goes on where it stopped. */
  readonly learner: RlLearner;
  readonly reward: Reward<Q>;
  /** Is told what was learnt from in a step, and waited for before that is an event. @default nobody is */
  readonly seen?: (step: SeenStep<Q>) => void | Promise<void>;
  /** Queries of each step from `start` on: `batchSize / numGenerations` of them. */
  readonly batches: (start: number) => Iterable<readonly Q[]>;
}

/** What a step learnt from, and what came of each token. */
export interface SeenStep<Q extends Query = Query> {
  /** Counted from 1. */
  readonly step: number;
  readonly rollouts: readonly Rollout<Q>[];
  /** What the reward said of them. */
  readonly answer: ScoresWithMetrics;
  readonly learnt: RlStep;
}

/** Which rollouts. */
interface Request<Q extends Query> {
  readonly queries: readonly Q[];
  /** What their random numbers are for. */
  readonly key: RandomKey;
  readonly signal?: AbortSignal | undefined;
  /** What is learnt from them, counted from 0. @default the step that comes next */
  readonly step?: number;
  /** What is sampled from. @default the policy's own */
  readonly parameters?: Parameters;
  /** They are learnt from. @default false */
  readonly learns?: boolean;
}

/** Samples `numGenerations` responses to each query. */
export function collect<Q extends Query>(
  { policy, tokenizer, learner }: RlParts<Q>,
  config: RlConfig,
  { queries, key, signal, parameters, step = learner.steps, learns = false }: Request<Q>,
): Promise<Rollout<Q>[]> {
  const { numGenerations, responseLimits, bootstrapTruncated, generation, seed } = config;
  const { draws, places } = learner;
  const repeated = queries.flatMap((query) => Array<Q>(numGenerations).fill(query));
  const phase = step === 0 ? 'first' : 'later';
  return collectRollouts({ policy, tokenizer }, repeated, {
    generation,
    draw: { seed, key },
    maxNewTokens:
      responseLimits && repeated.map((_, row) => draws.limit(step, row, responseLimits)),
    valueBehind: bootstrapTruncated,
    signal,
    parameters,
    dropout: places.dropout(policy.shape, seed, { key, phase }),
    scored: learns && scoresAtOnce(policy, places, config),
  });
}

/** What rollouts and their scores say of a batch, before anything is learnt from it. */
export function batchMetrics(
  rollouts: readonly Rollout[],
  scores: readonly number[],
  { numGenerations }: Pick<RlConfig, 'numGenerations'>,
): StepMetrics {
  const { mean, std } = moments(scores);
  return {
    'env/reward_mean': mean,
    'env/reward_std': std,
    ...(numGenerations > 1 && { 'env/group_zero_std': flatShare(scores, numGenerations) }),
    'env/truncated': moments(rollouts.map(({ truncated }) => Number(truncated))).mean,
  };
}

/**
 * Scores responses of the policy as it starts, so that the learner knows the reward's scale. Tells it
 * once a run: also for a learner that knows it, if that has not done a step yet.
 */
export async function* calibrate<Q extends Query>(
  parts: RlParts<Q>,
  config: RlConfig,
  signal?: AbortSignal,
): AsyncGenerator<RunEvent> {
  const { learner, batches, reward } = parts;
  const { calibrate: total } = config;
  if (learner.calibration && learner.steps > 0) return;
  const scores: number[] = [];
  for (const queries of learner.calibration ? [] : batches(0)) {
    yield { type: 'progress', phase: 'calibrate', done: scores.length, total };
    const request = { queries, key: ['calibrate', scores.length], signal };
    const answer = await unlessAborted(signal, async () =>
      scoreRollouts(reward, await collect(parts, config, request), signal),
    );
    if (!answer) return;
    scores.push(...answer.scores);
    if (scores.length >= total) break;
  }
  if (scores.length > 0) yield { type: 'progress', phase: 'calibrate', done: total, total };
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
