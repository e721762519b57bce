import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { filesIn, place, placings } from '../../src/hub/hub-cache.ts';
import {
  type DownloadProgress,
  locateAdapter,
  locateData,
  locateModel,
} from '../../src/hub/locate.ts';
import { temporaryFolder } from '../model/tiny.ts';
import { adapter, dataset, model, modelParts, weights } from './hub-model.ts';
import { gitHash, type HubOptions, sha256, startHub } from './hub-server.ts';

const pauses = [1, 1];

async function hubWith(options: HubOptions) {
  const hub = await startHub(options);
  onTestFinished(hub.close);
  const home = await temporaryFolder();
  const env = hub.env(home);
  return { hub, home, env, options: { env, pauses }, cache: join(home, 'hub') };
}

async function names(folder: string): Promise<string[]> {
  return [...(await filesIn(folder))].sort();
}

test('a path that exists is what it is, and nobody is asked', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'x.csv');
  await writeFile(file, 'a\n');
  const env = { HF_ENDPOINT: 'http://127.0.0.1:9', HOME: folder };
  expect(await locateModel(folder, { env })).toBe(folder);
  expect(await locateAdapter(folder, { env })).toBe(folder);
  expect(await locateData(file, { env })).toBe(file);
});

test('of a model, what is needed comes into a cache of the layout that Python has', async () => {
  const { hub, cache, options } = await hubWith({ repos: { 'google/flan': model } });
  const folder = await locateModel('google/flan', options);

  const repo = join(cache, 'models--google--flan');
  const commit = await readFile(join(repo, 'refs/main'), 'utf8');
  expect(commit).toMatch(/^[0-9a-f]{40}$/);
  expect(folder).toBe(join(repo, 'snapshots', commit));
  expect(await names(folder)).toEqual(modelParts);
  for (const name of modelParts) {
    expect(await readFile(join(folder, name))).toEqual(Buffer.from(model[name]));
  }
  const hash = sha256(weights);
  expect(await readlink(join(folder, 'model.safetensors'))).toBe(`../../blobs/${hash}`);
  const config = gitHash(Buffer.from(model['config.json']));
  expect(await readlink(join(folder, 'config.json'))).toBe(`../../blobs/${config}`);
  expect(await names(join(repo, 'blobs'))).toHaveLength(modelParts.length);
  expect(await names(join(cache, '.locks'))).toEqual([]);
  const asked = hub.requests.filter(({ path }) => !path.startsWith('/api/'));
  expect(asked).toHaveLength(modelParts.length + 1); // and the redirect to the weights
});

test('what is there already is not fetched again, and of a new commit only what is new', async () => {
  const { hub, options } = await hubWith({ repos: { 'google/flan': model } });
  const first = await locateModel('google/flan', options);
  const before = hub.requests.length;
  expect(await locateModel('google/flan', options)).toBe(first);
  expect(hub.requests.slice(before).map(({ path }) => path.replace(/\?.*/, ''))).toEqual([
    '/api/models/google/flan/revision/main',
  ]);

  const sha = hub.commit('google/flan', { ...model, 'config.json': '{"model_type":"t5","x":1}' });
  const second = await locateModel('google/flan', options);
  expect(second).toBe(join(first, '..', sha));
  expect(await names(second)).toEqual(modelParts);
  const files = hub.requests.slice(before).filter(({ path }) => path.includes('/resolve/'));
  expect(files.map(({ path }) => path)).toEqual([`/google/flan/resolve/${sha}/config.json`]);
});

test('a whole commit that is named by its full hash needs no network', async () => {
  const { hub, options } = await hubWith({ repos: { 'google/flan': model } });
  const folder = await locateModel('google/flan', options);
  const before = hub.requests.length;
  const revision = folder.slice(-40);
  expect(await locateModel('google/flan', { ...options, revision })).toBe(folder);
  expect(hub.requests).toHaveLength(before);
});

