import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderStore } from '../../src/store/run-folder.ts';
import { memoryStore } from '../../src/store/store.ts';
import { storeContract } from '../contract/store.ts';

const folder = () => mkdtemp(join(tmpdir(), 'tactful-store-'));

storeContract('memoryStore', async () => memoryStore());
storeContract('folderStore', async () => folderStore(await folder()));
storeContract('folderStore in a folder yet to be made', async () =>
  folderStore(join(await folder(), 'runs')),
);

test('a folder of runs may hold other things, which are no runs', async () => {
  const directory = await folder();
  await writeFile(join(directory, 'notes.txt'), 'events.jsonl');
  expect(await folderStore(directory).list()).toEqual([]);
});
