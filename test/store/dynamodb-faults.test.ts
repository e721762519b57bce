import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dynalite from 'dynalite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ComparisonRow } from '../../src/comparison.ts';
import type { JobEvent } from '../../src/events.ts';
import { type DynamoOptions, dynamoStore } from '../../src/store/dynamodb.ts';
import { dynamoRunStore } from '../../src/store/dynamodb-run-store.ts';
import type { Position, RunRecord, RunStore } from '../../src/store/store.ts';
import { listen } from './fault-proxy.ts';
import { faultyDynamo } from './faulty-dynamodb.ts';

const servers: Server[] = [];
let endpoint: string;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-dynamodb-'));
  endpoint = await serve(dynalite({ createTableMs: 5 }));
});

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  await rm(folder, { recursive: true });
});

function serve(server: Server): Promise<string> {
  servers.push(server);
  return listen(server);
}

/** Doubles with all their digits, and texts that JSON has to escape. */
const rows = (n: number): ComparisonRow[] =>
  Array.from({ length: n }, (_, i) => ({
    query: `Summarize:\n#Person1#: 안녕 "${i}" 😀\u0000`,
    response_before: i % 7 === 0 ? '' : `before ${i}`,
    response_after: `after ${i}`,
    reward_before: Math.sin(i) * 10 ** ((i % 40) - 20),
    reward_after: -Math.sqrt(i + 1),
    reward_diff: 2 ** 60 + i,
    toxicity_before: 1 / (i + 3),
    toxicity_after: 0,
    id: `d${i}`,
    references: ['one', ''],
  }));

const started: JobEvent = {
  type: 'started',
  runId: 'mine',
  time: '2026-11-29T05:00:00.000Z',
  version: '1',
  config: { seed: 7 },
  engine: 'none',
  data: { rows: 1, kept: 1, train: 1, test: 1 },
};
const compared = { type: 'compared', comparison: {} } as JobEvent;

/** A run's folder with a comparison of so many rows. */
async function runOf(n: number, events: readonly JobEvent[] = [started, compared]) {
  const lines = rows(n).map((row) => `${JSON.stringify(row)}\n`);
  await writeFile(join(folder, 'comparison.jsonl'), lines.join(''));
  const record: RunRecord = {
    ...{ folder, events },
    rollouts: async () => [],
    queries: async () => new Map(),
  };
  return record;
}

const sleep = () => new Promise<void>((resolve) => setTimeout(resolve, 2));
const quick: Partial<DynamoOptions> = { createTable: true, sleep, attempts: 30 };

async function deliver(store: RunStore, run: RunRecord, from = { events: 0 }): Promise<Position> {
  let position: Position = from;
  for await (const next of store.deliver(run, from)) position = next;
  return position;
}

/** All items, read past the faults. */
async function read(options: Partial<DynamoOptions> & { table: string }) {
  const store = await dynamoStore({ endpoint, tableItems: 'append', ...options });
  const items = await store.readAll();
  store.close();
  return items;
}

const stored = (n: number, count: 'row' | 'conversation_id' = 'conversation_id') =>
  rows(n).map((row, i) => ({
    ...row,
    [count]: i + 1,
    run_id: 'mine',
    run_started: '2026-11-29T05:00:00.000Z',
    seed: 7,
  }));

test.each(['conversation_id', 'run'] as const)(
  '5,000 rows where every fifth request fails: none lost, none twice, all equal, by %s',
  async (key) => {
    const { server, counts } = faultyDynamo(endpoint, { share: 0.2, seed: 1 });
    const faulty = await serve(server);
    const store = dynamoRunStore({ ...quick, table: 'many', endpoint: faulty, key });
    expect(await deliver(store, await runOf(5000))).toMatchObject({ events: 2 });
    await store.close();
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
    const count = key === 'run' ? 'row' : 'conversation_id';
    expect(await read({ table: 'many', key })).toEqual(stored(5000, count));
  },
  120_000,
);

