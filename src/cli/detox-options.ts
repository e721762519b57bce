/** Options of the commands that start a detox run, or look at one that would start. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { DetoxConfig, rlConfigOf } from '../jobs/detox/config.ts';
import { isPreset, type PresetName, presetSettings, presets } from '../jobs/presets.ts';
import { rlFields } from '../rl/fields.ts';
import { resolved } from '../rl/rules.ts';
import { tableItems } from '../store/dynamodb.ts';
import type { Under } from './command.ts';
import { underHeadings } from './headings.ts';
import { engineOptions, outputOption } from './options.ts';
import { omit, readSettings, type Settings, sourceOptions } from './settings.ts';
import { merge } from './values.ts';

const preset = z
  .enum(Object.keys(presets) as [PresetName])
  .optional()
  .describe(
    'Settings to begin with: the demo, or the lab on FLAN-T5 (default: demo, when no model is named)',
  );

/** Where settings come from. */
export const detoxSources = { preset, ...sourceOptions };

/** The job's own settings, as `--help` shows them. */
export const detoxFields = underHeadings(DetoxConfig.shape);

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
  tableItems: z
    .enum(tableItems)
    .default('refuse')
    .meta(store)
    .describe(
      'When the table holds items of other runs: refuse to start, append (numbered after them), or replace (all are deleted)',
    ),
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
  ...detoxFields,
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

/**
 * As `readSettings`, over the preset that flags or file name.
 * @throws as `readSettings`
 */
export function settingsUnder(given: Settings): Promise<Under> {
  return readSettings(given, fileSettings, (file, over) =>
    merge(presetUnder(merge(file, over)), following(file, over)),
  );
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
