import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keptBits } from '../../src/cli/kept-bits.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-bits-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function log(run: string, ...bits: readonly string[]): Promise<void> {
  await mkdir(join(folder, run), { recursive: true });
  const events = [{ type: 'started' }, ...bits.map((one) => ({ type: 'machines', bits: one }))];
  const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  await writeFile(join(folder, run, 'events.jsonl'), text);
}

test('the bits of a job are those that its log told last', async () => {
  await log('.', 'first', 'last');
  expect(await keptBits(folder)).toBe('last');
});

test('of --versus they are those of the first of its runs that had workers', async () => {
  await writeFile(join(folder, 'config.yaml'), 'versus: compat\n');
  await mkdir(join(folder, 'a-folder-without-a-log'));
  await log('default');
  await log('trl-0.8.0', 'theirs');
  expect(await keptBits(folder)).toBe('theirs');
});

test('a job that had no workers has none', async () => {
  await log('.');
  expect(await keptBits(folder)).toBeUndefined();
});
