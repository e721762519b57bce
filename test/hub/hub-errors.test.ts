import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TactfulError } from '../../src/errors.ts';
import { filesIn } from '../../src/hub/hub-cache.ts';
import { shardsOf } from '../../src/hub/hub-choice.ts';
import { checkFileName, checkRevision, parseRepo } from '../../src/hub/hub-names.ts';
import { locateAdapter, locateData, locateModel } from '../../src/hub/locate.ts';
import { temporaryFolder } from '../model/tiny.ts';
import { adapter, dataset, model } from './hub-model.ts';
import { type HubOptions, startHub } from './hub-server.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 1000);

async function hubWith(options: HubOptions) {
  const hub = await startHub(options);
  onTestFinished(hub.close);
  const home = await temporaryFolder();
  const env = hub.env(home);
  return { hub, home, env, options: { env, pauses: [] } };
}

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TactfulError);
  return (error as Error).message;
}

describe('a name that is no path here:', () => {
  test.each([
    './models/x',
    'models/x/y',
    '../x',
    '/nowhere/x',
    'x.csv',
    'a/x.csv',
    'v1.1',
    'x\\y',
    '',
    'a/',
    '~/x',
    'a\0b',
  ])('%j is not looked for on the hub', async (name) => {
    const env = { HF_ENDPOINT: 'http://127.0.0.1:9' };
    const text = await messageOf(locateData(name, { env }));
    expect(text).toContain('expected a file or folder of data, got no such file or folder.');
  });

  test('owner/name that the hub lacks may have been meant for either', async () => {
    const { hub, options } = await hubWith({});
    expect(await messageOf(locateModel('models/x', options))).toBe(
      `models/x: expected a file, a folder or a model on the hub, got no such file or folder, and no such model at ${hub.url}, or a private one (sent without a token). Is the name right? For a private one set HF_TOKEN.`,
    );
    const env = { ...options.env, HF_TOKEN: 'hf_read' };
    expect(await messageOf(locateData('hf://o/d', { ...options, env }))).toBe(
      `o/d: expected a dataset on the hub, got no such dataset at ${hub.url}, or a private one (sent with the token of HF_TOKEN). Is the name right, and may the account of the token read it?`,
    );
  });

  test.each(['hf://', 'hf://a/b/c', 'hf://datasets/a/b', 'hf://a/b@main', 'hf://../x'])(
    '%s names no model',
    async (name) => {
      expect(await messageOf(locateModel(name))).toContain('expected hf://owner/name of a model');
    },
  );
});

