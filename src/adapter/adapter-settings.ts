/** Every field of PEFT's `LoraConfig`, and what it is to tactful. Pure. */
import { InputError } from '../errors.ts';
import type { Note } from '../events.ts';

/** Fields that change results, each with the only values that tactful computes. */
const computed: Readonly<Record<string, readonly unknown[]>> = {
  bias: ['none'],
  enable_lora: [null],
  use_dora: [false],
  use_qalora: [false],
  lora_bias: [false],
  layer_replication: [null, []],
  target_parameters: [null, []],
  trainable_token_indices: [null],
  alora_invocation_tokens: [null],
  arrow_config: [null],
  kasa_config: [null],
  megatron_config: [null],
  monteclora_config: [null],
  // others (pissa, olora, corda, loftq, lora_ga) also change the base model's weights
  init_lora_weights: [true, false, 'gaussian', 'eva', 'orthogonal', 'mica'],
};

/**
 * Fields of PEFT 0.3 to 0.21 that are read elsewhere, or change nothing once an adapter is trained:
 * they say how it began, or how training saves memory.
 */
const harmless = new Set([
  'alpha_pattern',
  'auto_mapping',
  'base_model_name_or_path',
  'corda_config',
  'ensure_weight_tying',
  'eva_config',
  'exclude_modules',
  'fan_in_fan_out', // of layers that T5 and BERT do not have; PEFT ignores it of others
  'inference_mode',
  'layers_pattern',
  'layers_to_transform',
  'loftq_config',
  'lora_alpha',
  'lora_dropout',
  'lora_ga_config',
  'megatron_core',
  'merge_weights',
  'modules_to_save',
  'peft_type',
  'peft_version',
  'qalora_group_size',
  'r',
  'rank_pattern',
  'revision',
  'runtime_config',
  'target_modules',
  'task_type',
  'use_rslora',
  'velora_config', // another backward pass
]);

/** What to do with an adapter that tactful does not compute. */
export const mergeInPeft =
  "Put it into its model with PEFT's merge_and_unload(), save that, and name it as the model.";

/**
 * Refuses settings that tactful does not compute: of the tensors that come with them, it knows less.
 * @throws {InputError} naming the first one
 */
export function refuseUnsupported(json: Record<string, unknown>, where: string): void {
  for (const [key, value] of Object.entries(json)) {
    const allowed: readonly unknown[] | undefined = Object.hasOwn(computed, key)
      ? computed[key]
      : isUnknownSwitch(key)
        ? [false, null]
        : undefined;
    if (!allowed) continue;
    const [actual, ...choices] = [value, ...allowed].map((each) => JSON.stringify(each));
    if (choices.includes(actual)) continue;
    const remedy = `It changes results and is not supported. ${mergeInPeft}`;
    throw new InputError(`${where}: ${key}`, choices.join(' or '), actual.slice(0, 200), remedy);
  }
}

/** PEFT calls a new way of computing `use_…`; other fields say how training went. */
function isUnknownSwitch(key: string): boolean {
  return key.startsWith('use_') && key !== 'use_rslora';
}

/** A sentence for each setting that nobody here knows, and that says something. */
export function unknownSettings(json: Record<string, unknown>): Note[] {
  const found = Object.entries(json).filter(([key, value]) => {
    return !harmless.has(key) && !Object.hasOwn(computed, key) && !isEmpty(value);
  });
  return found.map(([key, value]) => ({
    says: `The adapter's config has a setting that is not known here: ${key.slice(0, 60)} = ${JSON.stringify(value).slice(0, 80)}.`,
    remedy: 'If PEFT computes something else with it, the results differ from what is shown here.',
  }));
}

/** What PEFT writes for a setting that is not used. */
function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === null || value === false || value === '';
}
