import { z } from 'zod';
import { revisionField } from '../../hub/revision.ts';
import { DetoxConfig } from '../detox/config.ts';

/** Settings of `detox` that say who is measured, by whom, on what, and how. */
const shared = DetoxConfig.pick({
  ...{ model: true, revision: true, adapter: true, adapterRevision: true },
  ...{ rewardModel: true, rewardRevision: true, toxicityModel: true, toxicityRevision: true },
  ...{ judge: true, judgeLabel: true, rewardLabel: true, toxicLabel: true },
  ...{ toxicityOn: true, scoreOn: true, pairAs: true },
  ...{ reward: true, rewardWeight: true, rewardModelWeight: true },
  ...{ data: true, dataRevision: true, testData: true, testDataRevision: true },
  ...{ split: true, testSplit: true, testShare: true, shuffleSplit: true, splitSeed: true },
  ...{ maxRows: true, strict: true, delimiter: true, encoding: true },
  ...{ dialogueColumn: true, summaryColumn: true, idColumn: true, groupColumn: true },
  ...{ minimumLength: true, maximumLength: true, promptTemplate: true, maxQueryTokens: true },
  ...{ samples: true, samplesPerPrompt: true, rougeStemmer: true, rows: true, language: true },
  ...{ sample: true, temperature: true, topK: true, topP: true },
  ...{ minLength: true, minNewTokens: true, maxNewTokens: true, seed: true },
}).shape;

/** Everything that decides a measurement. */
export const EvaluateConfig = z.strictObject({
  ...shared,
  adapter: shared.adapter.describe(
    'PEFT LoRA adapter of the policy: folder, .zip, or name on the hub (default: none)',
  ),
  against: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Measure another policy as well, and compare: none (the model without an adapter), an adapter, or a model (folder, .zip, or name on the hub)',
    ),
  againstRevision: revisionField('other policy'),
  samples: shared.samples.describe('Held-out dialogues to answer'),
  seed: shared.seed.describe('Seed of the sampling and of the statistics'),
});
export type EvaluateConfig = z.infer<typeof EvaluateConfig>;

/** The same as settings of a run: what it would measure before its first step, and after its last. */
export function asRun(config: EvaluateConfig): DetoxConfig {
  const { against: _, againstRevision: __, ...settings } = config;
  return DetoxConfig.parse(settings);
}

/** Settings that may differ when it goes on: where files lie; what they hold is checked. */
export const evaluateMayDiffer = [
  ...['model', 'revision', 'adapter', 'adapterRevision', 'against', 'againstRevision'],
  ...['rewardModel', 'rewardRevision', 'toxicityModel', 'toxicityRevision'],
  ...['judge', 'judgeLabel', 'data', 'dataRevision', 'testData', 'testDataRevision'],
  ...['reward', 'language'],
];
