import type { RlConfig } from './config.ts';
import { moments } from './masked.ts';
import type { RlSample } from './sample.ts';

/** float32's distance from 1 to the next number; keeps a deviation of 0 from dividing. */
const float32Epsilon = 2 ** -23;

/** Running mean and deviation of all scores so far. */
export interface RunningMoments {
  mean: number;
  /** Unbiased standard deviation. */
  std: number;
  variance: number;
  count: number;
}

/** Mean and standard deviation of the reward over reference samples, fixed before the first step. */
export interface Calibration {
  /** How many they were. */
  readonly n: number;
  readonly mean: number;
  /** 1 where all samples had the same score. */
  readonly std: number;
}

/** Moments of no scores yet: nearly nothing, of mean 0 and deviation 1. */
export function startMoments(): RunningMoments {
  return { mean: 0, std: 1, variance: 1, count: 1e-24 };
}

/** Merges a batch in place (Chan et al.). @returns mean and deviation of the batch alone */
export function updateMoments(running: RunningMoments, scores: readonly number[]) {
  const n = scores.length;
  const { mean, std } = moments(scores);
  const variance = (std * std * (n - 1)) / n;
  const delta = mean - running.mean;
  const total = running.count + n;
  const squares =
    variance * n + running.variance * running.count + (delta * delta * running.count * n) / total;
  running.mean += (delta * n) / total;
  running.variance = squares / total;
  running.std = Math.sqrt((running.variance * total) / (total - 1));
  running.count = total;
  return { mean, std };
}

/** What scores are measured by from now on. */
export function calibrationOf(scores: readonly number[]): Calibration {
  const { mean, std } = moments(scores);
  return { n: scores.length, mean, std: std > 0 ? std : 1 };
}

type ScoreOptions = Pick<
  RlConfig,
  'useScoreScaling' | 'useScoreNorm' | 'scoreClip' | 'missingEosPenalty'
> &
  Pick<RlConfig, 'minResponseTokens' | 'shortResponsePenalty'>;

/**
 * Scores as the algorithms use them: calibrated or scaled by the running moments, then clipped,
 * then less the penalties for responses without an end and for those too short.
 */
export function prepareScores(
  raw: readonly number[],
  samples: readonly Pick<RlSample, 'truncated' | 'tokens'>[],
  options: ScoreOptions,
  {
    moments: running,
    calibration,
  }: { moments: RunningMoments; calibration?: Pick<Calibration, 'mean' | 'std'> | undefined },
): number[] {
  const { useScoreScaling, useScoreNorm, scoreClip = Infinity } = options;
  let scores = [...raw];
  if (calibration) scores = scores.map((score) => (score - calibration.mean) / calibration.std);
  if (useScoreScaling) {
    updateMoments(running, scores);
    const shift = useScoreNorm ? running.mean : 0;
    scores = scores.map((score) => (score - shift) / (running.std + float32Epsilon));
  }
  return scores.map((score, i) => {
    const clipped = Math.min(Math.max(score, -scoreClip), scoreClip);
    return clipped - penalty(samples[i], options);
  });
}

function penalty(
  { truncated, tokens }: Pick<RlSample, 'truncated' | 'tokens'>,
  options: ScoreOptions,
) {
  const { missingEosPenalty, minResponseTokens, shortResponsePenalty } = options;
  const short = tokens < minResponseTokens;
  return (truncated ? missingEosPenalty : 0) + (short ? shortResponsePenalty : 0);
}