describe('the hub refuses, and it is told why:', () => {
  test('a revision that is not there', async () => {
    const { hub, options } = await hubWith({ repos: { 'o/m': model } });
    for (const revision of ['v9', '0'.repeat(40)]) {
      expect(await messageOf(locateModel('o/m', { ...options, revision }))).toBe(
        `o/m: expected a branch, a tag or a commit of it, got "${revision}". They are listed at ${hub.url}/o/m/tree/main.`,
      );
    }
  });

  test('a gated model, without and with a token', async () => {
    const { hub, options } = await hubWith({ repos: { 'o/m': { files: model, gated: [] } } });
    expect(await messageOf(locateModel('o/m', options))).toBe(
      `o/m: expected a model that is open to you, got a gated one. Accept its terms at ${hub.url}/o/m and set HF_TOKEN to a token of that account.`,
    );
    const env = { ...options.env, HF_TOKEN: 'hf_read' };
    expect(await messageOf(locateModel('o/m', { ...options, env }))).toContain(
      `The account of the token of HF_TOKEN has not been let in: ask for it at ${hub.url}/o/m.`,
    );
  });

  test('a token that is not valid, without showing it', async () => {
    const { hub, home, options } = await hubWith({ repos: { 'o/m': model } });
    await writeFile(join(home, 'token'), 'hf_old');
    const text = await messageOf(locateModel('o/m', options));
    expect(text).toBe(
      `${hub.url}: expected a token that it knows, got the token of ${join(home, 'token')}, refused. Make a new one at ${hub.url}/settings/tokens, or unset it.`,
    );
  });

  test('a model whose files are not for us', async () => {
    const { options } = await hubWith({
      repos: {
        'o/flax': { 'config.json': '{}', 'flax_model.msgpack': 'x', 'tf_model.h5': 'y' },
        'o/lora': adapter,
        'datasets/o/d': { 'README.md': '', 'x.wav': '' },
      },
    });
    expect(await messageOf(locateModel('o/flax', options))).toContain(
      'o/flax: expected model.safetensors or pytorch_model.bin, got only flax_model.msgpack, tf_model.h5.',
    );
    expect(await messageOf(locateModel('o/lora', options))).toContain(
      'It is an adapter: name its base model, and this one as the adapter.',
    );
    expect(await messageOf(locateAdapter('o/flax', options))).toContain(
      'expected adapter_config.json, and adapter_model.safetensors or adapter_model.bin, got only',
    );
    expect(await messageOf(locateData('o/d', options))).toContain(
      'expected a csv, tsv, json, jsonl or parquet file, got none.',
    );
  });

  test('a file that is listed and not there', async () => {
    const fault: HubOptions['fault'] = ({ path }) =>
      path.endsWith('/config.json')
        ? { status: 404, headers: { 'x-error-code': 'EntryNotFound' } }
        : undefined;
    const { hub, options } = await hubWith({ repos: { 'o/m': model }, fault });
    expect(await messageOf(locateModel('o/m', options))).toBe(
      `o/m: expected the file config.json, got no such file at ${hub.url}/o/m.`,
    );
  });

  test.each<[string, number, Record<string, string>, string]>([
    [
      'disabled',
      403,
      { 'x-error-message': 'Access to this resource is disabled.' },
      'got one that the hub has disabled',
    ],
    [
      'forbidden',
      403,
      { 'x-error-message': 'Your\u001b[31m plan' },
      'expected status 200, got 403: Your [31m plan.',
    ],
    ['strange', 418, {}, 'expected status 200, got 418.'],
  ])('a model that is %s', async (_, status, headers, text) => {
    const bytes = Object.entries(headers).map(([k, v]) => [k, v.replace('\u001b', '\u0085')]);
    const { options } = await hubWith({
      repos: { 'o/m': model },
      fault: () => ({ status, headers: Object.fromEntries(bytes) }),
    });
    expect(await messageOf(locateModel('o/m', options))).toContain(text);
  });
});

describe('without a way to the hub,', () => {
  test('what is not in the cache is told, and where it was looked for', async () => {
    const home = await temporaryFolder();
    const env = { HF_HOME: home, HF_ENDPOINT: 'http://127.0.0.1:9' };
    const offline = await messageOf(locateModel('o/m', { env: { ...env, HF_HUB_OFFLINE: 'yes' } }));
    expect(offline).toBe(
      `o/m: expected a file, a folder or a model on the hub, got no such file or folder, and not all of it in the cache ${join(home, 'hub')} (revision main), and HF_HUB_OFFLINE forbids the network. Fetch it once with a network; HF_HOME and HF_HUB_CACHE choose another cache.`,
    );
    const away = await messageOf(locateModel('hf://o/m', { env, pauses: [] }));
    expect(away).toMatch(
      /^o\/m: expected a model on the hub, got not all of it in .*, and http:\/\/127\.0\.0\.1:9\/api\/models\/o\/m\/revision\/main: .+\. Fetch it once/,
    );
  });

  test('a part of a model in the cache is not enough', async () => {
    const home = await temporaryFolder();
    const env = { HF_HOME: home, HF_HUB_OFFLINE: '1' };
    const sha = 'a'.repeat(40);
    const folder = join(home, 'hub/models--o--m');
    await mkdir(join(folder, 'refs'), { recursive: true });
    await writeFile(join(folder, 'refs/main'), sha);
    await mkdir(join(folder, 'snapshots', sha), { recursive: true });
    await writeFile(join(folder, 'snapshots', sha, 'config.json'), '{}');
    expect(await messageOf(locateModel('o/m', { env }))).toContain('not all of it in the cache');
    await writeFile(join(folder, 'snapshots', sha, 'model.safetensors'), '');
    expect(await locateModel('o/m', { env })).toBe(join(folder, 'snapshots', sha));
  });
});

