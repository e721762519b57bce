import { z } from 'zod';
import { promptFields } from './data/config.ts';
import { GenerationConfig } from './model/sampling.ts';
import { RlConfig, rlFields, scoreTargets } from './rl/config.ts';

const { generation: _, ...ppoFields } = rlFields;
const count = z.int().positive();

/** Everything that decides a detox run. PPO's and the sampler's settings stand beside the files'. */
export const DetoxConfig = z.strictObject({
  model: z.string().describe('Folder of the base model (T5, Hugging Face layout)'),
  adapter: z.string().optional().describe('Folder of the PEFT LoRA adapter to start from'),
  rewardModel: z.string().describe('Folder of the classifier that rewards and judges'),
  data: z.string().describe('Dialogues with summaries: .csv or .jsonl, shaped like DialogSum'),
  rewardLabel: z.string().default('nothate').describe('Label whose logit is the reward'),
  toxicLabel: z.string().default('hate').describe('Label whose probability is the toxicity'),
  scoreOn: z.enum(scoreTargets).default('response').describe('What the reward reads'),
  rougeWeight: z
    .number()
    .nonnegative()
    .default(0)
    .describe("Weight of ROUGE-1 against the reference summary beside the reward model's score"),
  groupColumn: z
    .string()
    .optional()
    .describe('Column by whose values results are also told (default: tone, if there is one)'),
  ...promptFields,
  samples: count.default(500).describe('Held-out dialogues to evaluate, before and after'),
  rows: count.default(20).describe('Rows of the comparison table'),
  loraRank: count.default(32).describe('Rank of a fresh adapter, when none is given'),
  loraAlpha: z.number().positive().default(32).describe('Alpha of a fresh adapter'),
  loraTargets: z.array(z.string()).default(['q', 'v']).describe('Modules of a fresh adapter'),
  ...ppoFields,
  ...GenerationConfig.shape,
});
export type DetoxConfig = z.infer<typeof DetoxConfig>;

/** PPO's part of the settings. */
export function rlConfigOf(config: DetoxConfig): RlConfig {
  const pick = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, config[name as keyof DetoxConfig]]));
  const generation = pick(Object.keys(GenerationConfig.shape));
  return RlConfig.parse({ ...pick(Object.keys(ppoFields)), generation });
}
