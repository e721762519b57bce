import { randomStream, uniform } from '../random.ts';
import type { RlConfig } from './config.ts';
import type { Semantics } from './trl/corrections.ts';
import { numpyRandom } from './trl/numpy.ts';

/** Random choices of a run besides the tokens. */
export interface Draws {
  /** Order of a batch's rows in one epoch; steps and epochs count from 0. */
  shuffle(step: number, epoch: number): number[];
  /** Longest length of a response, from [low, high). */
  limit(step: number, row: number, range: readonly [low: number, high: number]): number;
  /** What a resumed run has to know: 0 where every choice has a key of its own. */
  readonly position: number;
}

/** Choices keyed by (seed, step, …), or those of numpy's one stream as TRL draws them. */
export function drawsOf(
  { seed, batchSize }: Pick<RlConfig, 'seed' | 'batchSize'>,
  { shufflesByKey }: Pick<Semantics, 'shufflesByKey'>,
  position = 0,
): Draws {
  if (!shufflesByKey) {
    const numpy = numpyRandom(seed, position);
    return {
      shuffle: () => numpy.permutation(batchSize),
      limit: (_step, _row, [low, high]) => numpy.choice(low, high),
      get position() {
        return numpy.position;
      },
    };
  }
  const rows = Array.from({ length: batchSize }, (_, i) => i);
  return {
    shuffle: (step, epoch) => randomStream(seed, ['minibatches', step, epoch]).shuffle(rows),
    limit: (step, row, [low, high]) =>
      low + Math.floor(uniform(seed, ['limit', step, row]) * (high - low)),
    position: 0,
  };
}