test('broken off in the middle, the next try completes it', async () => {
  const { server } = faultyDynamo(endpoint, { share: 0, seed: 1, batches: 3 });
  const options = { ...quick, table: 'middle', attempts: 20 };
  const first = dynamoRunStore({ ...options, endpoint: await serve(server) });
  const run = await runOf(200);
  await expect(deliver(first, run)).rejects.toThrow('dynamodb table middle: expected');
  await first.close();
  expect(await read({ table: 'middle' })).toHaveLength(75);
  const second = dynamoRunStore({ ...options, endpoint });
  await deliver(second, run);
  await deliver(second, run); // twice is once
  await second.close();
  expect(await read({ table: 'middle' })).toEqual(stored(200));
});

test('a run that goes back takes its comparison along, and nothing of others', async () => {
  const other = await dynamoStore({ ...quick, table: 'back', endpoint });
  const theirs = { runId: 'theirs', started: '2026-11-28T05:00:00.000Z', seed: 1 };
  await other.putComparison(theirs, rows(3));
  other.close();
  const store = dynamoRunStore({ ...quick, table: 'back', endpoint, tableItems: 'append' });
  const position = await deliver(store, await runOf(2));
  expect(await read({ table: 'back' })).toHaveLength(5);
  expect(await store.rewind(await runOf(2, [started]), position, 1)).toEqual({ events: 1 });
  await store.close();
  expect((await read({ table: 'back' })).map((item) => item.run_id)).toEqual(
    Array(3).fill('theirs'),
  );
});

test('a run of a job that compares nothing is refused, not told to be there', async () => {
  const store = dynamoRunStore({ ...quick, table: 'taught', endpoint });
  const run = await runOf(2, [{ ...started, job: 'sft' }]);
  const said = 'expected a run of detox or evaluate, got one of sft. Choose another `store`.';
  await expect(deliver(store, run)).rejects.toThrow(said);
  await store.close();
});

test('nothing is written before there is a comparison, nor again once it is there', async () => {
  const store = dynamoRunStore({ ...quick, table: 'none', endpoint });
  expect(await deliver(store, await runOf(2, [started]))).toEqual({ events: 1 });
  expect(await deliver(store, await runOf(2), { events: 2 })).toEqual({ events: 2 });
  await store.check(await runOf(2, [started]));
  expect(await read({ table: 'none' })).toEqual([]);
  await store.close();
});

test('by run, a shorter run leaves nothing of a longer one before, and others stay', async () => {
  const table = { ...quick, table: 'runs', endpoint, key: 'run' as const };
  const run = (runId: string, hour: number) => ({
    ...{ runId, seed: 1 },
    started: `2026-11-28T0${hour}:00:00.000Z`,
  });
  const store = await dynamoStore(table);
  await store.putComparison(run('a', 1), rows(30));
  await store.putComparison(run('b', 2), rows(4)); // no other run's place: not refused
  await expect(store.putComparison(run('a', 3), rows(2))).rejects.toThrow('30 of run "a"');
  const replacing = await dynamoStore({ ...table, tableItems: 'replace' });
  await replacing.putComparison(run('a', 3), rows(2));
  expect((await replacing.readAll()).map((item) => [item.run_id, item.row])).toEqual([
    ...[1, 2].map((row) => ['a', row]),
    ...[1, 2, 3, 4].map((row) => ['b', row]),
  ]);
  for (const one of [store, replacing]) one.close();
});

test('a table of the other key is refused with the setting that opens it', async () => {
  (await dynamoStore({ ...quick, table: 'other', endpoint, key: 'run' })).close();
  await expect(dynamoStore({ ...quick, table: 'other', endpoint })).rejects.toThrow(
    'dynamodb table other: expected the key conversation_id N HASH, got run_id S HASH, row N RANGE. ' +
      'Set `key` to run; or name another by `table`, or let `createTable` make one.',
  );
});

test('a log that tells of a comparison which the folder lacks is an error', async () => {
  const run = await runOf(1);
  await rm(join(folder, 'comparison.jsonl'));
  const store = dynamoRunStore({ ...quick, table: 'lacking', endpoint });
  await expect(deliver(store, run)).rejects.toThrow('expected the rows of the comparison');
});
