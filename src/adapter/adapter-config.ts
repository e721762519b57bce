/** `adapter_config.json` of PEFT's LoRA, from 0.3 (2023) on. Pure. */
import { z } from 'zod';
import { checkJson } from '../disk/json.ts';
import { InputError } from '../errors.ts';
import { type TargetRule, targetRules } from './adapter-targets.ts';
import { type LoraConfig, type LoraStrength, numbersBy } from './lora-config.ts';

/** What PEFT may wrap the base model for. */
export type PeftTask = 'SEQ_2_SEQ_LM' | 'SEQ_CLS';

const Patterns = z
  .record(z.string(), z.number('numbers by module').positive('numbers above 0'))
  .nullish()
  .transform((patterns) => patterns ?? {});
const list = z.array(z.string());

const ConfigJson = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.int('a whole number above 0').positive('a whole number above 0'),
  lora_alpha: z.number(),
  lora_dropout: z.number().default(0),
  // a string is a pattern, null the choice of PEFT; what they chose shows in the tensors' names
  target_modules: z.union([list.min(1), z.string(), z.null()], 'a list of module names').optional(),
  exclude_modules: z.union([list, z.string(), z.null()], 'a list of module names').optional(),
  layers_to_transform: z
    .union([z.array(z.int()), z.int(), z.null()], 'a list of layers')
    .optional(),
  layers_pattern: z.union([list, z.string(), z.null()], 'a list of names').optional(),
  use_rslora: z.boolean().default(false),
  rank_pattern: Patterns,
  alpha_pattern: Patterns,
  modules_to_save: z
    .union([z.array(z.string().min(1)), z.null()], 'a list of module names')
    .optional(),
  base_model_name_or_path: z.string().nullish(),
  peft_version: z.string().nullish(),
});
type ConfigJson = z.infer<typeof ConfigJson>;

/**
 * An adapter's settings from its config and from what its file holds.
 * @param ranks rank of each module in the file, by path
 * @param where the config's name, for messages
 * @throws {InputError} for a setting that is damaged, or does not fit the file
 */
export function loraConfigOf(
  json: Record<string, unknown>,
  ranks: ReadonlyMap<string, number>,
  where: string,
): LoraConfig {
  const raw = checkJson(json, where, ConfigJson);
  const config = {
    rank: raw.r,
    alpha: raw.lora_alpha,
    targetModules: targetsOf(raw, [...ranks.keys()]),
    rsLora: raw.use_rslora,
    dropout: raw.lora_dropout,
    baseModel: raw.base_model_name_or_path ?? '',
  };
  const exceptions = exceptionsOf(raw, ranks, where);
  const { modules_to_save: savedModules } = raw;
  return {
    ...config,
    ...(Object.keys(exceptions).length > 0 && { exceptions }),
    ...(savedModules?.length && { savedModules }),
  };
}

/** A list that says it all stays as it is; else the paths of the modules that the file holds. */
function targetsOf(raw: ConfigJson, modules: readonly string[]): string[] {
  const { target_modules: chosen, exclude_modules: without, layers_to_transform: layers } = raw;
  const isList = Array.isArray(chosen) && !without?.length && (layers ?? null) === null;
  return [...new Set(isList ? chosen : modules)].sort();
}

/**
 * The rules by which an adapter's config names modules, see `targetRules`.
 * @throws {InputError} for a setting that is damaged
 */
export function targetRulesOf(json: Record<string, unknown>, where: string): TargetRule[] {
  return targetRules(checkJson(json, where, ConfigJson), where);
}

/** Modules whose rank or alpha is not the common one. */
function exceptionsOf(
  raw: ConfigJson,
  ranks: ReadonlyMap<string, number>,
  where: string,
): Record<string, LoraStrength> {
  const { rank_pattern, alpha_pattern, r, lora_alpha, peft_version: version } = raw;
  const isLater = typeof version === 'string'; // written since PEFT 0.18
  const rankOf = numbersBy(rank_pattern, `${where}: rank_pattern`);
  const alphaOf = numbersBy(alpha_pattern, `${where}: alpha_pattern`);
  const exceptions: [string, LoraStrength][] = [];
  for (const [path, actual] of ranks) {
    const byRank = rankOf(path);
    const wanted = [isLater ? [] : [byRank.older ?? r], byRank.later ?? r].flat();
    if (!wanted.includes(actual)) {
      const expected = `rank ${[...new Set(wanted)].join(' or ')}, as ${where} has it`;
      throw new InputError(path, expected, `${actual}`, 'The files do not belong together.');
    }
    const { older = lora_alpha, later = lora_alpha } = alphaOf(path);
    if (older !== later && !isLater) {
      const remedy = 'Name modules by their last parts, or by their whole paths.';
      const expected = 'a pattern that all versions of PEFT read alike';
      const actual = `one that gives ${path} ${older} before PEFT 0.15, and ${later} since`;
      throw new InputError(`${where}: alpha_pattern`, expected, actual, remedy);
    }
    if (actual !== r || later !== lora_alpha)
      exceptions.push([path, { rank: actual, alpha: later }]);
  }
  return Object.fromEntries(exceptions);
}

/** All fields of PEFT 0.14's LoraConfig, in the order of its file. */
export function adapterJson(config: LoraConfig, task: PeftTask): Record<string, unknown> {
  const { exceptions = {} } = config;
  const patternOf = (field: keyof LoraStrength) => {
    const other = Object.entries(exceptions).filter(([, own]) => own[field] !== config[field]);
    return Object.fromEntries(other.map(([path, own]) => [path, own[field]]).sort());
  };
  return {
    alpha_pattern: patternOf('alpha'),
    auto_mapping: null,
    base_model_name_or_path: config.baseModel || null,
    bias: 'none',
    eva_config: null,
    exclude_modules: null,
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: null,
    loftq_config: {},
    lora_alpha: config.alpha,
    lora_bias: false,
    lora_dropout: config.dropout,
    megatron_config: null,
    megatron_core: 'megatron.core',
    modules_to_save: config.savedModules ? [...config.savedModules] : null,
    peft_type: 'LORA',
    r: config.rank,
    rank_pattern: patternOf('rank'),
    revision: null,
    target_modules: [...config.targetModules].sort(),
    task_type: task,
    use_dora: false,
    use_rslora: config.rsLora,
  };
}
