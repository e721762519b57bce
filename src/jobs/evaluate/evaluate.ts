/** `evaluate` as a kind of job. */
import { z } from 'zod';
import type { RunFacts } from '../../events.ts';
import type { Kind } from '../kind.ts';
import { isPreset, policyPresets, presetSettings } from '../presets.ts';
import { EvaluateConfig, evaluateMayDiffer } from './config.ts';
import { type EvaluateMeasures, evaluateMeasures } from './measures.ts';
import { filesOfRuns } from './of-run.ts';
import { evaluateScreen } from './screen.ts';

export const evaluateKind: Kind<EvaluateConfig, EvaluateMeasures, RunFacts> = {
  name: 'evaluate',
  description:
    'Lets a policy answer held-out dialogues and measures the answers as a run of detox does, with ' +
    'the same random numbers: each mean with its interval. With --against the other policy answers ' +
    'the same dialogues, and the two are compared as before and after a training.',
  examples: [
    ['tactful evaluate', 'the policy of the demo, before any training'],
    [
      'tactful evaluate --preset demo --adapter runs/RUN/adapter --samples-per-prompt 4',
      'what a run has learnt, by four answers to each dialogue',
    ],
    [
      'tactful evaluate --config runs/RUN/config.yaml --adapter runs/RUN/adapter',
      'the same, by the settings of the run',
    ],
    [
      'tactful evaluate --preset demo --adapter runs/A/adapter --against runs/B/adapter',
      'one adapter against another',
    ],
    [
      'tactful evaluate --model DIR --adapter DIR --against none --reward-model DIR --data test.csv',
      'an adapter against its bare model',
    ],
  ],
  schema: EvaluateConfig,
  presets: {
    ...policyPresets,
    settings: (name) => (isPreset(name) ? ownOf(presetSettings(name)) : {}),
  },
  takes: filesOfRuns,
  first: {},
  mayDiffer: evaluateMayDiffer,
  learns: z.strictObject({}),
  measures: evaluateMeasures,
  result: false,
  keepsEnds: true,
  compares: true,
  sources: async (local) => (await import('./sources.ts')).sourcesOf(local),
  setUp: async (begun) => (await import('./job.ts')).evaluateJob(begun),
  screen: evaluateScreen,
};

/** Of settings of a run those that a measurement has. */
function ownOf(settings: object) {
  const own = Object.entries(settings).filter(([name]) => name in EvaluateConfig.shape);
  return Object.fromEntries(own);
}
