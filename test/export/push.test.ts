import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pushFolder } from '../../src/export/push.ts';
import { type DownloadProgress, locateModel } from '../../src/hub/locate.ts';
import { adapter, weights } from '../hub/hub-model.ts';
import { type HubOptions, startHub } from '../hub/hub-server.ts';
import { temporaryFolder } from '../model/tiny.ts';

async function hubWith(options: HubOptions = {}) {
  const hub = await startHub(options);
  onTestFinished(hub.close);
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'config.json'), '{}');
  await writeFile(join(folder, 'model.safetensors'), weights);
  await mkdir(join(folder, 'more'));
  await writeFile(join(folder, 'more/notes.txt'), 'a\nb');
  const env = hub.env(await temporaryFolder(), { HF_TOKEN: 'hf_write' });
  return { hub, folder, options: { env, pauses: [1] } };
}

test('a folder becomes one commit of a repository that is made, and comes back the same', async () => {
  const { hub, folder, options } = await hubWith();
  await mkdir(join(folder, '.git'));
  await writeFile(join(folder, '.git/config'), 'mine');
  await symlink(join(folder, 'config.json'), join(folder, 'link.json'));
  const seen: DownloadProgress[] = [];
  const progress = (one: DownloadProgress) => void seen.push(one);
  expect(await pushFolder(folder, 'me/model', { ...options, progress })).toBe(
    `${hub.url}/me/model`,
  );
  const files = hub.files('me/model');
  expect([...(files?.keys() ?? [])].sort()).toEqual(
    ['.gitattributes', 'config.json', 'link.json', 'model.safetensors', 'more/notes.txt'].sort(),
  );
  expect(files?.get('model.safetensors')).toEqual(Buffer.from(weights));
  expect(String(files?.get('more/notes.txt'))).toBe('a\nb');
  expect(hub.requests.filter(({ path }) => path.includes('/commit/'))).toHaveLength(1);
  const total = weights.length + 2 + 2 + 3;
  expect(seen[0]).toMatchObject({ what: 'push to me/model', done: 0, total });
  expect(seen.at(-1)?.done).toBe(total);
  expect(await locateModel('me/model', options)).toContain('models--me--model');
  const cdn = hub.requests.filter(({ host }) => host === 'cdn');
  expect(new Set(cdn.map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
});

const log = (job: string) => `{"type":"started","job":"${job}"}\n{"type":"finished"}\n`;

test('what a job keeps beside its result stays here', async () => {
  const { hub, folder, options } = await hubWith();
  await writeFile(join(folder, 'training.json'), '{"job":"sft","files":[],"finished":true}');
  await writeFile(join(folder, 'events.jsonl'), log('sft'));
  await writeFile(join(folder, 'config.yaml'), 'data: /home/me/clients.csv');
  for (const name of ['stores', 'checkpoints', 'tensorboard', 'last']) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'state.json'), '{}');
  }
  await writeFile(join(folder, 'README.md'), 'mine');
  await pushFolder(folder, 'me/model', options);
  expect([...(hub.files('me/model')?.keys() ?? [])].sort()).toEqual(
    ['.gitattributes', 'README.md', 'config.json', 'model.safetensors', 'more/notes.txt'].sort(),
  );
});

test('a whole run, with its samples, is refused, and its adapter named', async () => {
  const { hub, options } = await hubWith();
  const folder = join(await temporaryFolder(), 'my run');
  await mkdir(join(folder, 'adapter'), { recursive: true });
  await writeFile(join(folder, 'adapter/adapter_config.json'), '{}');
  await writeFile(join(folder, 'samples.jsonl'), '{}');
  await writeFile(join(folder, 'events.jsonl'), log('detox'));
  await expect(pushFolder(folder, 'me/model', options)).rejects.toThrow(
    `Push its adapter: npx tactful push '${join(folder, 'adapter')}' me/model`,
  );
  await rm(join(folder, 'adapter'), { recursive: true });
  await expect(pushFolder(folder, 'me/model', options)).rejects.toThrow('It has none');
  expect(hub.requests).toEqual([]);
});

