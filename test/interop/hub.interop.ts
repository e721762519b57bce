/** The hub's cache, shared with Python's huggingface_hub: each side reads what the other wrote. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pushFolder } from '../../src/export/push.ts';
import { filesIn } from '../../src/hub/hub-cache.ts';
import { locateAdapter, locateData, locateModel } from '../../src/hub/locate.ts';
import { adapter, dataset, model, modelParts, weights } from '../hub/hub-model.ts';
import { type HubOptions, startHub } from '../hub/hub-server.ts';
import { python } from './python.ts';

interface Snapshot {
  readonly folder: string;
  readonly files: Record<string, number>;
  readonly paths: string[];
  readonly warnings: string[];
  readonly repos: { id: string; type: string; files: number; refs: string[]; commits: string[] }[];
}

async function hubWith(options: HubOptions) {
  const hub = await startHub(options);
  onTestFinished(hub.close);
  const home = await mkdtemp(join(tmpdir(), 'tactful-hub-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const env = hub.env(home) as Record<string, string>;
  const run = (job: object, more: Record<string, string> = {}) =>
    python<Snapshot>('hub.py', [JSON.stringify(job)], { ...env, ...more });
  return { hub, env, options: { env, pauses: [1] }, run };
}

const online = { HF_HUB_OFFLINE: '0' };
const revisions = { 'refs/pr/1': { ...model, 'config.json': '{"pr":1}' } };
const repos = { 'o/m': { files: model, revisions }, 'datasets/o/d': dataset, 'o/lora': adapter };

test('Python finds offline what tactful fetched, and its scan of the cache is content', async () => {
  const { options, run } = await hubWith({ repos });
  const folder = await locateModel('o/m', options);
  const request = await locateModel('o/m', { ...options, revision: 'refs/pr/1' });
  const data = await locateData('o/d', options);

  const found = await run({
    snapshot: { repo_id: 'o/m' },
    files: [
      { repo_id: 'o/m', filename: 'model.safetensors' },
      { repo_id: 'o/m', filename: 'config.json', revision: 'refs/pr/1' },
      { repo_id: 'o/m', filename: 'config.json', revision: folder.slice(-40) },
      { repo_id: 'o/d', repo_type: 'dataset', filename: 'data/train.csv' },
    ],
    scan: true,
  });
  expect(found.folder).toBe(folder);
  expect(Object.keys(found.files).sort()).toEqual(modelParts);
  expect(found.paths).toEqual([
    join(folder, 'model.safetensors'),
    join(request, 'config.json'),
    join(folder, 'config.json'),
    join(data, 'data/train.csv'),
  ]);
  expect(found.warnings).toEqual([]);
  expect(found.repos).toEqual([
    { id: 'o/d', type: 'dataset', files: 3, refs: ['main'], commits: [data.slice(-40)] },
    {
      id: 'o/m',
      type: 'model',
      files: modelParts.length + 1,
      refs: ['main', 'refs/pr/1'],
      commits: [folder.slice(-40), request.slice(-40)].sort(),
    },
  ]);
});

test('tactful finds offline what Python fetched from the same hub, and fetches only what is missing', async () => {
  const { hub, env, options, run } = await hubWith({ repos });
  const whole = await run({ snapshot: { repo_id: 'o/m' } }, online);
  expect(whole.files).toMatchObject({ 'model.safetensors': weights.length, 'README.md': 9 });
  await run({ snapshot: { repo_id: 'o/m', revision: 'refs/pr/1' } }, online);
  await run({ snapshot: { repo_id: 'o/d', repo_type: 'dataset' } }, online);
  const parts = ['adapter_config.json', 'adapter_model.safetensors'];
  await run({ snapshot: { repo_id: 'o/lora', allow_patterns: parts } }, online);

  const before = hub.requests.length;
  const offline = { ...options, env: { ...env, HF_HUB_OFFLINE: '1' } };
  expect(await locateModel('o/m', offline)).toBe(whole.folder);
  const request = await locateModel('o/m', { ...offline, revision: 'refs/pr/1' });
  expect(await readFile(join(request, 'config.json'), 'utf8')).toBe('{"pr":1}');
  expect(await filesIn(await locateData('o/d', offline))).toContain('data/train.csv');
  await locateAdapter('o/lora', offline);
  expect(hub.requests).toHaveLength(before);

  await locateModel('o/m', options);
  const lora = await locateAdapter('o/lora', options);
  const fetched = hub.requests.slice(before).filter(({ path }) => !path.startsWith('/api/'));
  expect(fetched.map(({ path }) => path.replace(/[?].*/, ''))).toEqual([
    `/o/lora/resolve/${lora.slice(-40)}/value_head.safetensors`,
    expect.stringMatching(/^\/blobs\//),
  ]);
});

test('both may fetch the same model at the same time', async () => {
  const { options, run } = await hubWith({
    repos,
    fault: ({ host }) => (host === 'cdn' ? { slow: { bytes: 10_000, pause: 100 } } : undefined),
  });
  const [theirs, ours] = await Promise.all([
    run({ snapshot: { repo_id: 'o/m' }, scan: true }, online),
    new Promise((resolve) => setTimeout(resolve, 1500)).then(() => locateModel('o/m', options)),
  ]);
  expect(ours).toBe(theirs.folder);
  expect(await readFile(join(ours, 'model.safetensors'))).toEqual(weights);
  expect((await run({ scan: true })).warnings).toEqual([]);
});

test('Python fetches what tactful pushed', async () => {
  const { env, options, run } = await hubWith({ repos });
  const token = { HF_TOKEN: 'hf_write' };
  const folder = await locateModel('o/m', options);
  await pushFolder(folder, 'me/copy', { ...options, env: { ...env, ...token }, private: true });
  const { files } = await run({ snapshot: { repo_id: 'me/copy' } }, { ...online, ...token });
  expect(Object.keys(files).sort()).toEqual(['.gitattributes', ...modelParts]);
  expect(files['model.safetensors']).toBe(weights.length);
});
