import { z } from 'zod';
import { valueHeadFiles } from '../../adapter/value-head-file.ts';
import { dialogueFields, promptFields } from '../../data/config.ts';
import { moduleName } from '../../disk/user-module.ts';
import { usualQualityLimit } from '../../eval/limits.ts';
import { revisionField } from '../../hub/revision.ts';
import { GenerationConfig } from '../../model/sampling.ts';
import {
  gradientCheckpointing,
  keepCheckpoints,
  loraTargets,
  measuringFields,
  needsEvaluations,
} from '../../model/supervised-config.ts';
import { languages } from '../../report/words/language.ts';
import { RlConfig } from '../../rl/config.ts';
import { pairForms, rlFields, scoreTargets } from '../../rl/fields.ts';
import { usualLabels } from '../../rl/judge-labels.ts';

const { generation: _, ...trainingFields } = rlFields;
const count = z.int().positive();
const countOrZero = z.int().nonnegative();
/** By what the best adapter may be chosen; of toxicity the least is best. */
const bestMetrics = ['reward', 'toxicity', 'rouge1'] as const;
/** What guards do. */
const guardActions = ['stop', 'warn', 'off'] as const;

/** Everything that decides a detox run. The trainer's and the sampler's settings stand beside the files'. */
export const DetoxConfig = z.strictObject({
  model: z
    .string()
    .min(1)
    .describe(
      'Base model (T5 or BART, Hugging Face layout): folder, or name on the Hugging Face hub',
    ),
  revision: revisionField('model'),
  adapter: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PEFT LoRA adapter to start from: folder, .zip, or name on the hub (default: a fresh one)',
    ),
  adapterRevision: revisionField('adapter'),
  rewardModel: z
    .string()
    .min(1)
    .describe('Classifier that rewards and judges: folder, or name on the Hugging Face hub'),
  rewardRevision: revisionField('reward model'),
  toxicityModel: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Classifier that measures the toxicity, where the reward model does not: folder, or name on the hub (default: the reward model)',
    ),
  toxicityRevision: revisionField('toxicity model'),
  judge: z
    .array(z.string().min(1))
    .optional()
    .describe(
      'Judges that the training never sees: words (a list that comes with tactful), lists of your own (.txt), classifiers (folder, or name on the hub, NAME@COMMIT); none (default: with a preset words)',
    ),
  judgeLabel: z
    .string()
    .optional()
    .describe(
      'Toxic label of such a classifier; of a,b the sum, or with sigmoids the largest (default: toxicLabel, the only one, hate, toxic …)',
    ),
  data: z
    .string()
    .min(1)
    .describe(
      'Dialogues with summaries, shaped like DialogSum: file or folder, or name on the Hugging Face hub',
    ),
  dataRevision: revisionField('data'),
  testDataRevision: revisionField('test data'),
  rewardLabel: z
    .string()
    .default(usualLabels.rewardLabel)
    .describe(
      'Label whose logit is the reward; -NAME takes it away, a,b adds up; a single output needs no name',
    ),
  toxicLabel: z
    .string()
    .default(usualLabels.toxicLabel)
    .describe(
      'Label whose probability is the toxicity; of a,b it is the sum, or with sigmoids the largest',
    ),
  toxicityOn: z
    .enum(['response', 'pair'])
    .default('response')
    .describe('What the toxicity is measured on: the response, or prompt and response'),
  scoreOn: z.enum(scoreTargets).default('response').describe('What the reward reads'),
  pairAs: z
    .enum(pairForms)
    .default('joined')
    .describe(
      'How prompt and response are read: joined to one text, or as a text pair with segments',
    ),
  reward: z.string().regex(moduleName).optional().meta({
    expects: 'a module (.ts, .js, .mjs)',
    description:
      'Reward of your own beside the reward model: a module that scores responses, .ts, .js or .mjs',
  }),
  rewardWeight: z.number().default(1).describe('Weight of what that module says'),
  rewardModelWeight: z
    .number()
    .nonnegative()
    .default(1)
    .describe('Weight of what the reward model says; with 0 it only measures'),
  rougeWeight: z
    .number()
    .nonnegative()
    .default(0)
    .describe("Weight of ROUGE-1 against the reference summary beside the reward model's score"),
  groupColumn: z
    .string()
    .optional()
    .describe('Column by whose values results are also told (default: tone, if there is one)'),
  ...dialogueFields,
  ...promptFields,
  samples: count.default(500).describe('Held-out dialogues to evaluate, before and after'),
  samplesPerPrompt: count
    .default(1)
    .describe('Responses to each of them; the prompt stays the unit of all statistics'),
  rougeStemmer: z
    .boolean()
    .default(false)
    .describe('Measure ROUGE on Porter stems, as rouge_score does with use_stemmer'),
  evaluationMaxNewTokens: count
    .optional()
    .describe('Longest response of the measurements, in tokens (default: as maxNewTokens)'),
  evaluationMinLength: countOrZero
    .optional()
    .describe('Decoder ids before which their responses cannot end (default: as minLength)'),
  evaluationTopK: countOrZero.optional().describe('Top k of the measurements (default: as topK)'),
  rows: count.default(20).describe('Rows of the comparison table'),
  qualityLimit: z
    .number()
    .min(0)
    .max(1)
    .default(usualQualityLimit)
    .describe('Share of ROUGE beyond whose loss less toxicity has a cost'),
  language: z
    .enum(languages)
    .default('en')
    .describe('Language of the verdict and of the reports: English or Korean'),
  checkpointEvery: countOrZero
    .default(5)
    .describe('Steps between checkpoints, from which a run can be resumed (0: at a stop alone)'),
  keepCheckpoints,
  keepRollouts: countOrZero
    .optional()
    .describe(
      'Steps of which each token of the rollouts is kept, the last ones; of older ones texts and scores stay (default: all; 0: nothing is kept)',
    ),
  evaluateEvery: countOrZero
    .default(0)
    .describe('Steps between measurements that choose the best adapter (0: none)'),
  patience: measuringFields.patience,
  validationSamples: count
    .default(64)
    .describe('Dialogues for that, taken out of the training part'),
  bestMetric: z.enum(bestMetrics).default('reward').describe('By what the best adapter is chosen'),
  guards: z
    .enum(guardActions)
    .optional()
    .describe(
      'What guards do when the training goes too far: stop it and go back to the last step that was well, warn, or nothing (default: stop; with `compat` warn)',
    ),
  guardEvery: countOrZero
    .default(10)
    .describe('Steps between their looks at held-out dialogues (0: none)'),
  guardSamples: count.default(64).describe('Held-out dialogues that they look at'),
  gradientCheckpointing,
  loraRank: count.default(32).describe('Rank of a fresh adapter, when none is given'),
  loraAlpha: z.number().positive().default(32).describe('Alpha of a fresh adapter'),
  loraTargets,
  loraDropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      'Dropout that the config of a fresh adapter names: sft drops by it, and so do responses with `compat`',
    ),
  valueHeadFile: z
    .enum(valueHeadFiles)
    .default('value_head.safetensors')
    .describe('File of the value head beside each adapter; TRL reads pytorch_model.bin'),
  ...trainingFields,
  ...GenerationConfig.shape,
});
export type DetoxConfig = z.infer<typeof DetoxConfig>;

