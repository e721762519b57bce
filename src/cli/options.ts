/** Options that several commands share. */
import { join } from 'node:path';
import { z } from 'zod';
import { type Engine, type EngineName, engineNames } from '../runtime/engine.ts';
import { devices, precisions } from '../runtime/traits.ts';

const engineGroup = { group: 'Engine' };

/** For commands that start an engine. */
export const engineOptions = {
  engine: z
    .enum(engineNames)
    .default('auto')
    .meta({ ...engineGroup, placeholder: 'name' })
    .describe('onnxruntime, openvino, or auto: openvino where it is known to be faster'),
  precision: z
    .enum(precisions)
    .optional()
    .meta(engineGroup)
    .describe('Of matrix products in openvino (default: bf16 where the CPU has it)'),
  device: z.enum(devices).default('cpu').meta(engineGroup).describe('Where to compute'),
  threads: z
    .int()
    .nonnegative()
    .default(0)
    .meta(engineGroup)
    .describe('Threads to compute with; 0 lets the engine choose'),
};
export type EngineSettings = z.infer<z.ZodObject<typeof engineOptions>>;

/** The options for the engine apart from the others. */
export function engineAndRest<Options extends EngineSettings>(options: Options) {
  const { engine, precision, device, threads, ...rest } = options;
  return { engine: { engine, precision, device, threads }, rest };
}

/** The options with the engine that `auto` was: they do the same again. */
export function withEngine<Options extends EngineSettings>(
  options: Options,
  { name, precision }: Engine,
): Options {
  const engine = name as EngineName;
  return engine === 'openvino' ? { ...options, engine, precision } : { ...options, engine };
}

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

/** A run's folder where nobody names one: `runs/2026-11-22-18-30-05`, in local time. */
export function newFolder(): string {
  const now = new Date();
  const shifted = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return join('runs', shifted.toISOString().slice(0, 19).replace(/[T:]/g, '-'));
}
