/** `detox` as a kind of job. */
import { z } from 'zod';
import type { RunFacts, RunMeasures } from '../../events.ts';
import { LearnerNumbers } from '../../rl/learner-state.ts';
import type { Kind } from '../kind.ts';
import { isPreset, policyPresets, presetSettings } from '../presets.ts';
import { checkTogether, DetoxConfig, mayDiffer, resolvedConfig } from './config.ts';
import { runMeasures } from './measures.ts';
import { detoxScreen } from './screen.ts';

export const detoxKind: Kind<DetoxConfig, RunMeasures, RunFacts> = {
  name: 'detox',
  description:
    'Measures the held-out dialogues, trains a LoRA adapter by PPO, RLOO or GRPO against the ' +
    'reward model, measures the same dialogues again and compares. Everything is kept in a run ' +
    'folder.',
  examples: [
    ['tactful detox', 'the demo: small models and dialogues that come with tactful'],
    [
      'tactful detox --model DIR --reward-model DIR --data train.csv --steps 10',
      'models and data of your own',
    ],
    ['tactful detox --config runs/RUN/config.yaml', 'a run again'],
    [
      'tactful detox --versus compat --ablate',
      'what each defect of TRL 0.8.0 costs: the run once more with each',
    ],
  ],
  schema: DetoxConfig.superRefine(checkTogether),
  presets: {
    ...policyPresets,
    settings: (name, { compat }) => (isPreset(name) ? presetSettings(name, compat) : {}),
  },
  first: {},
  mayDiffer,
  leftOpen: ['loraTargets', 'guards'],
  formerly: { guards: 'off' },
  resolve: resolvedConfig,
  learns: LearnerNumbers,
  measures: z.strictObject(runMeasures),
  result: 'adapter',
  keepsEnds: true,
  compares: true,
  semantics: true,
  policy: ({ model }) => ({ model }),
  warning: ({ adapter, loraRank, loraTargets, model }) =>
    adapter === undefined
      ? `no --adapter: training starts from a fresh LoRA adapter of rank ${loraRank} on ${loraTargets?.join(', ') ?? 'queries and values'} of ${model}`
      : undefined,
  sources: async (local) => (await import('./sources.ts')).sourcesOf(local),
  setUp: async (begun) => (await import('./job.ts')).detoxJob(begun),
  screen: detoxScreen,
};
