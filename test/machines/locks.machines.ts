/** A job that takes several times as long as its lock: a worker computes in a thread, and renews the lock meanwhile. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { demoRuns, endOf } from './demo-runs.ts';
import { countsOf } from './outcome.ts';
import { place } from './place.ts';
import { program } from './programs.ts';

test('a job that takes four times as long as its lock is done once, though another worker is free', async () => {
  const { url } = await place(1);
  const runs = await demoRuns();
  onTestFinished(runs.close);
  const file = join(runs.folder, 'block');
  const preload = new URL('disturb-thread.js', import.meta.url);
  const line = ['worker', '--redis', url, '--threads', '1', '--json', '--lost-after', '2'];
  const slow = program(line, { NODE_OPTIONS: `--import ${preload}`, BLOCK: file });
  onTestFinished(slow.kill);
  await slow.says(/"type":"ready"/);
  const { run, output, reaches } = runs.over(url, ['--steps', '6']);
  await slow.says(/"type":"serving"/);
  await reaches(1.5);
  await writeFile(file, '');
  await endOf(run);
  // it is blocked in one of the next jobs, for which the run has waited
  expect(slow.text()).toContain('was blocked on purpose');
  expect((await countsOf(output)).late).toBe(0);
});