test('a repository that is there keeps its other files, and a branch that is not is made', async () => {
  const { hub, folder, options } = await hubWith({ repos: { 'me/m': adapter } });
  const url = await pushFolder(folder, 'hf://me/m', { ...options, revision: 'run/2' });
  expect(url).toBe(`${hub.url}/me/m/tree/run/2`);
  expect([...(hub.files('me/m', 'run/2')?.keys() ?? [])]).toContain('adapter_config.json');
  expect([...(hub.files('me/m', 'run/2')?.keys() ?? [])]).toContain('model.safetensors');
  expect([...(hub.files('me/m')?.keys() ?? [])]).not.toContain('model.safetensors');
  await pushFolder(folder, 'me/m', { ...options, revision: 'run/2' });
});

test('a private repository is seen with a token only', async () => {
  const { hub, folder, options } = await hubWith();
  await pushFolder(folder, 'me/secret', { ...options, private: true, token: 'hf_write' });
  const { HF_TOKEN: _, ...env } = options.env;
  await expect(locateModel('me/secret', { env })).rejects.toThrow('or a private one');
  expect(hub.files('me/secret')?.size).toBe(4);
});

test('a token need not begin with hf_', async () => {
  const { folder, options } = await hubWith({ tokens: { api_org_x: true } });
  await pushFolder(folder, 'me/m', { ...options, token: 'api_org_x' });
});

test('an upload that breaks off is done again', async () => {
  let left = 1;
  const { hub, folder, options } = await hubWith({
    fault: ({ method }) => (method === 'PUT' && left-- > 0 ? { status: 503 } : undefined),
  });
  await pushFolder(folder, 'me/m', options);
  expect(hub.files('me/m')?.get('model.safetensors')).toEqual(Buffer.from(weights));
});

test('a commit is not sent twice: the first may have been made', async () => {
  const { hub, folder, options } = await hubWith({
    fault: ({ path }) => (path.includes('/commit/') ? { status: 503 } : undefined),
  });
  await expect(pushFolder(folder, 'me/m', options)).rejects.toThrow('got 503 Service Unavailable');
  expect(hub.requests.filter(({ path }) => path.includes('/commit/'))).toHaveLength(1);
});

test.each<[string, string, { token?: string; offline?: string }, string]>([
  [
    'no token',
    'me/m',
    { token: '' },
    'push to me/m: expected an access token that may write, got none. Make one at',
  ],
  [
    'a token that may only read',
    'me/m',
    { token: 'hf_read' },
    'push to me/m: expected a token that may write to it, got that of HF_TOKEN, which may not.',
  ],
  ['a repository of someone else', 'someone-else/m', {}, 'which may not. Is the owner'],
  [
    'a token that nobody knows',
    'me/m',
    { token: 'hf_old' },
    'expected a token that it knows, got the token of HF_TOKEN, refused.',
  ],
  ['a hub that is forbidden', 'me/m', { offline: '1' }, 'got HF_HUB_OFFLINE, which forbids it.'],
  ['a name without an owner', 'm', {}, 'push: expected owner/name, got "m".'],
])('%s is told of', async (_, name, { token = 'hf_write', offline = '' }, text) => {
  const { folder, options } = await hubWith({ repos: { 'someone-else/m': adapter } });
  const env = { ...options.env, HF_TOKEN: token, HF_HUB_OFFLINE: offline };
  await expect(pushFolder(folder, name, { ...options, env })).rejects.toThrow(text);
});

test('a job that is not finished is not pushed', async () => {
  const { folder, options } = await hubWith();
  await mkdir(join(folder, 'checkpoints'));
  await writeFile(join(folder, 'checkpoints', 'sft.yaml'), 'model: m\n');
  await expect(pushFolder(folder, 'me/m', options)).rejects.toThrow(
    `expected a finished result, got an unfinished sft. Finish it: npx tactful resume ${folder}`,
  );
});

test('a hub that is away, a folder that is, and an abort are told of', async () => {
  const { hub, folder, options } = await hubWith();
  const none = join(folder, 'none');
  await expect(pushFolder(none, 'me/m', options)).rejects.toThrow(
    'a folder that can be read, got no such file or folder',
  );
  const empty = await temporaryFolder();
  await expect(pushFolder(empty, 'me/m', options)).rejects.toThrow(
    'expected files to push, got none',
  );
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(pushFolder(folder, 'me/m', { ...options, signal })).rejects.toThrow('enough');
  await hub.close();
  await expect(pushFolder(folder, 'me/m', options)).rejects.toThrow(
    'expected an answer, got ECONNREFUSED',
  );
});
