/** I/O: reads a config file, opens the stores; the job itself is `src/detox.ts`. */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { DetoxConfig, rlConfigOf } from '../../detox-config.ts';
import { InputError, UnavailableError } from '../../errors.ts';
import type { RunEvent } from '../../events.ts';
import { GenerationConfig } from '../../model/sampling.ts';
import { type PresetName, presets } from '../../presets.ts';
import { rlFields } from '../../rl/config.ts';
import type { RunFolder } from '../../store/run-folder.ts';
import { defineCommand } from '../command.ts';
import { merge } from '../flags.ts';
import { engineOptions, file, folder } from '../options.ts';
import { quoted } from '../shell.ts';
import { showRun } from '../show-run.ts';
import { version } from '../version.ts';

const store = { group: 'Store' };

/** Where settings come from and where the run goes, beside what it does. */
const runOptions = {
  preset: z
    .enum(Object.keys(presets) as [PresetName])
    .optional()
    .describe('Settings to begin with (default: demo, when no model is named)'),
  config: file('Settings as YAML, for instance the config.yaml of a run').optional(),
  output: folder('Folder of the run (default: runs/<time>)').optional(),
};
const storeOptions = {
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

const options = z
  .strictObject({ ...runOptions, ...detoxFields(), ...storeOptions, ...engineOptions })
  .superRefine((config, context) => {
    try {
      rlConfigOf(config); // what PPO's settings must be together
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      for (const { path, message } of error.issues) {
        context.addIssue({ code: 'custom', path, message });
      }
    }
  });

export const detox = defineCommand({
  name: 'detox',
  summary: 'Train a policy until its summaries are less toxic, and prove whether they are.',
  description:
    'Measures the held-out dialogues, trains a LoRA adapter by PPO against the reward model, ' +
    'measures the same dialogues again and compares. Everything is kept in a run folder.',
  examples: [
    ['tactful detox', 'the demo: small models and dialogues that come with tactful'],
    [
      'tactful detox --model DIR --reward-model DIR --data train.csv --steps 10',
      'models and data of your own',
    ],
    ['tactful detox --config runs/RUN/config.yaml', 'a run again'],
  ],
  options,
  stopping: 'finishing the step',
  async defaults({ preset, config, model }) {
    const values = typeof config === 'string' ? await readConfig(config) : {};
    const name = preset ?? (model === undefined && values.model === undefined ? 'demo' : undefined);
    const known = typeof name === 'string' && Object.hasOwn(presets, name);
    return merge(known ? presets[name as PresetName] : {}, values);
  },
  async run(context) {
    const { preset, config: _, output, ...config } = context.options;
    const { device, threads, store, table, createTable, endpoint, region, ...settings } = config;
    const directory = output ?? join('runs', timeName());
    const { openRunFolder } = await import('../../store/run-folder.ts');
    const { startEngine } = await import('../../runtime/remote.ts');
    const { detox: runDetox } = await import('../../detox.ts');

    const dynamo = store === 'dynamodb' ? await openDynamo(config) : undefined;
    const engine = await startEngine({ device, threads });
    let run: RunFolder | undefined;
    try {
      const events = runDetox(settings, {
        engine,
        output: directory,
        runId: basename(resolve(directory)),
        version: version(),
        signal: context.signal,
      });
      // Models and data are read now: what is wrong with them leaves no folder behind.
      const first = await events.next();
      run = await openRunFolder(directory, { config });
      const again = ['npx tactful detox --config', quoted(join(directory, 'config.yaml'))];
      const adapter = quoted(join(directory, 'adapter'));
      const goOn = (done: number) =>
        done > 0 && done < settings.steps
          ? [...again, '--adapter', adapter, '--steps', settings.steps - done].join(' ')
          : again.join(' ');
      await showRun({
        events: continued(first, events),
        folder: run,
        seed: settings.seed,
        steps: settings.steps,
        goOn,
        dynamo: dynamo && { store: dynamo, table },
        context,
      });
    } finally {
      await engine.close();
      await run?.close();
      dynamo?.close();
    }
  },
});

/** A stream whose first event has been taken already. */
async function* continued(first: IteratorResult<RunEvent>, rest: AsyncIterable<RunEvent>) {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

/** The job's own settings, under the headings and with the placeholders of `--help`. */
function detoxFields(): typeof DetoxConfig.shape {
  const headings: Record<string, string> = {
    ...keyed(Object.keys(rlFields), 'Training'),
    ...keyed(Object.keys(GenerationConfig.shape), 'Sampling'),
    ...keyed(['loraRank', 'loraAlpha', 'loraTargets'], 'A fresh adapter, when none is given'),
  };
  const placeholders = {
    ...keyed(['model', 'adapter', 'rewardModel'], 'dir'),
    ...keyed(['data'], 'file'),
  };
  const fields = Object.entries(DetoxConfig.shape).map(([key, field]) => {
    const group = headings[key];
    const placeholder = placeholders[key];
    return [key, field.meta({ ...(group && { group }), ...(placeholder && { placeholder }) })];
  });
  return Object.fromEntries(fields);
}

function keyed(keys: readonly string[], value: string): Record<string, string> {
  return Object.fromEntries(keys.map((key) => [key, value]));
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
    const [message] = (cause as Error).message.split('\n');
    throw new InputError(path, 'YAML', 'something else', `${message}`, cause);
  }
  throw new InputError(path, 'settings as YAML, `name: value` a line', 'no mapping');
}

interface DynamoFlags {
  readonly table: string;
  readonly createTable: boolean;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

/** Before anything is trained: a table that is missing is better known now. */
async function openDynamo({ table, createTable, endpoint, region }: DynamoFlags) {
  const { dynamoStore } = await import('../../store/dynamodb.ts');
  return dynamoStore({
    table,
    createTable,
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
  });
}

/** `2026-11-22-18-30-05`: local time, good as a folder's name. */
function timeName(): string {
  const now = new Date();
  const shifted = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19).replace(/[T:]/g, '-');
}
