/** Runs a detox job, a new one or one to go on with: engine, stores, folder and screen meet here. */
import { basename, resolve } from 'node:path';
import { z } from 'zod';
import type { RunEvent } from '../events.ts';
import { resolvedConfig } from '../jobs/detox/config.ts';
import type { Engine } from '../runtime/engine.ts';
import type { RunFolder } from '../store/run-folder.ts';
import type { CommandContext } from './command.ts';
import { checkTogether, detoxFields, storeOptions } from './detox-options.ts';
import { showDownload } from './locate.ts';
import { engineAndRest, engineOptions, withEngine } from './options.ts';
import { thenGoOn } from './remedies.ts';
import { showRun } from './show-run.ts';
import { version } from './version.ts';

/** What `config.yaml` holds: the settings of the job, of its stores and of its engine. */
export const RunOptions = z
  .strictObject({ ...detoxFields, ...storeOptions, ...engineOptions })
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
export async function runDetox(run: DetoxRun): Promise<void> {
  const { directory, folder, context } = run;
  const config = RunOptions.parse(resolvedConfig(run.config)); // in the order of --help
  const { engine: engineSettings, rest } = engineAndRest(config);
  const { store, table, createTable, tableItems, endpoint, region, ...settings } = rest;
  const { openRunFolder } = await import('../store/run-folder.ts');
  const { startEngine } = await import('../runtime/select.ts');
  const { detox } = await import('../jobs/detox/detox.ts');

  const dynamo = store === 'dynamodb' ? await openDynamo(config, folder) : undefined;
  const engine = await startEngine(engineSettings);
  let opened: RunFolder | undefined;
  try {
    if (!folder && config.adapter === undefined) context.progress.note(freshText(config));
    const events = detox(settings, {
      engine,
      output: directory,
      runId: basename(resolve(directory)),
      version: version(),
      resume: folder !== undefined,
      signal: context.signal,
      downloading: showDownload(context.progress),
    });
    // Models and data are read now: what is wrong with them leaves no folder behind.
    const first = await events.next();
    if (!folder)
      opened = await openRunFolder(directory, { config: recordOf(config, engine, first) });
    await showRun({
      events: continued(first, events),
      folder: folder ?? opened!,
      seed: settings.seed,
      steps: settings.steps,
      dynamo: dynamo && { store: dynamo, table },
      context,
    });
  } catch (error) {
    throw folder || opened ? thenGoOn(error, directory) : error;
  } finally {
    await engine.close();
    await opened?.close();
    dynamo?.close();
  }
}

/** What starts where no adapter is given. */
function freshText({ loraRank, loraTargets, model }: RunOptions): string {
  const targets = loraTargets.join(', ');
  return `no --adapter: training starts from a fresh LoRA adapter of rank ${loraRank} on ${targets} of ${model}`;
}

/** The settings with the commits that were found, and the engine that `auto` was: the same does the run again. */
function recordOf(
  config: RunOptions,
  engine: Engine,
  { value: started }: IteratorResult<RunEvent>,
): RunOptions {
  const pinned = started?.type === 'started' ? started.config : {};
  return withEngine(RunOptions.parse({ ...config, ...pinned }), engine);
}

/** A stream whose first event has been taken already. */
async function* continued(first: IteratorResult<RunEvent>, rest: AsyncIterable<RunEvent>) {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

/** Before anything is trained: a table that is missing, or taken, is better known now. */
async function openDynamo(
  { table, createTable, tableItems, endpoint, region }: RunOptions,
  folder: RunFolder | undefined,
) {
  const { dynamoStore } = await import('../store/dynamodb.ts');
  const started = (await folder?.read())?.find(({ type }) => type === 'started');
  const run = started?.type === 'started' && { runId: started.runId, started: started.time };
  return dynamoStore({
    table,
    createTable,
    tableItems,
    ...(run && { run }),
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
  });
}