test('branches, tags and requests are revisions, each with a file in refs', async () => {
  const revisions = { 'refs/pr/1': { ...model, 'config.json': '{"pr":1}' } };
  const { cache, options } = await hubWith({ repos: { 'o/m': { files: model, revisions } } });
  const folder = await locateModel('o/m', { ...options, revision: 'refs/pr/1' });
  expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe('{"pr":1}');
  const ref = await readFile(join(cache, 'models--o--m/refs/refs/pr/1'), 'utf8');
  expect(ref).toBe(folder.slice(-40));
});

test('of shards, those that the index names are fetched', async () => {
  const shard = (n: number) => `model-0000${n}-of-00002.safetensors`;
  const index = { weight_map: { a: shard(1), b: shard(2), c: shard(1) } };
  const files = {
    'config.json': '{}',
    'model.safetensors.index.json': JSON.stringify(index),
    [shard(1)]: 'one',
    [shard(2)]: 'two',
    'model-00003-of-00003.safetensors': 'of another time',
    'pytorch_model.bin': 'a pickle',
  };
  const { options } = await hubWith({ repos: { 'o/m': files } });
  const folder = await locateModel('o/m', options);
  expect(await names(folder)).toEqual(
    ['config.json', shard(1), shard(2), 'model.safetensors.index.json'].sort(),
  );
  const offline = { ...options, env: { ...options.env, HF_HUB_OFFLINE: '1' } };
  expect(await locateModel('o/m', offline)).toBe(folder);
  await rm(join(folder, shard(2)));
  await expect(locateModel('o/m', offline)).rejects.toThrow('not all of it in the cache');
});

test.each([
  [
    'an old model has vocabulary files and a pickle',
    { 'vocab.json': '{}', 'merges.txt': '', 'spiece.model': 'x', 'pytorch_model.bin': 'x' },
  ],
  ['a model may have no tokenizer', { 'model.safetensors': 'x' }],
])('%s', async (_, more) => {
  const files = { 'config.json': '{}', ...more };
  const { options } = await hubWith({ repos: { gpt2: files } });
  expect(await names(await locateModel('gpt2', options))).toEqual(Object.keys(files).sort());
});

test('an adapter comes with its value head, and without the pickle', async () => {
  const { options } = await hubWith({ repos: { 'o/lora': adapter } });
  const folder = await locateAdapter('hf://o/lora', options);
  expect(await names(folder)).toEqual([
    'adapter_config.json',
    'adapter_model.safetensors',
    'value_head.safetensors',
  ]);
});

test("a value head may be TRL's, unless it is the weights of a model", async () => {
  const { 'value_head.safetensors': _, ...rest } = adapter;
  const trl = { ...rest, 'pytorch_model.bin': 'a head' };
  const both = { ...trl, 'config.json': '{}' };
  const { options } = await hubWith({ repos: { 'o/trl': trl, 'o/both': both } });
  expect(await names(await locateAdapter('o/trl', options))).toContain('pytorch_model.bin');
  expect(await names(await locateAdapter('o/both', options))).toEqual([
    'adapter_config.json',
    'adapter_model.safetensors',
  ]);
});

