import type { Server } from 'node:http';
import dynalite from 'dynalite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ComparisonRow } from '../../src/comparison.ts';
import { loadAwsSdk } from '../../src/store/aws.ts';
import { type DynamoOptions, dynamoStore } from '../../src/store/dynamodb.ts';
import type { StoredRun } from '../../src/store/dynamodb-item.ts';
import { faultProxy, listen } from './fault-proxy.ts';

const servers: Server[] = [];
let endpoint: string;

beforeAll(async () => {
  const server = dynalite({ createTableMs: 20 });
  servers.push(server);
  endpoint = await listen(server);
});

afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

const rows = (n: number): ComparisonRow[] =>
  Array.from({ length: n }, (_, i) => ({
    query: `Summarize:\n#Person1#: 안녕 ${i}`,
    response_before: i % 7 === 0 ? '' : `before ${i}`,
    response_after: `after "${i}"`,
    reward_before: i / 3,
    reward_after: (1 - i) / 7,
    reward_diff: (1 - i) / 7 - i / 3,
    toxicity_before: 0.5,
    toxicity_after: 0.25,
    ...(i % 2 === 0 && { rouge1_before: 0.5, rouge1_after: 0.75, group: 'even' }),
    id: `d${i}`,
    references: ['one', 'two'],
  }));

const run = (number: number, seed = number): StoredRun => ({
  runId: `run-${number}`,
  started: `2026-11-28T18:00:0${number}.000Z`,
  seed,
});

