import { dropoutOf } from '../../model/dropout.ts';
import type { Places } from '../places.ts';

/**
 * The dropout of TRL's mode: none in the measurement before, the adapter's alone in the first
 * rollouts (a fresh module is in training mode, the model is not), all of it behind the first step.
 */
export const trainingDropout: Places['dropout'] = (shape, seed, { key, phase }) => {
  if (phase === 'before') return undefined;
  const draw = { seed, key: ['dropout', ...key] };
  return dropoutOf(shape, draw, phase === 'first' ? { model: 0 } : {});
};

/** Decoder ids as the lab keeps them: as many as the limit, so that a full response loses its start. */
export const labIds: Places['decoderIds'] = (ids, limit) => ids.slice(-limit);
