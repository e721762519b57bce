import type { RlConfig } from './config.ts';
import { moments } from './masked.ts';

/** float32's distance from 1 to the next number; TRL adds it to the deviation. */
const float32Epsilon = 2 ** -23;

/** Running mean and deviation of all scores so far. */
export interface RunningMoments {
  mean: number;
  /** Unbiased standard deviation. */
  std: number;
  variance: number;
  count: number;
}

/** Moments of no scores yet, as TRL starts them. */
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

/** Scores as PPO uses them: scaled and normalised by the running moments, then clipped. */
export function prepareScores(
  scores: readonly number[],
  { useScoreScaling, useScoreNorm, scoreClip = Infinity }: RlConfig,
  running: RunningMoments,
): number[] {
  let prepared = [...scores];
  if (useScoreScaling) {
    updateMoments(running, scores);
    const shift = useScoreNorm ? running.mean : 0;
    prepared = prepared.map((score) => (score - shift) / (running.std + float32Epsilon));
  }
  return prepared.map((score) => Math.min(Math.max(score, -scoreClip), scoreClip));
}
