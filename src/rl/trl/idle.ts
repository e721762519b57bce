import { drawnAt } from '../../model/sampling.ts';
import type { RlConfig } from '../config.ts';
import type { Correction } from './corrections.ts';

type Settings = Pick<RlConfig, 'generation' | 'maxGradNorm' | 'earlyStopping' | 'whitenRewards'>;

/** When settings leave a correction nothing to correct; of the others it takes the run itself to know. */
const idle: { readonly [Name in Correction]?: (settings: Settings) => boolean } = {
  scoresAtTemperature: ({ generation }) => drawnAt(generation) === 1,
  clipsEveryStep: ({ maxGradNorm }) => maxGradNorm === undefined,
  stopsBeforeStep: ({ earlyStopping }) => !earlyStopping,
  whitensRealTokens: ({ whitenRewards }) => !whitenRewards,
};

/** Whether a run is the same to the last bit with this correction and without. */
export function isIdle(name: Correction, settings: Settings): boolean {
  return idle[name]?.(settings) ?? false;
}