test('of a dataset every table is fetched, page after page of the list', async () => {
  const parts = Object.fromEntries(
    Array.from({ length: 25 }, (_, i) => [`parts/${i}.csv`, `a\n${i}\n`]),
  );
  const files = { ...dataset, ...parts };
  const { hub, cache, options } = await hubWith({ repos: { 'datasets/o/d': files }, pageSize: 10 });
  const folder = await locateData('o/d', options);
  expect(folder.startsWith(join(cache, 'datasets--o--d', 'snapshots'))).toBe(true);
  const tables = ['data/test.jsonl.gz', 'data/train.csv', 'more.parquet', ...Object.keys(parts)];
  expect(await names(folder)).toEqual(tables.sort());
  expect(await readlink(join(folder, 'data/train.csv'))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\//);
  expect(hub.requests.filter(({ path }) => path.includes('/tree/'))).toHaveLength(4);
  expect(await locateData('hf://datasets/o/d', options)).toBe(folder);
});

test('without a network the cache is enough, and offline nobody is asked', async () => {
  const { hub, options } = await hubWith({ repos: { 'o/m': model, 'datasets/o/d': dataset } });
  const folder = await locateModel('o/m', options);
  const tables = await locateData('o/d', options);
  const before = hub.requests.length;
  for (const word of ['1', 'true', 'YES', 'on']) {
    const env = { ...options.env, HF_HUB_OFFLINE: word };
    expect(await locateModel('o/m', { ...options, env })).toBe(folder);
    expect(await locateData('o/d', { ...options, env })).toBe(tables);
  }
  expect(hub.requests).toHaveLength(before);
  await hub.close();
  expect(await locateModel('o/m', options)).toBe(folder);
});

test('a newer commit that did not come whole leaves the older one for work without a network', async () => {
  let broken = false;
  const { hub, options } = await hubWith({
    repos: { 'o/m': model },
    fault: ({ host }) => (broken && host === 'cdn' ? { cutAfter: 0 } : undefined),
  });
  const folder = await locateModel('o/m', options);
  broken = true;
  hub.commit('o/m', { ...model, 'model.safetensors': 'other weights, which break off' });
  await expect(locateModel('o/m', options)).rejects.toThrow('Run it again');
  const offline = { ...options, env: { ...options.env, HF_HUB_OFFLINE: '1' } };
  expect(await locateModel('o/m', offline)).toBe(folder);
});

test('a hub that is overloaded is waited for, and the cache does in its place', async () => {
  let busy = 1;
  const { hub, options } = await hubWith({
    repos: { 'o/m': model },
    fault: () => (busy-- > 0 ? { status: 503 } : undefined),
  });
  const folder = await locateModel('o/m', options);
  busy = 100;
  expect(await locateModel('o/m', options)).toBe(folder);
  expect(hub.requests.slice(-3).map(({ path }) => path.includes('/revision/'))).toEqual([
    true,
    true,
    true,
  ]);
});

test('a token goes to the hub, and not to where it redirects', async () => {
  const { hub, home, options } = await hubWith({
    repos: { 'o/m': { files: model, private: true } },
    pageSize: 5,
  });
  const env = { ...options.env, HF_TOKEN: 'hf_read' };
  await locateModel('o/m', { ...options, env });
  const tokens = (host: string) => [
    ...new Set(hub.requests.filter((one) => one.host === host).map((one) => one.authorization)),
  ];
  expect(tokens('hub')).toEqual(['Bearer hf_read']);
  expect(tokens('cdn')).toEqual([undefined]);

  await writeFile(join(home, 'token'), 'hf_read\n');
  await rm(join(home, 'hub'), { recursive: true });
  await locateModel('o/m', options);
});

test('a next page that lies on another server gets no token', async () => {
  const other = await startHub({});
  onTestFinished(other.close);
  const { options } = await hubWith({
    repos: { 'o/m': model },
    fault: ({ path }) =>
      path.includes('/tree/')
        ? { headers: { link: `<${other.url}/api/steal>; rel="next"` } }
        : undefined,
  });
  const env = { ...options.env, HF_TOKEN: 'hf_read' };
  await expect(locateModel('o/m', { ...options, env })).rejects.toThrow();
  expect(other.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
});

test('a repository that was renamed is found under its old name, with the token', async () => {
  const { hub, cache, options } = await hubWith({
    repos: { 'o/new': { files: adapter, private: true } },
    fault: ({ path }) =>
      path.includes('o/old')
        ? { status: 307, headers: { location: path.replace('o/old', 'o/new') } }
        : undefined,
  });
  const env = { ...options.env, HF_TOKEN: 'hf_read' };
  const folder = await locateAdapter('o/old', { ...options, env });
  expect(folder.startsWith(join(cache, 'models--o--old'))).toBe(true);
  expect(hub.requests.filter(({ path }) => path.includes('o/new')).length).toBeGreaterThan(3);
});

test('progress tells file, bytes and what is left', async () => {
  const { options } = await hubWith({
    repos: { 'o/m': model },
    fault: ({ host }) => (host === 'cdn' ? { slow: { bytes: 50_000, pause: 110 } } : undefined),
  });
  const seen: DownloadProgress[] = [];
  await locateModel('o/m', { ...options, progress: (one) => seen.push(one) });
  const big = seen.filter(({ what }) => what === 'o/m: model.safetensors');
  expect(big[0]).toMatchObject({ done: 0, total: weights.length, bytesPerSecond: 0 });
  expect(big.at(-1)).toMatchObject({ done: weights.length, secondsLeft: 0 });
  const middle = big.find(({ done }) => done > 0 && done < weights.length);
  expect(middle?.bytesPerSecond).toBeGreaterThan(0);
  expect(middle?.secondsLeft).toBeGreaterThan(0);
  expect(new Set(seen.map(({ what }) => what)).size).toBe(modelParts.length);
});

test('the cache is where the variables say', async () => {
  const { hub, home, options } = await hubWith({ repos: { 'o/m': adapter } });
  const at = async (more: NodeJS.ProcessEnv) => {
    const env: NodeJS.ProcessEnv = { HF_ENDPOINT: `${hub.url}/`, HOME: home, ...more };
    return (await locateAdapter('o/m', { ...options, env })).slice(home.length + 1, -41);
  };
  const rest = 'models--o--m/snapshots';
  expect(await at({})).toBe(`.cache/huggingface/hub/${rest}`);
  expect(await at({ XDG_CACHE_HOME: join(home, 'xdg') })).toBe(`xdg/huggingface/hub/${rest}`);
  expect(await at({ HF_HOME: '~/a' })).toBe(`a/hub/${rest}`);
  expect(await at({ HF_HOME: '~/a', HUGGINGFACE_HUB_CACHE: '$HOME/b' })).toBe(`b/${rest}`);
  expect(await at({ HUGGINGFACE_HUB_CACHE: '~/b', HF_HUB_CACHE: `${home}/c` })).toBe(`c/${rest}`);
});

test('where links cannot be made, a hard link or a copy does', async () => {
  for (const ways of [placings.slice(1), placings.slice(2)]) {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'blob'), 'bytes');
    const impossible = () => Promise.reject(Object.assign(new Error('no'), { code: 'EPERM' }));
    await place(join(folder, 'blob'), join(folder, 's'), 'a/b.txt', [impossible, ...ways]);
    expect((await lstat(join(folder, 's/a/b.txt'))).isFile()).toBe(true);
    expect(await readFile(join(folder, 's/a/b.txt'), 'utf8')).toBe('bytes');
    expect(await readdir(join(folder, 's/a'))).toEqual(['b.txt']);
  }
});

