/** Options of the commands that run a supervised job: its settings, where they come from, the engine. */
import { z } from 'zod';
import { underHeadings } from './headings.ts';
import { type EngineSettings, engineAndRest, engineOptions, folder, newFolder } from './options.ts';
import { readSettings, type Settings, sourceOptions } from './settings.ts';

const outputOption = {
  output: folder(
    'Folder of the result: new, empty, or with an earlier result of this command (default: runs/<time>)',
  ).optional(),
};

type Fields = Readonly<Record<string, z.ZodType>>;

/** What a job's config file and `--set` may say, in the order of `--help`. */
export function jobSettings<Shape extends Fields>({ shape }: z.ZodObject<Shape>) {
  return z.strictObject({ ...outputOption, ...underHeadings(shape), ...engineOptions });
}

/** What a command was asked: the job's own settings, and where it runs and writes. */
export function jobAsked<Options extends EngineSettings & Asked>(options: Options) {
  const { engine, rest } = engineAndRest(options);
  const { output = newFolder(), config: _, set: __, ...config } = rest;
  return { config, place: { engine, output } };
}

interface Asked {
  readonly output?: string | undefined;
  readonly config?: string | undefined;
  readonly set: readonly string[];
}

/** A job's options, and what lies under those that are given. */
export function jobOptions<Shape extends Fields>(config: z.ZodObject<Shape>) {
  const settings = jobSettings(config);
  const checks = (config.def.checks ?? []) as z.core.$ZodCheck<unknown>[];
  return {
    options: z.strictObject({ ...sourceOptions, ...settings.shape }).check(...checks),
    defaults: (given: Settings) => readSettings(given, settings),
  };
}
