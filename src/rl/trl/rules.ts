/** What TRL 0.8.0 fits with, and what it takes where nothing else is given. */
import { algorithms } from '../algorithms.ts';
import type { Given, Rule } from '../fields.ts';
import type { Correction } from './corrections.ts';

/** Without these nobody knows what a policy of before said of a response, or in which order it drew. */
const timely: readonly Correction[] = [
  'keepsDecoderStart',
  'scoresAtTemperature',
  'samplesWithoutDropout',
  'shufflesByKey',
];

export const compatRules: readonly Rule[] = [
  [
    'bootstrapTruncated',
    (c) => c.bootstrapTruncated && c.compat !== 'none',
    'cannot go with `compat` trl-0.8.0, which has no such thing',
  ],
  [
    'bootstrapTruncated',
    (c) => c.bootstrapTruncated && c.without.includes('whitensRealTokens'),
    'needs the correction whitensRealTokens, which `without` leaves out',
  ],
  [
    'compat',
    (c) => c.compat !== 'none' && !algorithms[c.algorithm].critic,
    'trl-0.8.0 goes with `algorithm` ppo alone',
  ],
  [
    'staleness',
    (c) => c.staleness > 0 && c.compat !== 'none',
    'cannot go with `compat` trl-0.8.0, which has no such thing',
  ],
  ...timely.map(
    (name): Rule => [
      'staleness',
      (c) => c.staleness > 0 && c.without.includes(name),
      `needs the correction ${name}, which \`without\` leaves out`,
    ],
  ),
  [
    'without',
    (c) => c.compat !== 'none' && c.without.length > 0,
    'cannot go with `compat`, which leaves out all corrections',
  ],
];

/** TRL's defaults, where ours are others. */
const defaults = {
  calibrate: 0,
  missingEosPenalty: 0,
  adamEps: 1e-8,
  rescore: true,
  valueHead: 'uniform',
  reference: 'base',
} as const satisfies Partial<Given>;

/** The settings; with `compat`, TRL's defaults where none is given. */
export function withCompat(given: Given): Given {
  if (given.compat === 'none') return given;
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...given, ...defaults, ...Object.fromEntries(known) };
}