test.each<[string, NodeJS.ProcessEnv, string]>([
  ['an address that is none', { HF_ENDPOINT: 'hub' }, 'HF_ENDPOINT: expected an address'],
  ['an address with a password', { HF_ENDPOINT: 'http://me:pass@x' }, 'got http://…@x.'],
  ['a token on two lines', { HF_TOKEN: 'hf_a\nhf_b' }, 'HF_TOKEN: expected one access token'],
  ['a timeout that is none', { HF_HUB_DOWNLOAD_TIMEOUT: 'x' }, 'expected seconds above 0'],
])('%s is told of', async (_, more, text) => {
  const env = { HF_HOME: await temporaryFolder(), ...more };
  const message = await messageOf(locateModel('o/m', { env }));
  expect(message).toContain(text);
  expect(message).not.toMatch(/hf_a|pass@/);
});

test('a cache that cannot be written is told of', async () => {
  const { home, options } = await hubWith({ repos: { 'o/m': model } });
  await writeFile(join(home, 'hub'), 'a file in its place');
  expect(await messageOf(locateModel('o/m', options))).toMatch(
    /hub\/models--o--m.*: expected a place that can be written, got a file where a folder has to be\. Choose another cache/,
  );
});

describe('what a hub makes up is refused:', () => {
  const evil = [
    '../../evil.csv',
    '/evil.csv',
    'a/../../evil.csv',
    'C:\\evil.csv',
    'c:evil.csv',
    'a\\..\\evil.csv',
    'a//b.csv',
    './x.csv',
  ];
  test.each(evil)('a file called %s', async (path) => {
    const { home, options } = await hubWith({
      repos: { 'datasets/o/d': dataset },
      listed: (entry) => ({ ...entry, path: entry.path === 'data/train.csv' ? path : entry.path }),
    });
    expect(await messageOf(locateData('o/d', options))).toContain(
      `o/d: expected files with plain relative names, got ${JSON.stringify(path)}. Nothing was written.`,
    );
    expect((await filesIn(home)).size).toBe(0);
  });

  test.each<[string, Record<string, unknown>]>([
    ['a hash that is a path', { oid: '../../../../evil' }],
    ['a hash of another length', { lfs: { oid: 'abc', size: 1 } }],
    ['a size below zero', { size: -1 }],
    ['a name that is none', { path: 7 }],
    ['a thing that is neither file nor folder', { type: 'link' }],
  ])('%s', async (_, wrong) => {
    const { home, options } = await hubWith({
      repos: { 'datasets/o/d': dataset },
      listed: (entry) => ({ ...entry, ...wrong }),
    });
    expect(await messageOf(locateData('o/d', options))).toMatch(/files of o\/d: (\w+: )*expected/);
    expect((await filesIn(home)).size).toBe(0);
  });

  test.each<[string, string, string]>([
    ['/revision/', '{"sha":"../../x"}', 'sha: expected a hash'],
    ['/revision/', 'null', "expected the hub's JSON"],
    ['/revision/', '<html>sign in</html>', 'is no sign-in page in between?'],
    ['/tree/', '{}', "expected the hub's JSON"],
    ['/tree/', '[null]', 'expected a file with path, size and hash, or a folder, got null'],
    ['/tree/', '[', "expected the hub's JSON"],
  ])('for %s the answer %s', async (part, body, text) => {
    const { options } = await hubWith({
      repos: { 'o/m': model },
      fault: ({ path }) => (path.includes(part) ? { body } : undefined),
    });
    expect(await messageOf(locateModel('o/m', options))).toContain(text);
  });

  test('redirects without end, and one to a file of this machine', async () => {
    for (const [location, text] of [
      ['/o/m', 'more than 10 redirects'],
      ['file:///etc/passwd', 'status 302 to file:///etc/passwd'],
    ]) {
      const { options } = await hubWith({
        repos: { 'o/m': model },
        fault: ({ path }) =>
          path.includes('/resolve/') || path === '/o/m'
            ? { status: 302, headers: { location } }
            : undefined,
      });
      expect(await messageOf(locateModel('o/m', options))).toContain(text);
    }
  });

  test('an index that names files elsewhere, or shards that are not there', async () => {
    const index = (shard: string) => JSON.stringify({ weight_map: { a: shard } });
    for (const [shard, text] of [
      ['../x.safetensors', 'expected shards named *.safetensors or *.bin beside it'],
      ['x.safetensors', 'expected the shard x.safetensors'],
    ]) {
      const files = { 'config.json': '{}', 'model.safetensors.index.json': index(shard) };
      const { options } = await hubWith({ repos: { 'o/m': files } });
      expect(await messageOf(locateModel('o/m', options))).toContain(text);
    }
  });
});

