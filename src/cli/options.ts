/** Options that several commands share. */
import { join } from 'node:path';
import { z } from 'zod';
import { folderName } from '../disk/folder-name.ts';
import type { Settings } from '../jobs/kind.ts';
import type { Engine } from '../runtime/engine.ts';
import { engineNames, engines } from '../runtime/engines.ts';
import { devices, precisions } from '../runtime/traits.ts';

const engineGroup = { group: 'Engine' };
const all = Object.values(engines);
const chosen = all.filter(({ choose }) => choose);
const several = all.filter(({ precisions: own }) => own.length > 1);
const namesOf = (records: typeof all) => records.map(({ name }) => name).join(', ');

/** For commands that start an engine. */
export const engineOptions = {
  engine: z
    .enum(engineNames)
    .default('auto')
    .meta({ ...engineGroup, placeholder: 'name' })
    .describe(`${namesOf(all)}, or auto: ${namesOf(chosen)} where it is known to be faster`),
  precision: z
    .enum(precisions)
    .optional()
    .meta(engineGroup)
    .describe(`Of matrix products in ${namesOf(several)} (default: bf16 where the CPU has it)`),
  device: z.enum(devices).default('cpu').meta(engineGroup).describe('Where to compute'),
  threads: z
    .int()
    .nonnegative()
    .default(0)
    .meta(engineGroup)
    .describe('Threads to compute with; 0 lets the engine choose'),
};
export type EngineSettings = z.infer<z.ZodObject<typeof engineOptions>>;

/** For commands that run a job; of the command line alone. */
export const pageOption = {
  ui: z
    .boolean()
    .default(false)
    .meta({ group: 'Output' })
    .describe('Show it in the browser while it runs, and until Ctrl-C'),
};

/** The options for the engine apart from the others. */
export function engineAndRest<Options extends EngineSettings>(options: Options) {
  const { engine, precision, device, threads, ...rest } = options;
  return { engine: { engine, precision, device, threads }, rest };
}

/** The options with the engine that `auto` was: they do the same again. */
export function withEngine(
  options: Settings,
  { name, precision, precisions: able }: Engine,
): Settings {
  const hasChoice = able.length > 1 || options.precision !== undefined;
  return { ...options, engine: name, ...(hasChoice && { precision }) };
}

/** The path of a folder. */
export const folder = (description: string) =>
  z.string().min(1).meta({ placeholder: 'dir', description });

/** The path of a file. */
export const file = (description: string) =>
  z.string().min(1).meta({ placeholder: 'file', description });

/** A run's folder where nobody names one: `runs/2026-11-22-18-30-05`, in local time. */
export function newFolder(): string {
  return join('runs', folderName());
}
