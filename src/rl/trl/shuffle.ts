import type { RlConfig } from '../config.ts';
import type { Draws } from '../draws.ts';
import { numpyRandom } from './numpy.ts';

/** Choices as TRL draws them: one after another from numpy's one stream, whoever else draws from it. */
export function numpyDraws(
  { seed, batchSize }: Pick<RlConfig, 'seed' | 'batchSize'>,
  position: number,
): Draws {
  const numpy = numpyRandom(seed, position);
  return {
    shuffle: () => numpy.permutation(batchSize),
    limit: (_step, _row, [low, high]) => numpy.choice(low, high),
    get position() {
      return numpy.position;
    },
  };
}
