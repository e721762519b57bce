/** I/O: DynamoDB as a store of runs: of a run's folder its comparison, once there is one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComparisonRow } from '../comparison.ts';
import { unlessMissing } from '../disk/atomic.ts';
import { InputError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import { type DynamoOptions, type DynamoStore, dynamoStore } from './dynamodb.ts';
import type { StoredRun } from './dynamodb-item.ts';
import type { Position, RunRecord, RunStore } from './store.ts';

/** Nothing is asked of DynamoDB before the first call. */
export function dynamoRunStore(options: DynamoOptions): RunStore {
  let opening: Promise<DynamoStore> | undefined;
  const open = (run = options.run) => {
    opening ??= dynamoStore({ ...options, run }).catch((error) => {
      opening = undefined; // the next try opens it anew
      throw error;
    });
    return opening;
  };
  return {
    name: 'dynamodb',
    says: `DynamoDB table ${options.table}`,
    async check({ events }: RunRecord) {
      await open(runOf(events));
    },
    async *deliver(record: RunRecord, from: Position) {
      const { events } = record;
      const compared = events.findLastIndex(({ type }) => type === 'compared');
      const run = runOf(events);
      if (run !== undefined && compared >= from.events) {
        const rows = await comparisonOf(record.folder);
        await (await open(run)).putComparison(run, rows);
      }
      yield { events: events.length };
    },
    /** What went back has no comparison any more. */
    async rewind({ events }: RunRecord, _from: Position, common: number) {
      const run = runOf(events);
      if (run !== undefined) await (await open(run)).remove(run);
      return { events: common };
    },
    async close() {
      (await opening)?.close();
    },
  };
}

function runOf(events: readonly JobEvent[]): StoredRun | undefined {
  const started = events.find((event) => event.type === 'started');
  if (started === undefined) return undefined;
  const { runId, time, config } = started;
  return { runId, started: time, seed: Number(config.seed) };
}

/** @throws {InputError} when the folder has none, though its log says that there is one */
async function comparisonOf(folder: string): Promise<ComparisonRow[]> {
  const path = join(folder, 'comparison.jsonl');
  const text = await readFile(path, 'utf8').catch(unlessMissing(undefined));
  if (text === undefined) {
    const remedy = `Make it again: npx tactful report ${folder}`;
    throw new InputError(path, 'the rows of the comparison', 'no such file', remedy);
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
