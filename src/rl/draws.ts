import { randomStream, uniform } from '../random.ts';
import type { RlConfig } from './config.ts';

/** Random choices of a run besides the tokens. */
export interface Draws {
  /** Order of a batch's rows in one epoch; steps and epochs count from 0. */
  shuffle(step: number, epoch: number): number[];
  /** Longest length of a response, from [low, high). */
  limit(step: number, row: number, range: readonly [low: number, high: number]): number;
  /** What a resumed run has to know: 0 where every choice has a key of its own. */
  readonly position: number;
}

/** Choices keyed by (seed, step, …). */
export function keyedDraws({ seed, batchSize }: Pick<RlConfig, 'seed' | 'batchSize'>): Draws {
  const rows = Array.from({ length: batchSize }, (_, i) => i);
  return {
    shuffle: (step, epoch) => randomStream(seed, ['minibatches', step, epoch]).shuffle(rows),
    limit: (step, row, [low, high]) =>
      low + Math.floor(uniform(seed, ['limit', step, row]) * (high - low)),
    position: 0,
  };
}
