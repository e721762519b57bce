import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { placeOf, withPage } from '../../src/cli/job-page.ts';
import { runProgram } from '../../src/cli/program.ts';
import { fakeIo, tactful } from './io.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-page-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** What is told, and what happens then. */
function context(onNote: (says: string) => void) {
  const stop = new AbortController();
  const note = ({ says }: { readonly says: string }) => onNote(says);
  return { stop, told: { json: true, note, signal: stop.signal } };
}

test('a job has its page while it runs and until Ctrl-C', async () => {
  const says: string[] = [];
  const { stop, told } = context((text) => {
    says.push(text);
    if (text.startsWith('The page stays')) stop.abort();
  });
  let status: number | undefined;
  const pageOf = () => says[0].replace('The page is at ', '').split('/#token=');
  const job = async () => {
    const [root, token] = pageOf();
    const headers = { authorization: `Bearer ${token}` };
    status = (await fetch(`${root}/api/runs`, { headers })).status;
  };
  expect(await withPage(join(folder, 'mine'), job, told)).toBe('done');
  expect(status).toBe(200);
  expect(says).toHaveLength(2);
  await expect(fetch(pageOf()[0])).rejects.toThrow();
});

test('a job that Ctrl-C breaks off is not done', async () => {
  const { stop, told } = context(() => {});
  const job = async () => stop.abort();
  expect(await withPage(join(folder, 'mine'), job, told)).toBeUndefined();
});

test('a job that fails takes its page with it', async () => {
  const { told } = context(() => {});
  const job = () => Promise.reject(new Error('mine'));
  await expect(withPage(join(folder, 'mine'), job, told)).rejects.toThrow('mine');
});

test('the page of a job that begins is shown when somebody works in its folder', async () => {
  const mine = join(folder, 'mine & yours');
  expect(await placeOf(mine, false)).toBeUndefined();
  await mkdir(mine);
  await writeFile(join(mine, 'events.jsonl'), ''); // of what it replaces
  expect(await placeOf(mine, false)).toBeUndefined();
  await writeFile(join(mine, 'lock'), `${process.pid}\n`);
  expect(await placeOf(mine, false)).toBe('/runs/mine%20%26%20yours');
});

test('the page of a job that is there already is shown at once', async () => {
  const mine = join(folder, 'mine');
  await mkdir(mine);
  expect(await placeOf(mine, true)).toBeUndefined();
  await writeFile(join(mine, 'events.jsonl'), '');
  expect(await placeOf(mine, true)).toBe('/runs/mine');
});

test('several runs in one folder are shown as a list', async () => {
  const run = join(folder, 'versus', 'default');
  await mkdir(run, { recursive: true });
  expect(await placeOf(join(folder, 'versus'), false)).toBeUndefined();
  await writeFile(join(run, 'lock'), `${process.pid}\n`);
  expect(await placeOf(join(folder, 'versus'), false)).toBe('/runs?search=versus%2F');
});

test('tactful resume --ui shows what came of a finished run, and serves its page until Ctrl-C', async () => {
  const run = join(folder, 'mine');
  await cp(fileURLToPath(new URL('../jobs/old/detox', import.meta.url)), run, { recursive: true });
  const io = fakeIo();
  const write = io.stderr.write;
  let status: number | undefined;
  Object.assign(io.stderr, {
    write: async (text: string) => {
      write(text);
      if (!text.includes('The page stays until Ctrl-C.')) return;
      const [, root, token] = /at (\S+)\/#token=(\S+)/.exec(io.err.join('')) ?? [];
      const headers = { authorization: `Bearer ${token}` };
      status = (await fetch(`${root}/api/runs/mine`, { headers })).status;
      io.signals.emit('SIGINT');
    },
  });
  expect(await runProgram(['resume', run, '--ui', '--json'], io)).toBe(0);
  expect(status).toBe(200);
  expect(JSON.parse(io.out.join(''))).toMatchObject({ verdict: 'improved' });
});

test('tactful resume --ui makes nothing beside a folder without a run', async () => {
  const { code, err } = await tactful(['resume', join(folder, 'typo', 'mine'), '--ui']);
  expect(code).toBe(1);
  expect(err).toContain('expected a run to resume');
  expect(await placeOf(join(folder, 'typo'), true)).toBeUndefined();
  await expect(rm(join(folder, 'typo'), { recursive: true })).rejects.toThrow('ENOENT');
});
