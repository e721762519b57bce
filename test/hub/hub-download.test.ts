import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type DownloadProgress, locateModel } from '../../src/hub/locate.ts';
import { temporaryFolder } from '../model/tiny.ts';
import { model, weights } from './hub-model.ts';
import { type Fault, type HubRequest, sha256, startHub } from './hub-server.ts';

const hash = sha256(weights);
const name = `${hash}.tactful.incomplete`;

/** A hub whose CDN has the faults, one a request; afterwards all goes well. */
async function hubWith(faults: readonly (Fault | undefined)[]) {
  const left = [...faults];
  const hub = await startHub({
    repos: { 'o/m': model },
    fault: ({ host }) => (host === 'cdn' ? left.shift() : undefined),
  });
  onTestFinished(hub.close);
  const home = await temporaryFolder();
  const blobs = join(home, 'hub/models--o--m/blobs');
  const lock = join(home, 'hub/.locks/models--o--m', `${hash}.tactful.lock`);
  const options = { env: hub.env(home), pauses: [1, 1] };
  const fetched = () => hub.requests.filter(({ host }) => host === 'cdn');
  return { hub, home, blobs, lock, options, fetched };
}

async function isWhole(folder: string): Promise<boolean> {
  return (await readFile(join(folder, 'model.safetensors'))).equals(weights);
}

/** The first byte that each request is for. */
const starts = (requests: readonly HubRequest[]) =>
  requests.map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')?.[1]));

test('a connection that breaks off is taken up where it broke, of the same file', async () => {
  const { options, fetched } = await hubWith([{ cutAfter: 70_000 }, { cutAfter: 30_000 }]);
  expect(await isWhole(await locateModel('o/m', options))).toBe(true);
  const [first, second, third] = starts(fetched());
  expect(first).toBe(0);
  expect(second).toBeGreaterThan(0);
  expect(second).toBeLessThanOrEqual(70_000); // what is under way when a connection ends is lost
  expect(third).toBeGreaterThan(second);
  expect(third).toBeLessThanOrEqual(second + 30_000);
  const tag = `"s3-${hash.slice(0, 8)}"`;
  expect(fetched().map(({ ifRange }) => ifRange)).toEqual([undefined, tag, tag]);
});

test('what one run left the next takes up, and too many breaks are told', async () => {
  const cut = { cutAfter: 0 };
  const { options, blobs, fetched } = await hubWith([{ cutAfter: 50_000 }, cut, cut]);
  await expect(locateModel('o/m', options)).rejects.toThrow(
    /^o\/m: model\.safetensors: expected the whole file, got http.*\. Run it again: what has come is kept/,
  );
  const { length } = await readFile(join(blobs, name));
  expect(length).toBeGreaterThan(0);
  const before = fetched().length;
  expect(await isWhole(await locateModel('o/m', options))).toBe(true);
  expect(starts(fetched().slice(before))).toEqual([length]);
  expect(await readdir(blobs)).not.toContain(name);
});

test.each<[string, Fault[]]>([
  [
    'sends the whole file in place of the rest',
    [{ cutAfter: 60_000 }, { headers: { 'accept-ranges': '' } }],
  ],
  ['has another file at the next try', [{ cutAfter: 60_000, headers: { etag: '"old"' } }]],
  [
    'sends another part than the one asked for',
    [
      { cutAfter: 60_000 },
      { status: 206, headers: { 'content-range': 'bytes 5-9/10' }, body: 'wrong' },
    ],
  ],
  ['says that there is no such part', [{ cutAfter: 60_000 }, { status: 416 }]],
  [
    'is busy, and says for how long',
    [{ status: 429, headers: { 'retry-after': '0' } }, { status: 503 }],
  ],
])('a file comes whole from a server that %s', async (_, faults) => {
  const { options } = await hubWith(faults);
  expect(await isWhole(await locateModel('o/m', options))).toBe(true);
});

test('a part that was left by another file is thrown away, once the whole is seen to be wrong', async () => {
  const { options, blobs, fetched } = await hubWith([]);
  await mkdir(blobs, { recursive: true });
  await writeFile(join(blobs, name), Buffer.alloc(90_000, 7));
  expect(await isWhole(await locateModel('o/m', options))).toBe(true);
  expect(starts(fetched())).toEqual([90_000, 0]);
});

test('a part that is longer than the file is thrown away, and one that is whole is used', async () => {
  const first = await hubWith([]);
  await mkdir(first.blobs, { recursive: true });
  await writeFile(join(first.blobs, name), Buffer.alloc(weights.length + 1));
  expect(await isWhole(await locateModel('o/m', first.options))).toBe(true);
  const second = await hubWith([]);
  await mkdir(second.blobs, { recursive: true });
  await writeFile(join(second.blobs, name), weights);
  expect(await isWhole(await locateModel('o/m', second.options))).toBe(true);
  expect(second.fetched()).toEqual([]);
});

test('a server that asks for too much patience is told of, not waited for', async () => {
  const { options } = await hubWith([{ status: 429, headers: { 'retry-after': '3600' } }]);
  await expect(locateModel('o/m', options)).rejects.toThrow(
    /expected the whole file, got http\S+: 429 Too Many Requests \(ask again in 3600 s\)\. Run/,
  );
});

