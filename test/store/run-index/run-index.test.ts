import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Comparison } from '../../../src/comparison.ts';
import { openIndex } from '../../../src/store/run-index/run-index.ts';
import { keep, log, newFolder, rollout, started, stepped } from './folders.ts';

const indexName = '.tactful-index.db';

async function indexOf(folder: string) {
  const index = await openIndex(folder);
  onTestFinished(() => index.close());
  return index;
}

test('lists every run below a folder, newest first, with what its log says', async () => {
  const folder = await newFolder();
  await log(join(folder, 'old'), started(), stepped(1, 0.5), {
    type: 'finished',
    steps: 1,
    seconds: 9,
  });
  const later = { time: '2026-11-29T12:00:00.000Z', config: { algorithm: 'grpo' } };
  await log(join(folder, 'several/ours'), started(later), stepped(1), stepped(2, 1.5));
  await writeFile(join(folder, 'several/ours/lock'), `${process.pid}\n`);
  await mkdir(join(folder, 'no run'));
  const index = await indexOf(folder);
  const runs = await index.list();
  expect(runs).toEqual([
    {
      ...{
        id: 'several/ours',
        job: 'detox',
        state: 'running',
        time: later.time,
        step: 2,
        steps: 4,
      },
      ...{ algorithm: 'grpo', metrics: { 'ppo/mean_scores': 1.5 } },
    },
    {
      ...{ id: 'old', job: 'detox', state: 'finished', time: '2026-11-29T10:00:00.000Z', step: 1 },
      ...{ steps: 4, model: 'a/model', algorithm: 'ppo', seed: 7, seconds: 9 },
      metrics: { 'ppo/mean_scores': 0.5 },
    },
  ]);
});

test('a run is broken when its process is gone without a word, and runs again once resumed', async () => {
  const folder = await newFolder();
  const run = join(folder, 'a');
  await log(run, started(), stepped(1), { type: 'checkpoint', step: 1, path: 'c' }, stepped(2));
  const index = await indexOf(folder);
  expect(await index.list()).toMatchObject([{ state: 'broken', step: 2 }]);
  await writeFile(join(run, 'lock'), `${process.pid}\n`);
  const resumed = {
    type: 'resumed',
    step: 1,
    time: '',
    version: '2',
    engine: 'e',
    notes: [],
  } as const;
  await log(run, resumed);
  expect(await index.list()).toMatchObject([{ state: 'running', step: 1 }]);
  await log(run, { type: 'stopped', step: 1, reason: 'Ctrl-C' });
  expect(await index.list()).toMatchObject([{ state: 'stopped' }]);
  await log(run, { ...resumed, version: '3' });
  expect(await index.list()).toMatchObject([{ state: 'running' }]);
  expect(await index.details('a')).toMatchObject({ version: '3', engine: 'e' });
});

test('details have the settings, the comparison and what was measured before and after', async () => {
  const folder = await newFolder();
  const summary = (mean: number) => ({ n: 2, mean, std: 0 });
  const evaluated = (when: 'before' | 'after', toxicity: number) => ({
    ...{ type: 'evaluated' as const, when, reward: summary(1), toxicity: summary(toxicity) },
    judges: { words: summary(0.5) },
  });
  const comparison = { slices: [], rows: [], verdict: 'improved' } as Comparison;
  await log(join(folder, 'a'), started(), evaluated('before', 0.4), evaluated('after', 0.1), {
    type: 'compared',
    comparison,
  });
  await writeFile(join(folder, 'a/report.html'), '');
  const index = await indexOf(folder);
  expect(await index.details('a')).toMatchObject({
    config: { algorithm: 'ppo' },
    comparison,
    verdict: 'improved',
    before: { reward: 1, toxicity: 0.4, 'judge words': 0.5 },
    after: { reward: 1, toxicity: 0.1, 'judge words': 0.5 },
    files: ['report.html'],
  });
  expect(await index.details('b')).toBeUndefined();
  expect((await index.list())[0]).not.toHaveProperty('comparison');
});

