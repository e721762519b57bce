/** Runs a detox job, a new one or one to go on with: engine, stores, folder and screen meet here. */
import { basename, resolve } from 'node:path';
import { z } from 'zod';
import type { RunEvent } from '../events.ts';
import type { RunFolder } from '../store/run-folder.ts';
import type { CommandContext } from './command.ts';
import { checkTogether, detoxFields, storeOptions } from './detox-options.ts';
import { engineAndRest, engineOptions } from './options.ts';
import { showRun } from './show-run.ts';
import { version } from './version.ts';

/** What `config.yaml` holds: the settings of the job, of its stores and of its engine. */
export const RunOptions = z
  .strictObject({ ...detoxFields(), ...storeOptions, ...engineOptions })
  .superRefine(checkTogether);
export type RunOptions = z.infer<typeof RunOptions>;

interface DetoxRun {
  readonly config: RunOptions;
  /** Folder of the run. */
  readonly directory: string;
  /** The same folder, opened, of a run to go on with. @default a new one, opened once it has begun */
  readonly folder?: RunFolder;
  readonly context: CommandContext<unknown>;
}

/** Runs a job to its end, or until Ctrl-C. The caller closes the folder that it gives. */
export async function runDetox({ config, directory, folder, context }: DetoxRun): Promise<void> {
  const { engine: engineSettings, rest } = engineAndRest(config);
  const { store, table, createTable, endpoint, region, ...settings } = rest;
  const { openRunFolder } = await import('../store/run-folder.ts');
  const { startEngine } = await import('../runtime/select.ts');
  const { detox } = await import('../detox.ts');

  const dynamo = store === 'dynamodb' ? await openDynamo(config) : undefined;
  const engine = await startEngine(engineSettings);
  let opened: RunFolder | undefined;
  try {
    const events = detox(settings, {
      engine,
      output: directory,
      runId: basename(resolve(directory)),
      version: version(),
      resume: folder !== undefined,
      signal: context.signal,
    });
    // Models and data are read now: what is wrong with them leaves no folder behind.
    const first = await events.next();
    if (!folder) opened = await openRunFolder(directory, { config });
    await showRun({
      events: continued(first, events),
      folder: folder ?? opened!,
      seed: settings.seed,
      steps: settings.steps,
      dynamo: dynamo && { store: dynamo, table },
      context,
    });
  } finally {
    await engine.close();
    await opened?.close();
    dynamo?.close();
  }
}

/** A stream whose first event has been taken already. */
async function* continued(first: IteratorResult<RunEvent>, rest: AsyncIterable<RunEvent>) {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

/** Before anything is trained: a table that is missing is better known now. */
async function openDynamo({ table, createTable, endpoint, region }: RunOptions) {
  const { dynamoStore } = await import('../store/dynamodb.ts');
  return dynamoStore({
    table,
    createTable,
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
  });
}
