/** I/O: DynamoDB as a store of runs: of a run's folder its comparison, once there is one. */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { ComparisonRow } from '../comparison.ts';
import { unlessMissing } from '../disk/atomic.ts';
import { quoted } from '../disk/shell.ts';
import { ConfigError, InputError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import { type DynamoOptions, type DynamoStore, dynamoStore, type RunKey } from './dynamodb.ts';
import type { StoredRun } from './dynamodb-item.ts';
import type { Position, RunRecord, RunStore } from './store.ts';

/** Nothing is asked of DynamoDB before the first call. */
export function dynamoRunStore(options: DynamoOptions): RunStore {
  let opening: Promise<DynamoStore> | undefined;
  const open = (run: RunKey) => {
    opening ??= dynamoStore({ ...options, run }).catch((error) => {
      opening = undefined; // the next try opens it anew
      throw error;
    });
    return opening;
  };
  const at = options.endpoint === undefined ? '' : ` at ${options.endpoint}`;
  return {
    name: 'dynamodb',
    says: `DynamoDB table ${options.table}${at}`,
    async check({ folder, events }: RunRecord) {
      // one that has not begun has nothing of its own there
      await open(runOf(events) ?? { runId: basename(resolve(folder)), started: '' });
    },
    async *deliver({ folder, events }: RunRecord, from: Position) {
      const compared = events.findLastIndex(({ type }) => type === 'compared');
      const run = runOf(events);
      expectCompared(events, this.says);
      let { memo } = from;
      if (run !== undefined && compared >= from.events) {
        const told = memo !== undefined && compared === from.events;
        memo = { run: run.runId, started: run.started };
        if (!told) yield { events: compared, memo }; // from here on there may be items to be taken back
        await (await open(run)).putComparison(run, await comparisonOf(folder));
      }
      yield { events: events.length, ...(memo && { memo }) };
    },
    async rewind({ events }: RunRecord, { memo }: Position, common: number) {
      const stands = events.slice(0, common).some(({ type }) => type === 'compared');
      if (memo === undefined || stands) return { events: common, ...(memo && { memo }) };
      const run = { runId: String(memo.run), started: String(memo.started) };
      await (await open(run)).remove(run);
      return { events: common };
    },
    async close() {
      (await opening?.catch(() => undefined))?.close();
    },
  };
}

/** @throws {ConfigError} when the run is of a job that compares nothing */
function expectCompared(events: readonly JobEvent[], where: string): void {
  const started = events.find((event) => event.type === 'started');
  if (started === undefined) return;
  const { job = 'detox' } = started; // that of earlier versions
  if (comparing.includes(job)) return;
  const remedy = 'Choose another `store`.';
  throw new ConfigError(where, `a run of ${comparing.join(' or ')}`, `one of ${job}`, remedy);
}

/** Jobs whose runs have a comparison. */
const comparing = ['detox', 'evaluate'];

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
    const remedy = `Make it again: npx tactful report ${quoted(folder)}`;
    throw new InputError(path, 'the rows of the comparison', 'no such file', remedy);
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