test('follows runs that come, go and begin anew', async () => {
  const folder = await newFolder();
  const index = await indexOf(folder);
  expect(await index.list()).toEqual([]);
  await log(join(folder, 'a'), started(), stepped(1));
  await keep(join(folder, 'a'), 1, [rollout(1, 0)]);
  await log(join(folder, 'b'), started());
  expect((await index.list()).map(({ id }) => id)).toEqual(['a', 'b']);
  expect(await index.rollouts({})).toMatchObject({ total: 1 });
  await log(join(folder, 'a'), started({ config: { algorithm: 'rloo' } }));
  await rm(join(folder, 'a/rollouts'), { recursive: true });
  await rm(join(folder, 'b'), { recursive: true });
  expect(await index.list()).toMatchObject([{ id: 'a', algorithm: 'rloo', step: 0 }]);
  expect(await index.rollouts({})).toMatchObject({ total: 0 });
});

test('a line that is being written is taken in when it is whole', async () => {
  const folder = await newFolder();
  const path = join(folder, 'a/events.jsonl');
  await log(join(folder, 'a'), started());
  const line = `${JSON.stringify(stepped(1))}\n`;
  await writeFile(path, line.slice(0, 20), { flag: 'a' });
  const index = await indexOf(folder);
  expect(await index.list()).toMatchObject([{ step: 0 }]);
  await writeFile(path, line.slice(20), { flag: 'a' });
  expect(await index.list()).toMatchObject([{ step: 1 }]);
});

test('follows no link out of the folder', async () => {
  const [folder, elsewhere] = [await newFolder(), await newFolder()];
  await log(join(elsewhere, 'a'), started());
  await symlink(join(elsewhere, 'a'), join(folder, 'a'));
  const index = await indexOf(folder);
  expect(await index.list()).toEqual([]);
  expect(await index.folderOf('a')).toBeUndefined();
  expect(await index.folderOf('../a')).toBeUndefined();
});

test.each(['a file that is no index', 'no file'])('is made again from %s', async (which) => {
  const folder = await newFolder();
  await log(join(folder, '한 글 #?%20'), started(), stepped(1));
  await keep(join(folder, '한 글 #?%20'), 1, [rollout(1, 0)]);
  const first = await openIndex(folder);
  const before = [await first.list(), await first.rollouts({})];
  await first.close();
  expect(await readdir(folder)).toContain(indexName);
  if (which === 'no file') await rm(join(folder, indexName));
  else await writeFile(join(folder, indexName), 'x'.repeat(9000));
  const again = await indexOf(folder);
  expect([await again.list(), await again.rollouts({})]).toEqual(before);
});

test('what an index that was deleted has left is not taken for its own', async () => {
  const folder = await newFolder();
  await log(join(folder, 'a'), started(), stepped(1));
  await keep(join(folder, 'a'), 1, [rollout(1, 0)]);
  const left = await indexOf(folder);
  const before = [await left.list(), await left.rollouts({})];
  await rm(join(folder, indexName));
  expect(await readdir(folder)).toContain(`${indexName}-wal`);
  const again = await indexOf(folder);
  expect([await again.list(), await again.rollouts({})]).toEqual(before);
  expect([await left.list(), await left.rollouts({})]).toEqual(before);
});

test('where no file can be written the index is in memory', async () => {
  const folder = await newFolder();
  await log(join(folder, 'a'), started(), stepped(1));
  await keep(join(folder, 'a'), 1, [rollout(1, 0)]);
  await mkdir(join(folder, indexName, 'in the way'), { recursive: true });
  const index = await indexOf(folder);
  expect((await index.rollouts({})).total).toBe(1);
  expect(await readdir(folder)).toEqual([indexName, 'a']);
});

test('an index that is damaged while it is open is made anew', async () => {
  const folder = await newFolder();
  await log(join(folder, 'a'), started(), stepped(1));
  await keep(join(folder, 'a'), 1, [rollout(1, 0)]);
  const index = await indexOf(folder);
  const before = await index.rollouts({});
  for (const end of ['', '-wal'])
    await writeFile(join(folder, indexName + end), 'x'.repeat(300_000));
  expect(await index.rollouts({})).toEqual(before);
});
