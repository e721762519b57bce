/** Where a comparison goes beside its folder. */
import { join } from 'node:path';
import type { ComparisonRow } from '../comparison.ts';
import { logName } from '../disk/result-folder.ts';
import type { JobStarted } from '../events.ts';
import { readEvents } from '../store/event-log.ts';
import type { StoreSettings } from './job-options.ts';

/** A store that is open. */
export interface ComparisonStore {
  /** What is said of it beside the folder's file. */
  readonly says: string;
  put(started: JobStarted, rows: readonly ComparisonRow[]): Promise<void>;
  close(): void;
}

/**
 * Opens the store that settings name, before anything is trained: a table that is missing, or taken,
 * is better known now.
 * @param going folder of a run that goes on: what it has written before is its own
 * @returns undefined where the folder is all
 */
export async function startStore(
  { store, table, createTable, key, tableItems, endpoint, region }: StoreSettings,
  going: string | undefined,
): Promise<ComparisonStore | undefined> {
  if (store !== 'dynamodb') return undefined;
  const { dynamoStore } = await import('../store/dynamodb.ts');
  const told = going === undefined ? [] : await readEvents(join(going, logName));
  const started = told.find((event) => event.type === 'started');
  const run = started && { runId: started.runId, started: started.time };
  const opened = await dynamoStore({
    ...{ table, createTable, key, tableItems },
    ...(run && { run }),
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
  });
  return {
    says: `, DynamoDB table ${table}`,
    async put({ runId, time, config }, rows) {
      await opened.putComparison({ runId, started: time, seed: Number(config.seed) }, rows);
    },
    close: () => opened.close(),
  };
}