test('a connection on which nothing comes is given up and tried again', async () => {
  const { options } = await hubWith([{ silent: true }]);
  const env = { ...options.env, HF_HUB_DOWNLOAD_TIMEOUT: '0.2' };
  expect(await isWhole(await locateModel('o/m', { ...options, env }))).toBe(true);
  const dead = await hubWith([{ silent: true }, { silent: true }, { silent: true }]);
  const deadEnv = { ...dead.options.env, HF_HUB_DOWNLOAD_TIMEOUT: '0.1' };
  await expect(locateModel('o/m', { ...dead.options, env: deadEnv })).rejects.toThrow(
    /model\.safetensors: expected the whole file, got http\S+: nothing for 0\.1 s\./,
  );
});

test.each<[string, Fault, RegExp]>([
  [
    'other bytes of the same length',
    { body: Buffer.alloc(weights.length, 1) },
    new RegExp(`/blobs|expected sha256 ${hash}, got [0-9a-f]{64}\\. It was thrown away`),
  ],
  [
    'more bytes',
    { body: Buffer.concat([weights, weights]) },
    /expected the whole file, got http\S+: 400000 bytes from 0\./,
  ],
  [
    'more bytes than anyone knows',
    { body: Buffer.concat([weights, weights]), chunked: true },
    /expected 200000 bytes, got more\./,
  ],
  [
    'fewer bytes',
    { body: '<html>sign in</html>' },
    /expected the whole file, got http\S+: 20 bytes from 0\./,
  ],
])('%s are refused, and leave nothing', async (_, fault, message) => {
  const { options, blobs, home } = await hubWith([fault, fault, fault, fault]);
  await expect(locateModel('o/m', options)).rejects.toThrow(message);
  const left = await readdir(blobs);
  expect(left).not.toContain(hash);
  expect(left.includes(name) ? (await readFile(join(blobs, name))).length : 0).toBe(0);
  expect(await readdir(join(home, 'hub/models--o--m/snapshots'))).toEqual([]);
});

test('a small file is held to the hash that git has for it', async () => {
  const hub = await startHub({
    repos: { 'o/m': model },
    fault: ({ path }) =>
      path.endsWith('/config.json') ? { body: '{"model_type":"t6"}' } : undefined,
  });
  onTestFinished(hub.close);
  const env = hub.env(await temporaryFolder());
  await expect(locateModel('o/m', { env })).rejects.toThrow(
    /expected git's sha1 \w{40}, got \w{40}/,
  );
});

test('two who want the same file at the same time fetch it once, and the other says so', async () => {
  const { options, fetched } = await hubWith([{ slow: { bytes: 50_000, pause: 100 } }]);
  const seen: DownloadProgress[] = [];
  const progress = (one: DownloadProgress) => void seen.push(one);
  const both = await Promise.all([
    locateModel('o/m', { ...options, progress }),
    locateModel('o/m', { ...options, progress }),
  ]);
  expect(both[0]).toBe(both[1]);
  expect(await isWhole(both[0])).toBe(true);
  expect(fetched()).toHaveLength(1);
  const waiting = seen.find(({ what }) => what.includes('safetensors, '));
  expect(waiting?.what).toBe(
    `o/m: model.safetensors, fetched by process ${process.pid} on ${hostname()}`,
  );
});

test('the lock of a process that was killed, or of a machine that is silent, holds nobody up', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => child.on('close', resolve));
  const silent = new Date(Date.now() - 120_000);
  for (const [holder, seen] of [
    [`${child.pid} ${hostname()}\n`, new Date()],
    ['1 elsewhere\n', silent],
    ['', silent],
  ] as const) {
    const { options, lock } = await hubWith([]);
    await mkdir(join(lock, '..'), { recursive: true });
    await writeFile(lock, holder);
    await utimes(lock, seen, seen);
    expect(await isWhole(await locateModel('o/m', options))).toBe(true);
    expect(await readdir(join(lock, '..'))).toEqual([]);
  }
});

test('an abort ends a download, and waiting for one, with its reason', async () => {
  for (const holder of [undefined, `${process.pid} ${hostname()}\n`]) {
    const { options, lock, blobs } = await hubWith([{ slow: { bytes: 50_000, pause: 150 } }]);
    if (holder) {
      await mkdir(join(lock, '..'), { recursive: true });
      await writeFile(lock, holder);
    }
    const controller = new AbortController();
    const progress = ({ what, done }: DownloadProgress) => {
      if (done >= 50_000 || what.includes('fetched by')) controller.abort(new Error('enough'));
    };
    const { signal } = controller;
    await expect(locateModel('o/m', { ...options, signal, progress })).rejects.toThrow('enough');
    expect((await readdir(blobs)).includes(name)).toBe(holder === undefined);
  }
});

test('a file that the disk has no room for is not begun', async () => {
  const listed = { size: 9e15, lfs: { oid: hash, size: 9e15, pointerSize: 1 } };
  const hub = await startHub({
    repos: { 'o/m': model },
    listed: (entry) => (entry.lfs ? { ...entry, ...listed } : { ...entry }),
  });
  onTestFinished(hub.close);
  const env = hub.env(await temporaryFolder());
  await expect(locateModel('o/m', { env })).rejects.toThrow(
    /models--o--m: expected room for 9000000\.0 GB, got [\d.]+ .B free\. Make room, or/,
  );
  expect(hub.requests.some(({ path }) => path.includes('/resolve/'))).toBe(false);
});
