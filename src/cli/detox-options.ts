/** Options of the commands that start a detox run, or look at one that would start. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { DetoxConfig, rlConfigOf } from '../detox-config.ts';
import { ConfigError } from '../errors.ts';
import { isPreset, type PresetName, presetSettings, presets } from '../presets.ts';
import { rlFields } from '../rl/config.ts';
import { resolved } from '../rl/rules.ts';
import { readAssignments, readConfigFile, type Said, saidBy } from './config-file.ts';
import { checkEffects, chosen } from './effects.ts';
import { flagName, merge } from './flags.ts';
import { headings, placeholders } from './headings.ts';
import { engineOptions, file, outputOption } from './options.ts';

const preset = z
  .enum(Object.keys(presets) as [PresetName])
  .optional()
  .describe(
    'Settings to begin with: the demo, or the lab on FLAN-T5 (default: demo, when no model is named)',
  );

/** Where settings come from. */
export const sourceOptions = {
  preset,
  config: file('Settings as YAML, for instance the config.yaml of a run').optional(),
  set: z
    .array(z.string())
    .default([])
    .meta({ placeholder: 'name=value', whole: true })
    .describe('A setting by its name in a config file, for instance kl.target=3'),
};

const store = { group: 'Store' };

/** Where a run's comparison goes beside its folder. */
export const storeOptions = {
  store: z
    .enum(['folder', 'dynamodb'])
    .default('folder')
    .meta(store)
    .describe('Where the comparison goes; the run folder has it in any case'),
  table: z.string().min(1).default('llm_with_rlhf').meta(store).describe('DynamoDB table'),
  createTable: z.boolean().default(false).meta(store).describe('Create the table if it is missing'),
  endpoint: z
    .string()
    .min(1)
    .optional()
    .meta({ ...store, placeholder: 'url' })
    .describe('Where DynamoDB answers, for instance http://127.0.0.1:8000'),
  region: z.string().min(1).optional().meta(store).describe('AWS region'),
};

/** What a config file and `--set` may say, in the order of `--help`: what a run's `config.yaml` holds, a preset, and a folder to write to. */
export const fileSettings = z.strictObject({
  preset,
  ...outputOption,
  ...detoxFields(),
  ...storeOptions,
  ...engineOptions,
});

const trainer = z.object(rlFields);
/** The trainer's settings that may follow from others: those without a default of their own. */
const open = Object.keys(rlFields).filter(
  (name) => trainer.shape[name as keyof typeof rlFields].safeParse(undefined).data === undefined,
);

/** What the settings must be together, for `superRefine`. */
export function checkTogether(config: DetoxConfig, context: z.RefinementCtx): void {
  try {
    rlConfigOf(config);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    for (const { path, message } of error.issues) {
      context.addIssue({ code: 'custom', path, message });
    }
  }
}

type Settings = Readonly<Record<string, unknown>>;

/**
 * Settings under those of the flags: of `--set`, under it of the config file, and under that of the
 * preset that flags or file name.
 * @param given what flags say
 * @throws {ConfigError} when the file or `--set` says what is unknown, wrong or said twice, or when
 *   a setting that was chosen has no effect
 */
export async function settingsUnder(given: Settings): Promise<Settings> {
  const { config, set = [], ...flags } = given;
  const file: Said =
    typeof config === 'string' ? await readConfigFile(config, fileSettings) : saidBy({}, String);
  const assigned = await readAssignments(set as string[], fileSettings);
  const twice = Object.keys(assigned.values).find((name) => name in flags);
  if (twice !== undefined) {
    throw new ConfigError(assigned.where(twice), 'each setting once', `${flagName(twice)} as well`);
  }
  const over = merge(assigned.values, flags);
  const alone = merge(presetUnder(file.values), file.values);
  const under = merge(presetUnder(merge(file.values, over)), following(file.values, over));
  const settings = merge(under, over);
  const choices = chosen(file.values, fileSettings);
  checkEffects(fileSettings, [settings], saidBy(flags, flagName));
  checkEffects(fileSettings, [settings], assigned);
  // a flag may leave nothing to do for a setting of the file, and is no fault of the file
  checkEffects(fileSettings, [settings, alone], saidBy(choices, file.where));
  return merge(under, assigned.values);
}

/** Of the preset that settings name; the demo's where they name neither a preset nor a model. */
function presetUnder({ preset: name, model, compat }: Settings): Settings {
  if (name === undefined) return model === undefined ? presetSettings('demo') : {};
  return isPreset(name) ? presetSettings(name, compat) : {};
}

/**
 * A file's settings without those that only followed from its others and now follow differently: a
 * run's `config.yaml` says where its KL was paid, and `--algorithm grpo` over it pays in the loss.
 */
function following(file: Settings, over: Settings): Settings {
  const before = merge(presetUnder(file), file);
  const names = open.filter((name) => name in file && !(name in over));
  let rest = file;
  for (;;) {
    const now = merge(merge(presetUnder(merge(file, over)), rest), over);
    const stale = names.filter((name) => {
      const [then, next] = [before, now].map((settings) => filled(omit(settings, [name]))?.[name]);
      const value = file[name];
      return name in rest && isDeepStrictEqual(then, value) && !isDeepStrictEqual(next, value);
    });
    if (stale.length === 0) return rest;
    rest = omit(rest, stale);
  }
}

/** The trainer's settings with all defaults; undefined when one is wrong, which is told later. */
function filled(settings: Settings): Settings | undefined {
  const { data } = trainer.safeParse(settings);
  return data && resolved(data);
}

function omit(settings: Settings, names: readonly string[]): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));
}

/** The job's own settings, in the order, under the headings and with the placeholders of `--help`. */
export function detoxFields(): typeof DetoxConfig.shape {
  const headed = Object.entries(headings).flatMap(([group, names]) =>
    names.map((name) => [name, { group }] as const),
  );
  const first = Object.keys(DetoxConfig.shape).filter(
    (name) => !headed.some(([other]) => other === name),
  );
  const fields = [...first.map((name) => [name, {}] as const), ...headed].map(([name, meta]) => {
    const placeholder = placeholders[name as keyof DetoxConfig];
    const field = DetoxConfig.shape[name as keyof DetoxConfig];
    return [name, field.meta({ ...meta, ...(placeholder && { placeholder }) })];
  });
  return Object.fromEntries(fields);
}
