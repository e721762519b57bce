import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { dropFolderBlobs, folderBlobs } from '../../src/machines/blobs.ts';
import { scratchFolders } from '../hub/folder.ts';
import { blobContract } from './blobs.contract.ts';

const newFolder = scratchFolders();
const run = '0123456789ab';

blobContract('bytes in a folder', async () => {
  const folder = await newFolder();
  return {
    open: (options) => folderBlobs(folder, options),
    async damage({ prefix, run }, name) {
      const file = join(folder, prefix, run, name);
      const bytes = await readFile(file);
      bytes[500] ^= 1;
      await writeFile(file, bytes);
    },
  };
});

test('a run that has ended leaves nothing in the folder, others stay', async () => {
  const folder = await newFolder();
  const options = { prefix: 'a:b', run };
  const blobs = await folderBlobs(folder, options);
  const other = await folderBlobs(folder, { ...options, run: 'f'.repeat(12) });
  await blobs.put('one', Uint8Array.of(1));
  await other.put('one', Uint8Array.of(2));
  await dropFolderBlobs(folder, options);
  await dropFolderBlobs(folder, options);
  expect(await blobs.get('one')).toBeUndefined();
  expect(await readdir(join(folder, 'a', 'b'))).toEqual(['f'.repeat(12)]);
});

test('a prefix is no way out of the folder', async () => {
  const folder = await newFolder();
  const inner = join(folder, 'inner');
  const blobs = await folderBlobs(inner, { prefix: '../../x', run });
  await blobs.put('one', Uint8Array.of(1));
  expect(await readdir(folder)).toEqual(['inner']);
});

test('a folder that cannot be made is told', async () => {
  const file = join(await newFolder(), 'file');
  await writeFile(file, '');
  const blobs = await folderBlobs(file, { prefix: 'a', run }).catch((error) => error);
  expect(blobs).toBeInstanceOf(UnavailableError);
  expect(blobs.message).toContain('name another folder by `shared`'.replace('n', 'N'));
});
