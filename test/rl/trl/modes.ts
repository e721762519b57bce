import type { RlConfig } from '../../../src/rl/config.ts';
import type { Correction } from '../../../src/rl/trl/corrections.ts';

/** All defects of TRL 0.8.0 and the lab. */
export const trl = { compat: 'trl-0.8.0' } as const;
/** None of them. */
export const ours = { compat: 'none' } as const;

/** The two ways to bring a defect back: all of TRL 0.8.0, or that one alone. */
export const ways = (name: Correction): [string, Partial<RlConfig>][] => [
  ['compat trl-0.8.0', trl],
  [`without ${name}`, { without: [name] }],
];
