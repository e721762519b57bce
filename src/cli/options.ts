/** Options that several commands share. */
import { z } from 'zod';
import { devices } from '../runtime/engine.ts';

/** For commands that start an engine. */
export const engineOptions = {
  device: z.enum(devices).default('cpu').meta({ group: 'Engine' }).describe('Where to compute'),
  threads: z
    .int()
    .nonnegative()
    .default(0)
    .meta({ group: 'Engine' })
    .describe('Threads to compute with; 0 lets the engine choose'),
};

/** The path of a folder. */
export const folder = (description: string) =>
  z.string().min(1).meta({ placeholder: 'dir', description });

/** The path of a file. */
export const file = (description: string) =>
  z.string().min(1).meta({ placeholder: 'file', description });

/** Where a run goes. */
export const outputOption = {
  output: folder('Folder of the run (default: runs/<time>)').optional(),
};

/** Fields under a heading of `--help`. */
export function headed<Fields extends Readonly<Record<string, z.ZodType>>>(
  fields: Fields,
  group: string,
): Fields {
  const entries = Object.entries(fields).map(([name, field]) => [name, field.meta({ group })]);
  return Object.fromEntries(entries) as Fields;
}
