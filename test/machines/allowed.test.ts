import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { fingerprintFile } from '../../src/disk/fingerprint.ts';
import { allowModels, embeddedModels } from '../../src/machines/allowed.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();

test('the models of the demo are found, and their weights by their fingerprints', async () => {
  const folders = await embeddedModels();
  expect(folders.map((one) => basename(one)).sort()).toEqual(['adapter', 'model', 'reward-model']);
  const told: [number, number][] = [];
  const { models, fileOf } = await allowModels(folders, (done, total) => told.push([done, total]));
  for (const { files } of models) {
    for (const file of files) expect(await fileOf(await fingerprintFile(file))).toBe(file);
  }
  expect(await fileOf('0'.repeat(64))).toBeUndefined();
  const all = models.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(told[0]).toEqual([0, all]);
  expect(told.at(-1)).toEqual([all, all]);
});

test('a file that has changed is another one, and one that is gone is none', async () => {
  const folder = await newFolder();
  const file = join(folder, 'model.safetensors');
  await writeFile(file, 'one');
  const before = await fingerprintFile(file);
  const { fileOf } = await allowModels([folder]);
  expect(await fileOf(before)).toBe(file);
  await writeFile(file, 'another');
  expect(await fileOf(before)).toBeUndefined();
  expect(await fileOf(await fingerprintFile(file))).toBe(file);
  await writeFile(file, 'one');
  expect(await fileOf(before)).toBe(file);
  await rm(file);
  expect(await fileOf(before)).toBeUndefined();
});

test('a folder without weights is refused, and so is one that is not there', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, 'config.json'), '{}');
  await expect(allowModels([folder])).rejects.toThrow(
    'expected a folder with weights, got one without.',
  );
  await expect(allowModels([join(folder, 'none')])).rejects.toThrow(
    /none: expected a folder with weights, got no such/,
  );
  await mkdir(join(folder, 'empty'));
  await expect(allowModels([join(folder, 'empty')])).rejects.toThrow('one without');
});