const piece = fc.constantFrom(
  '.',
  '..',
  'a',
  'b1',
  '/',
  '\\',
  ':',
  '@',
  '-',
  '--',
  'C',
  '\0',
  ' ',
  '~',
  '%',
  'refs',
  '.lock',
  '.git',
);
const text = fc.oneof(
  fc.string(),
  fc.array(piece, { maxLength: 6 }).map((all) => all.join('')),
);

test('no name or revision that is let through leads out of a folder', () => {
  const inside = (path: string) => {
    const parts = path.split('/');
    return (
      parts.every((part) => part !== '' && part !== '.' && part !== '..') && !/[\\:\0]/.test(path)
    );
  };
  const property = fc.property(text, (name) => {
    const repo = parse(() => parseRepo(name, 'model'));
    if (repo) expect(inside(repo.name)).toBe(true);
    const hub = parse(() => parseRepo(`hf://${name}`, 'dataset'));
    if (hub) expect(inside(hub.name)).toBe(true);
    if (parse(() => checkRevision(name) ?? true)) expect(inside(name)).toBe(true);
    if (parse(() => checkFileName(name, 'x') ?? true)) expect(inside(name)).toBe(true);
  });
  fc.assert(property, { numRuns: runs / 2 });
});

test('an index of shards is names beside it, or is refused, whatever its bytes are', () => {
  const json = fc.oneof(
    fc.json(),
    fc.dictionary(fc.string(), text).map((map) => JSON.stringify({ weight_map: map })),
    fc.dictionary(fc.string(), text).map((map) => JSON.stringify({ weight_map: shards(map) })),
  );
  const property = fc.property(json, (content) => {
    const found = parse(() => shardsOf(new TextEncoder().encode(content), 'x'));
    for (const name of found ?? []) {
      expect(name).not.toMatch(/[/\\:]|^\./);
      checkFileName(name, 'x');
    }
  });
  fc.assert(property, { numRuns: runs / 2 });
});

function shards(names: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(names).map(([key, name]) => [key, `${name}.bin`]));
}

/** What it gives; undefined for an error of ours, any other goes on. */
function parse<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    expect(error).toBeInstanceOf(TactfulError);
    return undefined;
  }
}

test.each([
  't5-small',
  'gpt2',
  'google/flan-t5-base',
  'Qwen/Qwen2.5-0.5B',
  'facebook/roberta-hate-speech-dynabench-r4-target',
  'bigscience/T0_3B',
])('%s is a name on the hub', (name) => {
  expect(parseRepo(name, 'model')).toEqual({ type: 'model', name });
});

test.each(['main', 'v1.0', 'refs/pr/1', 'feature/x-y_z', 'a'.repeat(40), 'abc1234'])(
  '%s is a revision',
  (revision) => {
    expect(() => checkRevision(revision)).not.toThrow();
  },
);
