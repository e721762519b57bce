/** The table of a comparison, read by awswrangler with the code that the guide shows. */
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import dynalite from 'dynalite';
import { expect, onTestFinished, test } from 'vitest';
import type { ComparisonRow } from '../../src/comparison.ts';
import { dynamoStore } from '../../src/store/dynamodb.ts';
import { listen } from '../store/fault-proxy.ts';
import { python } from './python.ts';
import '../setup.ts';

const table = 'llm_of_interop';
const keys = {
  AWS_ACCESS_KEY_ID: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
  AWS_DEFAULT_REGION: 'eu-central-1',
};

test('awswrangler reads a whole table as the guide says', async () => {
  const server: Server = dynalite({ createTableMs: 20 });
  const endpoint = await listen(server);
  onTestFinished(() => void server.close());
  const rows = Array.from({ length: 120 }, (_, i): ComparisonRow => {
    const [before, after] = [i / 3, (1 - i) / 7];
    return {
      query: `Q ${i}`,
      response_before: `b ${i}`,
      response_after: `a ${i}`,
      reward_before: before,
      reward_after: after,
      reward_diff: after - before,
      toxicity_before: 0.5 / (i + 1),
      toxicity_after: 0.25,
      id: `d${i}`,
      references: [],
    };
  });
  const store = await dynamoStore({ endpoint, table, createTable: true, region: 'eu-central-1' });
  await store.putComparison({ runId: 'r', started: '2026-11-28T18:00:00.000Z', seed: 1 }, rows);
  store.close();

  const guide = await readFile('docs/guide.md', 'utf8');
  const [, code] = /```python\n(import awswrangler[\s\S]*?)```/.exec(guide)!;
  const read = await python<{ ids: number[]; after: number[]; response: string[] }>(
    'dynamodb.py',
    [endpoint, table, code],
    keys,
    'aws',
  );
  expect(read.ids).toEqual(rows.map((_, i) => i + 1));
  expect(read.after).toBeAllClose(
    rows.map(({ reward_after }) => reward_after),
    { atol: 1e-12 },
  );
  expect(read.response).toEqual(rows.map(({ response_after }) => response_after));
});
