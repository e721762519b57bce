/** Folders that an earlier version left are read as they are. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tactful } from './io.ts';

const old = fileURLToPath(new URL('../jobs/old', import.meta.url));
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tactful-old-'));
  await cp(old, directory, { recursive: true });
});
afterAll(() => rm(directory, { recursive: true }));

test('a finished run is shown as its log has it', async () => {
  const run = join(directory, 'detox');
  const { code, out } = await tactful(['resume', run]);
  expect(code).toBe(0);
  expect(out).toMatch(/^The job is finished: there is nothing left to do\./);
  expect(out).toMatch(/\nall · 48 prompts\n/);
  expect(out).toMatch(/\n3 steps in .* of memory at most\.\nadapter /);
  const json = JSON.parse((await tactful(['resume', run, '--json'])).out);
  expect(json).toMatchObject({ runId: 'demo-short', directory: run, seed: 0, steps: 3, of: 3 });
  expect(json.slices[0]).toMatchObject({ name: 'all', n: 48 });
  expect(await readdir(run)).toEqual(await readdir(join(old, 'detox')));
});

test('a finished result is shown as its record has it', async () => {
  const output = join(directory, 'sft');
  const { code, out } = await tactful(['resume', output]);
  expect(code).toBe(0);
  expect(out).toMatch(
    /^The job is finished: there is nothing left to do\.\n\n30 steps\.\nheld-out loss .* → .*\n(.*\n)*result {10}\S+, the best: after step \d+\n$/,
  );
  const json = JSON.parse((await tactful(['resume', output, '--json'])).out);
  expect(json).toMatchObject({ output, steps: 30, heldOut: { before: { responses: 60 } } });
  expect(await readdir(output)).toEqual(await readdir(join(old, 'sft')));
});

test.each(['detox', 'sft'])(
  'the settings of %s start anew, though some do nothing',
  async (job) => {
    const words = ['--config', join(directory, job, 'config.yaml'), '--model', '/no/such'];
    const { code, err } = await tactful([job, ...words, '--output', join(directory, 'new')]);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('/no/such') });
  },
);
