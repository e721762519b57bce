/** Options of the commands that start a detox run, or look at one that would start. I/O: a config file. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { DetoxConfig, rlConfigOf } from '../detox-config.ts';
import { InputError, UnavailableError } from '../errors.ts';
import { type PresetName, presets } from '../presets.ts';
import { merge } from './flags.ts';
import { headings, placeholders } from './headings.ts';
import { file } from './options.ts';

/** Where settings come from. */
export const sourceOptions = {
  preset: z
    .enum(Object.keys(presets) as [PresetName])
    .optional()
    .describe('Settings to begin with (default: demo, when no model is named)'),
  config: file('Settings as YAML, for instance the config.yaml of a run').optional(),
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
 * Settings under those of the command line: of the config file, and under it of the preset that the
 * command line or the file names.
 */
export async function settingsUnder({
  preset,
  config,
  model,
}: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
  const values = typeof config === 'string' ? await readConfig(config) : {};
  if (Object.hasOwn(values, 'config')) {
    throw new InputError(
      `${config}`,
      'settings',
      'the name of another file, config',
      'Leave it out.',
    );
  }
  const unnamed = model === undefined && values.model === undefined;
  const name = preset ?? values.preset ?? (unnamed ? 'demo' : undefined);
  const known = typeof name === 'string' && Object.hasOwn(presets, name);
  return merge(known ? presets[name as PresetName] : {}, values);
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

async function readConfig(path: string): Promise<Record<string, unknown>> {
  const { parse } = await import('yaml');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const got = code === 'ENOENT' ? 'no such file' : `${code}`;
    throw new UnavailableError(path, 'a readable file', got, 'Check the path.', cause);
  }
  try {
    const values: unknown = parse(text);
    if (typeof values === 'object' && values !== null && !Array.isArray(values)) {
      return values as Record<string, unknown>;
    }
  } catch (cause) {
    const [message] = (cause as Error).message.split(/:?\n/);
    throw new InputError(path, 'YAML', 'something else', `${message}.`, cause);
  }
  throw new InputError(path, 'settings as YAML, `name: value` a line', 'no mapping');
}
