import { type Places, plain } from '../places.ts';
import {
  type Compatibility,
  type Correction,
  correctionNames,
  semanticsOf,
} from './corrections.ts';
import { overPadding } from './estimate.ts';
import { withoutFirst } from './mask.ts';
import { labIds, trainingDropout } from './sample.ts';
import { numpyDraws } from './shuffle.ts';
import { clipsOnce, stepsByMomentum, stopsAfterEpoch } from './step-policy.ts';

/** What is put in where a correction is left out. */
const ways: Readonly<Record<Correction, Partial<Places>>> = {
  scoresFirstToken: { mask: withoutFirst },
  keepsDecoderStart: { decoderIds: labIds, keepsSampled: false },
  rewardsByLabel: {}, // of the reward: labReward
  stripsSpecialTokens: {}, // likewise
  scoresAtTemperature: { temperature: () => 1 },
  clipsEveryStep: clipsOnce,
  skipsWholeStep: stepsByMomentum,
  stopsBeforeStep: stopsAfterEpoch,
  whitensRealTokens: { estimate: overPadding },
  shufflesByKey: { draws: numpyDraws },
  samplesWithoutDropout: { dropout: trainingDropout, keepsSampled: false },
};

/** The places of a run: plain, but where its settings leave a correction out. */
export function placesOf(config: Compatibility): Places {
  const semantics = semanticsOf(config);
  const off = correctionNames.filter((name) => !semantics[name]);
  const start = config.compat === 'none' ? {} : { checksStart: false };
  return Object.assign({}, plain, start, ...off.map((name) => ways[name]));
}
