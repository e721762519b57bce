/** Names of models and data beside revisions, against a hub on this machine. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { locateData, locateModel } from '../../src/hub/locate.ts';
import { revisionOf } from '../../src/hub/revision.ts';
import { locateSources } from '../../src/hub/sources.ts';
import { temporaryFolder } from '../model/tiny.ts';
import { adapter, dataset, model } from './hub-model.ts';
import { startHub } from './hub-server.ts';

const pauses = [1, 1];

async function hubWithAll() {
  const repos = { 'o/m': model, 'o/a': adapter, 'datasets/o/d': dataset, 'datasets/o/t': dataset };
  const hub = await startHub({ repos });
  onTestFinished(hub.close);
  const home = await temporaryFolder();
  return { hub, home, env: hub.env(home) };
}

const named = {
  ...{ model: 'o/m', adapter: 'o/a', against: 'o/a', rewardModel: 'o/m', toxicityModel: 'o/m' },
  ...{ data: 'o/d', testData: 'o/t' },
};

test('every name is pinned at its commit, and found there again without a network', async () => {
  const { hub, home, env } = await hubWithAll();
  const { local, pinned } = await locateSources(named, { env, pauses });
  expect(pinned).toMatchObject(named);
  const commits = pinned as Readonly<Record<string, string>>;
  for (const [name, revision] of Object.entries(revisionOf)) {
    expect(commits[revision]).toMatch(/^[0-9a-f]{40}$/);
    expect(local[name as keyof typeof named].endsWith(commits[revision])).toBe(true);
  }
  hub.commit('datasets/o/t', { ...dataset, 'more.csv': 'a\n' });
  const asked = hub.requests.length;
  const offline = hub.env(home, { HF_HUB_OFFLINE: '1' });
  expect((await locateSources(pinned, { env: offline, pauses })).local).toEqual({
    ...pinned,
    ...local,
  });
  expect((await locateSources(pinned, { env, pauses })).local.testData).toBe(local.testData);
  expect(hub.requests.slice(asked).every(({ path }) => !path.includes('/resolve/'))).toBe(true);
});

test('test data has a revision of its own', async () => {
  const { hub, env } = await hubWithAll();
  const old = hub.commit('datasets/o/t', { ...dataset, 'old.csv': 'a\n' }, 'v1');
  const testDataRevision = 'v1';
  const { local, pinned } = await locateSources({ ...named, testDataRevision }, { env, pauses });
  expect(pinned.testDataRevision).toBe(old);
  expect(local.testData).not.toBe((await locateSources(named, { env, pauses })).local.testData);
});

test.each(Object.entries(revisionOf))('%s on this disk has no %s', async (name, revision) => {
  const { hub, home, env } = await hubWithAll();
  const folder = join(home, 'mine');
  await mkdir(folder);
  const settings = { ...named, [name]: folder, [revision]: 'v1' };
  const error = await locateSources(settings, { env }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect(error.message).toBe(
    `\`${revision}\`: expected a name on the hub beside it, got the folder ${folder}. Leave \`${revision}\` out.`,
  );
  expect(hub.requests).toEqual([]); // before anything is fetched
});

test('a file has none either, and nor has what is not named', async () => {
  const data = join(await temporaryFolder(), 'x.csv');
  await writeFile(data, 'a\n');
  await expect(locateSources({ data, dataRevision: 'v1' })).rejects.toThrow(
    `\`dataRevision\`: expected a name on the hub beside it, got the file ${data}. Leave`,
  );
  await expect(locateData(data, { revision: 'v1' })).rejects.toThrow(`got the file ${data}`);
  await expect(locateModel('.', { revision: 'v1' })).rejects.toThrow(
    '`revision`: expected a name on the hub beside it, got the folder .. Leave `revision` out.',
  );
  await expect(locateSources({ data, adapterRevision: 'v1' })).rejects.toThrow(
    '`adapterRevision`: expected `adapter` beside it, got none. Leave `adapterRevision` out.',
  );
});

test('judges are models of the hub, pinned behind an @, folders, and lists of words as they are', async () => {
  const { hub, home, env } = await hubWithAll();
  const old = hub.commit('o/m', { ...model, 'README.md': 'old' }, 'v1');
  const folder = join(home, 'mine');
  await mkdir(folder);
  const judge = ['words', 'o/m', 'o/m@v1', folder, 'my words.txt', 'none'];
  const { local, pinned } = await locateSources({ ...named, judge }, { env, pauses });
  const [, newest] = /@([0-9a-f]{40})$/.exec(pinned.judge[1]) ?? [];
  expect(pinned.judge).toEqual(judge.with(1, `o/m@${newest}`).with(2, `o/m@${old}`));
  expect(newest).not.toBe(old);
  expect(local.judge[1].endsWith(newest)).toBe(true);
  expect(local.judge[2].endsWith(old)).toBe(true);
  expect([0, 3, 4, 5].map((i) => local.judge[i])).toEqual([0, 3, 4, 5].map((i) => judge[i]));
  const offline = hub.env(home, { HF_HUB_OFFLINE: '1' });
  const again = await locateSources({ ...named, judge: pinned.judge }, { env: offline, pauses });
  expect(again.local.judge).toEqual(local.judge);
  expect(again.pinned.judge).toEqual(pinned.judge);
});
