import type { Places } from '../places.ts';

/** TRL's iterator of parameters is used up by the first step of a run: later ones clip nothing. */
export const clipsOnce: Pick<Places, 'clips'> = { clips: (isFirst) => isFirst };

/** TRL's Adam goes on by momentum, with decay, where a minibatch is over the ratio threshold. */
export const stepsByMomentum: Pick<Places, 'skips'> = { skips: false };

/** TRL stops early after an epoch, by the signed mean of its last minibatch. */
export const stopsAfterEpoch: Pick<Places, 'endsBeforeStep' | 'endsAfterEpoch'> = {
  endsBeforeStep: () => false,
  endsAfterEpoch: (last, most) => last['policy/policykl'] > most,
};