/** The trainer's part of the settings. */
export function rlConfigOf(config: DetoxConfig): RlConfig {
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, config[name as keyof DetoxConfig]]));
  const generation = pick(Object.keys(GenerationConfig.shape));
  return RlConfig.parse({ ...pick(Object.keys(trainingFields)), generation });
}

/**
 * The settings with all defaults that follow from other settings filled in, so that they mean the
 * same whatever a later version's defaults are.
 */
export function resolvedConfig<Config extends DetoxConfig>(config: Config): Config {
  const { generation, ...settings } = rlConfigOf(config);
  const known = Object.entries(settings).filter(([, value]) => value !== undefined);
  // TRL has no guards, and parity is what counts with `compat`
  const guards = config.guards ?? (config.compat === 'none' ? 'stop' : 'warn');
  return { ...config, ...Object.fromEntries(known), guards };
}

/** Settings that may differ when a run goes on: where files lie (what they hold is checked), how much is kept, and in which files. */
export const mayDiffer = [
  ...['model', 'revision', 'adapter', 'adapterRevision'],
  ...['rewardModel', 'rewardRevision', 'toxicityModel', 'toxicityRevision'],
  ...['judge', 'judgeLabel'],
  ...['data', 'dataRevision', 'reward'],
  ...['testData', 'testDataRevision'],
  ...['checkpointEvery', 'keepCheckpoints', 'keepRollouts', 'valueHeadFile', 'language'],
];

/** What the settings must be together, for `superRefine`. */
export function checkTogether(config: DetoxConfig, context: z.RefinementCtx): void {
  if (config.patience > 0 && config.evaluateEvery === 0) {
    const { path, error: message } = needsEvaluations;
    context.addIssue({ code: 'custom', path, message });
  }
  try {
    rlConfigOf(config);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    for (const { path, message } of error.issues) {
      context.addIssue({ code: 'custom', path, message });
    }
  }
}
