/** A second emulator, faults before it, and what boto3 and awswrangler read of it. */
import { expect, onTestFinished, test } from 'vitest';
import type { ComparisonRow } from '../../src/comparison.ts';
import { dynamoStore } from '../../src/store/dynamodb.ts';
import { listen } from '../store/fault-proxy.ts';
import { faultyDynamo } from '../store/faulty-dynamodb.ts';
import { startMoto } from './moto.ts';
import { python } from './python.ts';

const keys = {
  AWS_ACCESS_KEY_ID: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
  AWS_DEFAULT_REGION: 'eu-central-1',
};

interface Read {
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly frame: {
    readonly row: readonly number[];
    readonly reward_after: readonly string[];
    readonly query: readonly string[];
  };
}

const rows = Array.from(
  { length: 300 },
  (_, i): ComparisonRow => ({
    query: `Q ${i} 안녕 😀\n"${'long '.repeat(900)}"`, // more than a page of 1 MB
    response_before: '',
    response_after: `a ${i}`,
    reward_before: Math.sin(i + 1) * 10 ** ((i % 60) - 30),
    reward_after: (1 - i) / 7,
    reward_diff: 2 ** 70 + i,
    toxicity_before: 0.5 / (i + 1),
    toxicity_after: Number.MIN_VALUE, // below what DynamoDB has: 0
    id: `d${i}`,
    references: ['one', ''],
  }),
);

test('boto3 and awswrangler read from moto what was written past faults, to the last digit', async () => {
  const { endpoint, process } = await startMoto();
  onTestFinished(() => void process.kill());
  const { server } = faultyDynamo(endpoint, { share: 0.2, seed: 2 });
  const faulty = await listen(server);
  onTestFinished(() => void server.close());
  const place = { table: 'runs', region: 'eu-central-1', key: 'run' as const, createTable: true };
  const store = await dynamoStore({ ...place, endpoint: faulty, sleep: async () => {} });
  const run = (runId: string) => ({ runId, started: '2026-11-28T18:00:00.000Z', seed: 1 });
  await store.putComparison(run('other'), rows.slice(0, 3));
  await store.putComparison(run('r'), rows);
  await store.putComparison(run('r'), rows.slice(0, 280)); // replaced as a whole
  const back = (await store.readAll()).filter((item) => item.run_id === 'r');
  store.close();

  const { items, frame } = await python<Read>(
    'dynamodb_items.py',
    [endpoint, 'runs', 'r'],
    keys,
    'aws',
  );
  const wanted = rows.slice(0, 280).map((row, i) => ({
    ...{ ...row, toxicity_after: 0, row: i + 1 },
    ...{ run_id: 'r', run_started: '2026-11-28T18:00:00.000Z', seed: 1 },
  }));
  expect(back).toEqual(wanted);
  expect(items.map(withNumbers)).toEqual(wanted);
  expect(frame.row).toEqual(wanted.map(({ row }) => row));
  expect(frame.reward_after.map(Number)).toEqual(wanted.map(({ reward_after }) => reward_after));
  expect(frame.query).toEqual(wanted.map(({ query }) => query));
});

/** An item of Python's, its decimals as the doubles that are nearest. */
function withNumbers(item: Readonly<Record<string, unknown>>) {
  const entries = Object.entries(item).map(([name, value]) => {
    const isNumber = typeof value === 'object' && value !== null && 'number' in value;
    return [name, isNumber ? Number(value.number) : value];
  });
  return Object.fromEntries(entries);
}
