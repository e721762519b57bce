/** `tactful sync` to DynamoDB that is killed with SIGKILL between and in its batches, again and again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import dynalite from 'dynalite';
import { expect, onTestFinished, test } from 'vitest';
import { dynamoStore } from '../../src/store/dynamodb.ts';
import { listen } from '../store/fault-proxy.ts';
import { faultyDynamo } from '../store/faulty-dynamodb.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const rows = Array.from({ length: 1000 }, (_, i) => ({
  ...{ query: `q ${i}`, response_before: 'b', response_after: `a ${i}`, id: `d${i}` },
  ...{ reward_before: i / 3, reward_after: -i / 7 - 1, reward_diff: i, toxicity_before: 0.5 },
  ...{ toxicity_after: 0.25, references: [] },
}));
const events = [
  { type: 'started', runId: 'mine', time: '2026-11-29T05:00:00.000Z', config: { seed: 7 } },
  { type: 'compared', comparison: {} },
];
const lines = (items: readonly object[]) =>
  items.map((item) => `${JSON.stringify(item)}\n`).join('');

test('killed five times on its way, it is completed by the next: none lost, none twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-crash-dynamodb-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'events.jsonl'), lines(events));
  await writeFile(join(folder, 'comparison.jsonl'), lines(rows));
  const database = dynalite({ createTableMs: 5 });
  const { server, counts } = faultyDynamo(await listen(database), { share: 0.1, seed: 3 });
  const endpoint = await listen(server);
  onTestFinished(() => {
    for (const one of [server, database]) {
      one.close();
      one.closeAllConnections();
    }
  });
  const store = ['--store', 'dynamodb', '--table', 'killed', '--create-table'];
  const words = [program, 'sync', folder, ...store, '--endpoint', endpoint, '--quiet'];
  const start = () => spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  for (const answers of [3, 9, 17, 25, 31]) {
    const from = counts.well;
    const child = start();
    const exit = once(child, 'exit');
    while (counts.well < from + answers && child.exitCode === null) await setTimeout(1);
    child.kill('SIGKILL');
    expect(await exit).toEqual([null, 'SIGKILL']); // it had not ended by itself
  }
  expect(await once(start(), 'exit')).toEqual([0, null]);
  const opened = await dynamoStore({ table: 'killed', endpoint, tableItems: 'append' });
  const items = await opened.readAll();
  opened.close();
  const run = { run_id: 'mine', run_started: '2026-11-29T05:00:00.000Z', seed: 7 };
  expect(items).toEqual(rows.map((row, i) => ({ ...row, conversation_id: i + 1, ...run })));
});
