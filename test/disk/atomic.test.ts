import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  mendFolder,
  removeFolderAtomic,
  writeFileAtomic,
  writeFolderAtomic,
} from '../../src/disk/atomic.ts';
import { scratchFolders } from '../hub/folder.ts';

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

/** A folder with one file. */
async function filled(folder: string, content: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'file'), content);
}

const contentOf = (folder: string) => readFile(join(folder, 'file'), 'utf8');

test('a folder is written whole, in place of an old one too, and nothing else is left', async () => {
  const parent = await newFolder();
  const folder = join(parent, 'made', 'result');
  for (const content of ['old', 'new']) {
    await writeFolderAtomic(folder, async (temporary) => {
      expect(temporary).not.toBe(folder);
      await filled(temporary, content);
      await filled(join(temporary, 'inside'), content);
    });
    expect([await contentOf(folder), await contentOf(join(folder, 'inside'))]).toEqual([
      content,
      content,
    ]);
  }
  expect(await readdir(join(parent, 'made'))).toEqual(['result']);
});

test('a failure while it is filled leaves the old folder and no other', async () => {
  const parent = await newFolder();
  const folder = join(parent, 'result');
  await filled(folder, 'old');
  const failing = writeFolderAtomic(folder, async (temporary) => {
    await filled(temporary, 'half');
    throw new Error('out of tensors');
  });
  await expect(failing).rejects.toThrow('out of tensors');
  expect(await contentOf(folder)).toBe('old');
  expect(await readdir(parent)).toEqual(['result']);
});

describe('after a kill', () => {
  const temporary = '.result.0b4e3c1c-9a1f-4c57-8f0b-6f3a1f6d2a10.tmp';

  test('while a folder was filled, the old one is as it was', async () => {
    const parent = await newFolder();
    await filled(join(parent, 'result'), 'old');
    await filled(join(parent, temporary), 'half');
    await mendFolder(parent);
    expect(await readdir(parent)).toEqual(['result']);
    expect(await contentOf(join(parent, 'result'))).toBe('old');
  });

  test('between the two renames, the old one comes back', async () => {
    const parent = await newFolder();
    await filled(join(parent, '.result.old'), 'old');
    await filled(join(parent, temporary), 'new');
    await mendFolder(parent);
    expect(await readdir(parent)).toEqual(['result']);
    expect(await contentOf(join(parent, 'result'))).toBe('old');
  });

  test('after the renames, the new one stays', async () => {
    const parent = await newFolder();
    await filled(join(parent, '.result.old'), 'old');
    await filled(join(parent, 'result'), 'new');
    await mendFolder(parent);
    expect(await readdir(parent)).toEqual(['result']);
    expect(await contentOf(join(parent, 'result'))).toBe('new');
  });

  test('what is no leftover stays: hidden files, another .tmp', async () => {
    const parent = await newFolder();
    const names = ['.hidden', '.notes.tmp', 'a.tmp', 'b.old'];
    for (const name of names) await writeFile(join(parent, name), '');
    await mendFolder(parent);
    expect((await readdir(parent)).sort()).toEqual(names);
  });

  test('there may be no folder to mend', async () => {
    await mendFolder(join(await newFolder(), 'missing'));
  });
});

test('a folder is removed with all that is in it', async () => {
  const parent = await newFolder();
  await filled(join(parent, 'result', 'inside'), 'old');
  await removeFolderAtomic(join(parent, 'result'));
  expect(await readdir(parent)).toEqual([]);
});
