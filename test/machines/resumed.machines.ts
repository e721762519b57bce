/** Runs on workers that go back: whose own process is killed, and whom a guard stops. With staleness 1, which has more to keep. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exists } from '../../src/disk/atomic.ts';
import { readEvents } from '../../src/store/event-log.ts';
import { type DemoRuns, demoRuns, endOf } from './demo-runs.ts';
import { outcomeOf } from './outcome.ts';
import { program } from './programs.ts';
import { type RedisServer, redisServer } from './redis-server.ts';
import { type Crew, crew } from './worker-processes.ts';

let redis: RedisServer;
let url: string;
let workers: Crew;
let runs: DemoRuns;
beforeAll(async () => {
  redis = await redisServer();
  url = `redis://127.0.0.1:${redis.port}`;
  workers = await crew(url, 2);
  runs = await demoRuns();
});
afterAll(async () => {
  await workers?.close();
  await redis?.close();
  await runs?.close();
});

test('killed after a step and resumed, with staleness 1, it gives the bytes of one process', async () => {
  const words = ['--steps', '4', '--checkpoint-every', '1', '--staleness', '1'];
  const alone = await runs.alone(words);
  const { run, output, reaches } = runs.over(url, words);
  await reaches(1.5);
  await run.kill();
  await endOf(program(['resume', output, '--quiet']));
  expect(await outcomeOf(output)).toEqual(alone);
});

test('a guard that ends the training and goes back, with staleness 1, gives the bytes of one process', async () => {
  const watched = ['--guards', 'stop', '--guard-every', '2', '--guard-samples', '8'];
  const words = ['--steps', '10', '--staleness', '1', '--learning-rate', '3e-2', ...watched];
  const alone = await runs.alone(words);
  const { run, output } = runs.over(url, words);
  await endOf(run);
  expect(await outcomeOf(output)).toEqual(alone);
  const events = await readEvents(join(output, 'events.jsonl'));
  const { rolledBack } = events.find(({ type }) => type === 'finished') as {
    rolledBack?: { from: number; to: number };
  };
  expect(rolledBack?.to).toBeLessThan(rolledBack?.from ?? 0);
  expect(events.find(({ type }) => type === 'compared')).toMatchObject({
    comparison: { verdict: 'no provable change' },
  });
});

test('--versus, killed in its second run, goes on with workers of the bits of before alone, to the bytes of one process', async () => {
  const words = ['--steps', '2', '--checkpoint-every', '1'];
  const alone = await runs.alone(words);
  const trl = await runs.alone([...words, '--compat', 'trl-0.8.0']);
  const { run, output } = runs.over(url, [...words, '--versus', 'compat']);
  const folders = ['default', 'trl-0.8.0'].map((name) => join(output, name));
  await expect.poll(() => exists(join(folders[1], 'checkpoints', 'step-000001'))).toBe(true);
  await run.kill();
  const logs = folders.map((folder) => join(folder, 'events.jsonl'));
  const told = await Promise.all(logs.map((log) => readFile(log, 'utf8')));
  expect(told[0]).toMatch(/"bits":"[0-9a-f]{64}"/);
  for (const [i, log] of logs.entries()) {
    await writeFile(
      log,
      told[i].replaceAll(/"bits":"[0-9a-f]{64}"/g, `"bits":"${'0'.repeat(64)}"`),
    );
  }
  const others = program(['resume', output]);
  await others.says(/does not serve: it gives other bits/);
  await others.kill();
  for (const [i, log] of logs.entries()) await writeFile(log, told[i]);
  await endOf(program(['resume', output, '--quiet']));
  expect(await outcomeOf(folders[0])).toEqual(alone);
  expect(await outcomeOf(folders[1])).toEqual(trl);
});
