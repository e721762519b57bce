import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { DetoxConfig } from './detox-config.ts';

const demo = (name: string) => fileURLToPath(new URL(`../demo/${name}`, import.meta.url));

/** Settings by name; flags go over them. */
export const presets = {
  /** The embedded default: small models and dialogues that the project made itself. */
  demo: {
    model: demo('model'),
    adapter: demo('adapter'),
    rewardModel: demo('reward-model'),
    data: demo('dialogues.csv'),
    steps: 60,
    batchSize: 32,
    miniBatchSize: 8,
    ppoEpochs: 2,
    learningRate: 1e-3,
    initKlCoef: 0.05,
    lam: 1, // a zero critic has nothing to say yet: let every token see the whole score
    maxNewTokens: 64,
  },
} satisfies Record<string, Partial<z.input<typeof DetoxConfig>>>;
/** Name of a preset. */
export type PresetName = keyof typeof presets;
