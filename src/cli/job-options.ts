/** Options of the commands that run a job: its settings, where they come from, stores, the engine. */
import { z } from 'zod';
import type { Kind, OtherFiles, Settings } from '../jobs/kind.ts';
import type { Under } from './command.ts';
import type { Known } from './config-file.ts';
import { underHeadings } from './headings.ts';
import { machineOptions, rowsOption } from './machine-options.ts';
import { engineOptions, folder, pageOption } from './options.ts';
import { requireOption } from './required.ts';
import { omit, readSettings, sourceOptions } from './settings.ts';
import { curveStoreOptions, storeOptions } from './store-options.ts';

const parity = { group: 'Parity with TRL 0.8.0' };

/** Runs beside the job's own. */
export const versusOptions = {
  versus: z
    .enum(['compat'])
    .optional()
    .meta(parity)
    .describe(
      "Do the run twice, with the default's semantics and with those of `compat`, and tell what differs",
    ),
  ablate: z
    .boolean()
    .default(false)
    .meta(parity)
    .describe('With `versus`: leave out each correction alone as well, a run each'),
};
export type VersusSettings = z.infer<z.ZodObject<typeof versusOptions>>;

/** The part of a kind that its options are made of. */
type KindOptions = Pick<
  Kind,
  'name' | 'schema' | 'presets' | 'takes' | 'result' | 'compares' | 'semantics'
>;

/** What a command that runs a job may be given. */
export interface JobOptions {
  /** What a config file and `--set` may say, in the order of `--help`. */
  readonly known: Known;
  /** The command's: the same, and where settings come from. */
  readonly options: z.ZodObject;
  /** What lies under what the command line gives. */
  under(given: Settings): Promise<Under>;
}

/** The options of the command of a kind. */
export function jobOptions(kind: KindOptions): JobOptions {
  const { schema, presets, takes, result, compares = false, semantics = false } = kind;
  const preset = presets && {
    preset: z.enum(presets.names).optional().describe(presets.description),
  };
  const replaced =
    'Folder of the result: new, empty, or with an earlier result of this command (default: runs/<time>)';
  const settings = {
    output: folder(
      result !== undefined ? 'Folder of the run (default: runs/<time>)' : replaced,
    ).optional(),
    ...underHeadings(schema.shape as Record<string, z.ZodType>),
    ...(semantics && versusOptions),
    ...(compares ? { ...requireOption, ...storeOptions } : curveStoreOptions),
    ...engineOptions,
    ...machineOptions,
    ...rowsOption,
  };
  const checks = (schema.def.checks ?? []) as z.core.$ZodCheck<unknown>[];
  const known = z.strictObject({ ...preset, ...settings });
  return {
    known,
    options: z
      .strictObject({ ...preset, ...sourceOptions, ...settings, ...pageOption })
      .check(...checks),
    under: (given) =>
      readSettings(given, {
        known,
        takes: takes && { ...takes, known: known.extend(shapeOf(takes)), by: kind.name },
        below(said) {
          const name = presets?.nameFor(said);
          return name === undefined ? {} : (presets?.settings(name, said) ?? {});
        },
      }),
  };
}

/** What files of another kind may say. */
function shapeOf({ schema }: OtherFiles) {
  return { ...underHeadings(schema.shape as Record<string, z.ZodType>), ...versusOptions };
}

/** What `config.yaml` is to say: what was given, and the preset that lay under it. */
export function givenSettings(given: Settings, presets: Kind['presets']): Settings {
  const name = presets?.nameFor(given);
  const settings = omit(given, ['config', 'set', 'output', 'ui']);
  return name === undefined ? settings : { preset: name, ...settings };
}
