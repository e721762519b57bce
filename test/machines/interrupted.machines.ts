/** Ctrl-C while a run waits, for a first worker or for a Redis that is gone: it leaves at once, and what it had can be gone on with. */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoRuns, demoRuns, endOf } from './demo-runs.ts';
import { outcomeOf } from './outcome.ts';
import { place } from './place.ts';
import { type Program, program } from './programs.ts';

let runs: DemoRuns;
beforeAll(async () => {
  runs = await demoRuns();
});
afterAll(() => runs.close());

const words = ['--steps', '3'];

/** One Ctrl-C, and the end that belongs to it: neither a stack trace nor anything else that looks like a fault. */
async function interrupt(run: Program): Promise<void> {
  run.child.kill('SIGINT');
  expect(await run.ended, run.text()).toBe(130);
  expect(run.text()).not.toMatch(/^ +at |internal|error:/m);
}

test('while it waits for a first worker nothing has begun, and nothing is left', async () => {
  const { redis, url } = await place(0);
  const { run } = runs.over(url, words);
  await run.says(/waiting for workers/);
  await interrupt(run);
  expect(await readdir(runs.folder)).toEqual([]);
  expect(await redis.ask('KEYS', '*')).toBe('');
});

test('while it waits for a Redis that is gone it leaves a folder, which goes on to the same bytes', async () => {
  const alone = await runs.alone(words);
  const { redis, url } = await place(1);
  const { run, output, reaches } = runs.over(url, words);
  await reaches(1.5);
  await redis.close();
  await run.says(/waiting for Redis/);
  await interrupt(run);
  const elsewhere = await place(1);
  await endOf(program(['resume', output, '--workers', elsewhere.url, '--quiet']));
  expect(await outcomeOf(output)).toEqual(alone);
});
