/** An index over runs whose reader is killed with SIGKILL while it takes rollouts in, again and again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { openIndex } from '../../src/store/run-index/run-index.ts';
import { keep, log, rollout, started } from '../store/run-index/folders.ts';

const [steps, rows] = [600, 40];
const place = new URL('../../dist/store/run-index/run-index.js', import.meta.url);
/** Prints how many rollouts it has, again and again. */
const reader = (folder: string) => `
  const { openIndex } = await import(${JSON.stringify(place.href)});
  const index = await openIndex(${JSON.stringify(folder)}, { patience: 1 });
  for (let behind = 1; behind > 0; ) {
    const window = await index.rollouts({ limit: 0 });
    behind = window.behind ?? 0;
    console.log(window.total);
  }
  await index.close();`;

/** Kills the reader as soon as it has so many. */
async function killedAt(folder: string, total: number): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', reader(folder)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  for await (const line of createInterface(child.stdout)) if (Number(line) >= total) break;
  child.kill('SIGKILL');
  expect(await exit).toEqual([null, 'SIGKILL']); // it had not ended by itself
}

test('killed five times on its way, it goes on with what is there: none missing, none twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-crash-index-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await log(join(folder, 'a'), started());
  for (let step = 1; step <= steps; step++) {
    const some = Array.from({ length: rows }, (_, row) => rollout(step, row, { score: row % 7 }));
    await keep(join(folder, 'a'), step, some);
  }
  for (const share of [0.05, 0.1, 0.2, 0.3, 0.4]) await killedAt(folder, share * steps * rows);
  expect(await readdir(folder)).toContain('.tactful-index.db');
  const index = await openIndex(folder);
  onTestFinished(() => index.close());
  const all = await index.rollouts({ limit: 2 * steps * rows });
  expect(all.total).toBe(steps * rows);
  const places = all.rows.map(({ step, row }) => (step - 1) * rows + row);
  expect(places).toEqual(places.map((_, i) => i));
  const found = await index.rollouts({ search: 'row 7', sort: 'score', limit: 0 });
  expect(found.total).toBe(steps);
});
