import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileAtomic } from '../../src/hub/atomic.ts';
import { scratchFolders } from './folder.ts';

const newFolder = scratchFolders();

test('a file is written whole, over an old one too, and nothing else is left', async () => {
  const folder = await newFolder();
  const path = join(folder, 'made', 'file');
  await writeFileAtomic(path, 'old');
  await writeFileAtomic(path, [new Uint8Array([104, 105]), new Uint8Array([33])]);
  expect(await readFile(path, 'utf8')).toBe('hi!');
  expect(await readdir(join(folder, 'made'))).toEqual(['file']);
});

test('a failure half-way leaves the old file and no other', async () => {
  const folder = await newFolder();
  const path = join(folder, 'file');
  await writeFile(path, 'old');
  function* pieces() {
    yield new Uint8Array(10);
    throw new Error('out of tensors');
  }
  await expect(writeFileAtomic(path, pieces())).rejects.toThrow('out of tensors');
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['file']);
});

test('a failing rename leaves no temporary file', async () => {
  const folder = await newFolder();
  await mkdir(join(folder, 'taken'));
  await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toThrow();
  expect(await readdir(folder)).toEqual(['taken']);
});
