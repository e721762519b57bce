import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Adapter,
  readAdapter,
  readValueHead,
  writeAdapter,
  writeValueHead,
} from '../../src/adapter/peft.ts';
import { TactfulError } from '../../src/errors.ts';
import { float32 } from '../../src/tensor.ts';
import { scratchFolders } from '../hub/folder.ts';
import { type ZipEntry, zip } from '../install/zip.ts';
import { mutatedBytes } from '../tensors/mutations.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 1000);
const newFolder = scratchFolders();
const adapter: Adapter = {
  config: { rank: 2, alpha: 4, targetModules: ['q'], rsLora: false, dropout: 0, baseModel: 'base' },
  tensors: new Map([
    ['block.0.q.lora_A.weight', float32([1, 2, 3, 4, 5, 6], [2, 3])],
    ['block.0.q.lora_B.weight', float32([1, 2, 3, 4], [2, 2])],
  ]),
};
const head = new Map([
  ['v_head.summary.weight', float32([1, 2, 3], [1, 3])],
  ['v_head.summary.bias', float32([4])],
]);

/** The files of the adapter with its value head, in a folder of a zip. */
async function entriesIn(place: string): Promise<ZipEntry[]> {
  const folder = await newFolder();
  await writeAdapter(folder, adapter);
  await writeValueHead(folder, head);
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => ({ name: place + name, data: await readFile(join(folder, name)) })),
  );
}

async function zipFile(entries: readonly ZipEntry[]): Promise<string> {
  const path = join(await newFolder(), 'model-checkpoint-files.zip');
  await writeFile(path, zip(entries));
  return path;
}

/** A folder for temporary files of these tests alone: others run at the same time. */
const { TMPDIR } = process.env;
beforeAll(async () => {
  process.env.TMPDIR = await newFolder();
});
afterAll(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
});

/** What is left of adapters that were unpacked. */
const leftOver = () => readdir(tmpdir());

describe('an adapter in a zip', () => {
  test.each(['', 'checkpoint/', 'a/b c/é/'])('is read from the folder "%s"', async (place) => {
    const beside = [
      { name: '__MACOSX/._adapter_config.json', data: 'x' },
      { name: 'README.md', data: 'An adapter.' },
      { name: 'other/', data: '' },
    ];
    const path = await zipFile([...beside, ...(await entriesIn(place))]);
    expect(await readAdapter(path)).toMatchObject(adapter);
    expect(new Map(await readValueHead(path))).toEqual(head);
    expect(await leftOver()).toEqual([]);
  });

  test('has no value head when there is none', async () => {
    const [config, tensors] = await entriesIn('');
    expect(await readValueHead(await zipFile([config, tensors]))).toBeUndefined();
  });

  test('is named in messages, and leaves nothing behind when it is refused', async () => {
    const [config] = await entriesIn('x/');
    const path = await zipFile([config]);
    await expect(readAdapter(path)).rejects.toThrow(
      `${path}: expected adapter_model.safetensors or adapter_model.bin, got no such file.`,
    );
    expect(await leftOver()).toEqual([]);
  });
});

describe('refused', () => {
  const config = { name: 'adapter_config.json', data: '{}' };
  test.each<[string, ZipEntry[], string]>([
    [
      'no adapter',
      [{ name: 'x', data: '' }],
      'expected an adapter (adapter_config.json), got none',
    ],
    [
      'several',
      [config, { ...config, name: 'step-2/adapter_config.json' }],
      'expected one adapter, got adapter_config.json, step-2/adapter_config.json. Unpack it',
    ],
    ['a config twice', [config, config], 'expected each name once, got adapter_config.json twice'],
    [
      'a way out',
      [config, { name: '../../x', data: 'y' }],
      'expected plain files with names below',
    ],
    ['an absolute path', [config, { name: '/x', data: 'y' }], 'expected plain files with names'],
    ['a way out of Windows', [config, { name: '..\\x', data: 'y' }], 'expected plain files with'],
    [
      'a link',
      [config, { name: 'adapter_model.bin', data: '/etc/passwd', link: true }],
      'a link: ad',
    ],
    [
      'a bomb',
      [config, { name: 'adapter_model.bin', data: new Uint8Array(2 ** 25) }],
      'expected files packed at most 200 times, got 33554432 bytes out of',
    ],
    [
      'a config without end',
      [{ name: 'adapter_config.json', data: Buffer.alloc(2 ** 24 + 1, ' ') }],
      'expected a adapter_config.json of at most 16777216 bytes',
    ],
    [
      'too many files',
      [config, ...Array.from({ length: 10_000 }, (_, i) => ({ name: `${i}`, stored: true }))],
      'expected at most 10000 files, got 10001.',
    ],
  ])('%s', async (_, entries, message) => {
    await expect(readAdapter(await zipFile(entries))).rejects.toThrow(message);
    expect(await leftOver()).toEqual([]);
  });

  test('sizes that lie, and more than 2 GB', async () => {
    const entries = await entriesIn('');
    const path = await zipFile(entries);
    const bytes = zip(entries);
    const at = bytes.indexOf('PK\x01\x02');
    bytes.writeUInt32LE(bytes.readUInt32LE(at + 24) - 1, at + 24);
    await writeFile(path, bytes);
    await expect(readAdapter(path)).rejects.toThrow('expected adapter_config.json whole, got');
    bytes.writeUInt32LE(2 ** 32 - 2, at + 24);
    await writeFile(path, bytes);
    await expect(readAdapter(path)).rejects.toThrow('expected at most 2147483648 bytes unpacked');
  });

  test('a file that is no zip', async () => {
    const path = join(await newFolder(), 'adapter.bin');
    await writeFile(path, 'x');
    await expect(readAdapter(path)).rejects.toThrow('adapter.bin: expected a zip file, got');
  });
});

test('a changed zip is read or refused, and nothing is written elsewhere', async () => {
  const good = zip(await entriesIn('step-1/'));
  const around = await newFolder();
  const inside = join(around, 'inside');
  await mkdir(inside);
  const path = join(inside, 'adapter.zip');
  const names = fc.constantFrom(
    '../x',
    '/x',
    'adapter_config.json',
    'step-1/../../x',
    'PK\x05\x06',
  );
  const change = fc.option(fc.tuple(names, fc.nat(good.length - 20))).chain((name) => {
    const bytes = Buffer.from(good);
    if (name) bytes.write(name[0], name[1], 'latin1');
    return mutatedBytes(bytes);
  });
  const property = fc.asyncProperty(change, async (bytes) => {
    await writeFile(path, bytes);
    try {
      // whoever gets through the CRCs has the adapter as it was
      expect((await readAdapter(path)).tensors).toEqual(adapter.tensors);
    } catch (error) {
      expect(error).toBeInstanceOf(TactfulError);
    }
  });
  await fc.assert(property, { numRuns: Math.ceil(runs / 10) });
  expect(await readdir(around)).toEqual(['inside']);
  expect(await readdir(inside)).toEqual(['adapter.zip']);
  expect(await leftOver()).toEqual([]);
});