/** Sleeps are recorded, and next to nothing is slept. */
function store(options: Partial<DynamoOptions> & { table: string }, slept: number[] = []) {
  const sleep = async (milliseconds: number) => {
    slept.push(milliseconds);
    await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return dynamoStore({ endpoint, createTable: true, sleep, random: () => 1, ...options });
}

test('60 rows come back as items 1 to 60, with rewards, run and seed', async () => {
  const dynamo = await store({ table: 'sixty' });
  await dynamo.putComparison(run(1, 42), rows(60));
  const expected = rows(60).map((row, i) => ({
    conversation_id: i + 1,
    ...row,
    run_id: 'run-1',
    run_started: '2026-11-28T18:00:01.000Z',
    seed: 42,
  }));
  expect(await dynamo.readAll()).toEqual(expected);
  dynamo.close();
});

test('items that DynamoDB leaves unprocessed are sent again until all are written', async () => {
  const { server, batches } = faultProxy(endpoint, 4);
  servers.push(server);
  const slept: number[] = [];
  const dynamo = await store({ table: 'faults', endpoint: await listen(server) }, slept);
  slept.length = 0;
  await dynamo.putComparison(run(1, 42), rows(60));
  expect(await dynamo.readAll()).toHaveLength(60);
  // The first batch of 25 needs four retries; the next ones meet no more faults.
  expect(batches).toEqual([
    { items: 25, written: 12 },
    { items: 13, written: 6 },
    { items: 7, written: 3 },
    { items: 4, written: 2 },
    { items: 2, written: 2 },
    { items: 25, written: 25 },
    { items: 10, written: 10 },
  ]);
  expect(slept).toEqual([100, 200, 400, 800]);
  dynamo.close();
});

test('a table that never takes the last item is an error after a bounded number of tries', async () => {
  const { server, batches } = faultProxy(endpoint, Number.POSITIVE_INFINITY);
  servers.push(server);
  const dynamo = await store({ table: 'stuck', endpoint: await listen(server), attempts: 5 });
  await expect(dynamo.putComparison(run(1, 42), rows(2))).rejects.toThrow(
    'dynamodb table stuck: expected all items written, got 1 of 2 items left after 5 tries. ' +
      'Raise the capacity of the table, or try again later.',
  );
  expect(batches).toHaveLength(5);
  dynamo.close();
});

const taken = (table: string, items: string) =>
  `dynamodb table ${table}: expected no items but this run’s, got ${items}. Set \`tableItems\` to ` +
  'append, and this run is numbered after them, or to replace, and all of them are deleted; or ' +
  'name another `table`.';

test('a second run is refused before it begins, and when another one has come between', async () => {
  const early = await store({ table: 'twice' });
  const dynamo = await store({ table: 'twice' });
  await dynamo.putComparison(run(1), rows(3));
  await expect(store({ table: 'twice' })).rejects.toThrow(taken('twice', '3 of run "run-1"'));
  await expect(early.putComparison(run(2), rows(2))).rejects.toThrow(
    taken('twice', '3 of run "run-1"'),
  );
  expect((await dynamo.readAll()).map((item) => item.run_id)).toEqual(Array(3).fill('run-1'));
  for (const one of [early, dynamo]) one.close();
});

test('a run of the same name is another run; one that goes on is the same', async () => {
  const dynamo = await store({ table: 'same' });
  await dynamo.putComparison(run(1), rows(3));
  const namesake = { ...run(1), started: '2026-11-29T09:00:00.000Z' };
  await expect(store({ table: 'same', run: namesake })).rejects.toThrow('3 of run "run-1"');
  const again = await store({ table: 'same', run: run(1) });
  await again.putComparison(run(1), rows(2)); // the third is no leftover
  expect(await again.readAll()).toHaveLength(2);
  for (const one of [again, dynamo]) one.close();
});

test('append numbers a run after the others, and leaves them as they are', async () => {
  const first = await store({ table: 'append' });
  await first.putComparison(run(1), rows(3));
  const items = await first.readAll();
  const second = await store({ table: 'append', tableItems: 'append' });
  await second.putComparison(run(2), rows(4));
  await second.putComparison(run(2), rows(2)); // after a crash, say
  const all = await second.readAll();
  expect(all.slice(0, 3)).toEqual(items);
  expect(all.map((item) => [item.conversation_id, item.run_id])).toEqual([
    ...[1, 2, 3].map((id) => [id, 'run-1']),
    ...[4, 5].map((id) => [id, 'run-2']),
  ]);
  for (const one of [first, second]) one.close();
});

test('replace leaves nothing of a longer run before', async () => {
  const first = await store({ table: 'replace' });
  await first.putComparison(run(1), rows(30));
  const second = await store({ table: 'replace', tableItems: 'replace' });
  await second.putComparison(run(2), rows(2));
  expect((await second.readAll()).map((item) => [item.conversation_id, item.run_id])).toEqual([
    [1, 'run-2'],
    [2, 'run-2'],
  ]);
  for (const one of [first, second]) one.close();
});

test("items that no run wrote, as the lab's notebook leaves them, are refused as well", async () => {
  (await store({ table: 'lab' })).close();
  const { client, documents } = await loadAwsSdk();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const aws = new client.DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  const Item = { conversation_id: 1, query: 'q', reward_before: 0.5 };
  await documents.DynamoDBDocumentClient.from(aws).send(
    new documents.PutCommand({ TableName: 'lab', Item }),
  );
  aws.destroy();
  await expect(store({ table: 'lab' })).rejects.toThrow(taken('lab', '1 of no run'));
});

test('without leave to create it, a missing table is an error that says how to', async () => {
  const opening = store({ table: 'missing', createTable: false });
  await expect(opening).rejects.toThrow(
    'dynamodb table missing: expected a table, got none of this name. Use `createTable`, or run: ' +
      'aws dynamodb create-table --table-name missing --billing-mode PAY_PER_REQUEST ' +
      '--attribute-definitions AttributeName=conversation_id,AttributeType=N ' +
      '--key-schema AttributeName=conversation_id,KeyType=HASH',
  );
});

test('a table made once is opened again without leave to create', async () => {
  (await store({ table: 'again' })).close();
  const dynamo = await store({ table: 'again', createTable: false });
  expect(await dynamo.readAll()).toEqual([]);
  dynamo.close();
});

test('a table with another key is refused', async () => {
  const { client } = await loadAwsSdk();
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const aws = new client.DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  const command = new client.CreateTableCommand({
    TableName: 'other-key',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  });
  await aws.send(command);
  aws.destroy();
  await expect(store({ table: 'other-key' })).rejects.toThrow(
    'dynamodb table other-key: expected the key conversation_id N HASH, got id S HASH. ' +
      'Name another by `table`, or let `createTable` make one.',
  );
});

test('a row beyond 400 KB or without a finite reward is refused before anything is written', async () => {
  const dynamo = await store({ table: 'refused' });
  const [row] = rows(1);
  const long = { ...row, query: '안'.repeat(140_000) };
  await expect(dynamo.putComparison(run(1, 1), [row, long])).rejects.toThrow(
    'dynamodb item 2: expected 400 KB at most, got 411 KB. Leave out dialogues of this length.',
  );
  const broken = { ...row, reward_after: Number.NaN };
  await expect(dynamo.putComparison(run(1, 1), [row, broken])).rejects.toThrow(
    'dynamodb item 2: expected a finite reward_after, got NaN.',
  );
  expect(await dynamo.readAll()).toEqual([]);
  dynamo.close();
});

test('a reward too small for DynamoDB is stored as 0', async () => {
  const dynamo = await store({ table: 'small' });
  await dynamo.putComparison(run(1, 1), [{ ...rows(1)[0], reward_after: 1e-200 }]);
  expect((await dynamo.readAll())[0].reward_after).toBe(0);
  dynamo.close();
});

test('an endpoint where nobody listens is an error that asks for it', async () => {
  const opening = store({ table: 'nobody', endpoint: 'http://127.0.0.1:1' });
  await expect(opening).rejects.toThrow(
    'dynamodb table nobody: expected an answer from http://127.0.0.1:1, got connect ECONNREFUSED ' +
      '127.0.0.1:1. Is the endpoint right, and is it running?',
  );
});

test('without the AWS SDK the error holds the command that installs it', async () => {
  const absent: string = '@aws-sdk/client-that-is-not-installed';
  const loading = loadAwsSdk(async () => [await import(absent), await import(absent)]);
  await expect(loading).rejects.toThrow(
    'dynamodb: expected the AWS SDK, got no such package. ' +
      'Run: npm install @aws-sdk/client-dynamodb @aws-sdk/lib-dynamodb',
  );
});