test('a file that Python moved into the snapshot, for want of links, is taken as it is', async () => {
  const { hub, cache, options } = await hubWith({ repos: { 'o/m': model } });
  const folder = await locateModel('o/m', options);
  await rm(join(folder, 'model.safetensors'));
  await writeFile(join(folder, 'model.safetensors'), weights);
  await rm(join(cache, 'models--o--m/blobs', sha256(weights)));
  await rm(join(cache, 'models--o--m/.no_exist'), { recursive: true });
  const before = hub.requests.length;
  await locateModel('o/m', options);
  expect(hub.requests.slice(before).every(({ path }) => path.startsWith('/api/'))).toBe(true);
});

test('a link that something else put into a snapshot leads nobody out of it', async () => {
  const { hub, cache, options } = await hubWith({ repos: { 'datasets/o/d': dataset } });
  const commit = (await locateData('o/d', options)).slice(-40);
  const next = hub.commit('datasets/o/d', { 'data/train.csv': 'new\n' });
  const outside = await temporaryFolder();
  const snapshot = join(cache, 'datasets--o--d/snapshots', next);
  await mkdir(snapshot);
  await symlink(outside, join(snapshot, 'data'));
  await expect(locateData('o/d', options)).rejects.toThrow('Something else has put a link there');
  expect(await readdir(outside)).toEqual([]);
  expect(commit).not.toBe(next);
});
