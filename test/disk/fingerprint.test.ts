import { createHash } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  checkFingerprints,
  fingerprint,
  fingerprintFile,
  fingerprintFolder,
} from '../../src/disk/fingerprint.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

test('the fingerprint of a file is its SHA-256', async () => {
  const path = join(await newFolder(), 'file');
  await writeFile(path, 'abc');
  expect(await fingerprintFile(path)).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', // FIPS 180-2, appendix B.1
  );
});

test('a large file is read piece by piece, not into memory', async () => {
  const path = join(await newFolder(), 'large');
  const file = await open(path, 'w');
  await file.truncate(2 ** 28); // 256 MiB of zeros, which take no room on disk
  await file.close();
  const before = process.memoryUsage.rss();
  const print = await fingerprintFile(path);
  expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 27);
  const zeros = createHash('sha256');
  for (let i = 0; i < 256; i++) zeros.update(new Uint8Array(2 ** 20));
  expect(print).toBe(zeros.digest('hex'));
});

test('of a folder count weights, config and tokenizer, and nothing else', async () => {
  const folder = await newFolder();
  const decisive = [
    'adapter_model.safetensors',
    'added_tokens.json',
    'config.json',
    'merges.txt',
    'tokenizer.json',
  ];
  const others = ['README.md', 'generation_config.json', 'training.json', 'best.json'];
  for (const name of [...decisive, ...others]) await writeFile(join(folder, name), name);
  await mkdir(join(folder, 'inside.d'));
  const expected = Object.fromEntries(decisive.map((name) => [name, sha256(name)]));
  expect(await fingerprintFolder(folder)).toEqual(expected);
});

test('roles stand before the names', async () => {
  const folder = await newFolder();
  const [model, data] = [join(folder, 'model'), join(folder, 'data.csv')];
  await mkdir(model);
  await writeFile(join(model, 'config.json'), '{}');
  await writeFile(data, 'rows');
  expect(await fingerprint({ model, adapter: undefined, data })).toEqual({
    'model/config.json': sha256('{}'),
    data: sha256('rows'),
  });
});

test('what is not there is an error that names it', async () => {
  const path = join(await newFolder(), 'missing');
  const message = `${path}: expected a readable file, got no such file. Check the path.`;
  await expect(fingerprint({ data: path })).rejects.toThrow(message);
  await expect(fingerprintFile(path)).rejects.toThrow(message);
  await expect(fingerprintFolder(path)).rejects.toThrow(message);
});

const [old, now] = [sha256('old'), sha256('new')];
const sources = { model: 'models/t5', data: 'rows.csv' };
const remedy = 'Put it back as it was, or start a new run.';

test.each([
  [
    { data: now },
    `data rows.csv: expected sha256 ${old.slice(0, 12)}…, as when the run began, got sha256 ${now.slice(0, 12)}…. ${remedy}`,
  ],
  [
    { data: old, 'model/config.json': now },
    `model ${join('models', 't5', 'config.json')}: expected no file, as when the run began, got sha256 ${now.slice(0, 12)}…. ${remedy}`,
  ],
  [{}, `data rows.csv: expected sha256 ${old.slice(0, 12)}…, as when the run began, got no file.`],
])('a difference is refused by name: %j', (changed, message) => {
  expect(() => checkFingerprints({ data: old }, changed, sources)).toThrow(message);
});

test('tokens that are added elsewhere count, but for runs of versions that did not look at them', () => {
  const added = { 'model/added_tokens.json': now };
  checkFingerprints({ data: old }, { data: old, ...added }, sources);
  const changed = () => checkFingerprints({ data: old, ...added }, { data: old }, sources);
  expect(changed).toThrow('added_tokens.json: expected sha256');
});

test('no difference is fine, wherever the files lie now', () => {
  const prints = { data: old, 'model/config.json': now };
  checkFingerprints(prints, { ...prints }, { model: 'elsewhere', data: 'other.csv' });
});
