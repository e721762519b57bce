import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withPage } from '../../src/cli/job-page.ts';

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
