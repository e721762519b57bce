import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { checkResultFolder, writeRecord, writeResultFolder } from '../../src/disk/result-folder.ts';
import { scratchFolders } from '../hub/folder.ts';

const scratch = scratchFolders();
const write =
  (name: string, text = name) =>
  (folder: string) =>
    writeFile(join(folder, name), text);

test('a result takes the place of nothing, of an empty folder, and of an earlier result', async () => {
  const folder = join(await scratch(), 'deep', 'result');
  await writeResultFolder(folder, { job: 'sft', steps: 1 }, write('a'));
  await writeResultFolder(folder, { job: 'sft', steps: 2 }, write('b'));
  expect((await readdir(folder)).sort()).toEqual(['b', 'training.json']);
  const record = JSON.parse(await readFile(join(folder, 'training.json'), 'utf8'));
  expect(record).toEqual({ job: 'sft', steps: 2, files: ['b'] });
  expect(await readdir(dirname(folder))).toEqual(['result']);

  const empty = await scratch();
  await writeResultFolder(empty, { job: 'sft' }, write('a'));
  await writeRecord(empty, { job: 'sft', loss: 1 });
  expect((await readdir(empty)).sort()).toEqual(['a', 'training.json']);
});

test('a result that fails leaves the earlier one as it is, and no other folder', async () => {
  const folder = join(await scratch(), 'result');
  await writeResultFolder(folder, { job: 'sft' }, write('a'));
  const failing = writeResultFolder(folder, { job: 'sft' }, async (temporary) => {
    await write('half')(temporary);
    throw new Error('disk full');
  });
  await expect(failing).rejects.toThrow('disk full');
  expect((await readdir(folder)).sort()).toEqual(['a', 'training.json']);
  expect(await readdir(dirname(folder))).toEqual(['result']);
});

test('what is no earlier result of the job is refused with advice', async () => {
  const check = async (prepare: (folder: string) => Promise<void>) => {
    const folder = join(await scratch(), 'result');
    await mkdir(folder);
    await prepare(folder);
    return checkResultFolder(folder, 'sft');
  };
  await expect(check(write('config.json'))).rejects.toThrow(
    'expected a new or empty folder, or one that tactful sft wrote, got one that holds ' +
      'config.json. Name another folder by `output`.',
  );
  await expect(
    check((folder) => writeResultFolder(folder, { job: 'train-classifier' }, write('a'))),
  ).rejects.toThrow('got a result of tactful train-classifier.');
  const withNotes = check(async (folder) => {
    await writeResultFolder(folder, { job: 'sft' }, write('a'));
    await write('notes.txt')(folder);
  });
  await expect(withNotes).rejects.toThrow('got one that also holds notes.txt.');
  await expect(check(write('training.json', '{"epochs":3}'))).rejects.toThrow('training.json: job');
});

test('a file in the place of the folder is refused', async () => {
  const folder = await scratch();
  await write('file')(folder);
  await expect(checkResultFolder(join(folder, 'file'), 'sft')).rejects.toThrow('got a file.');
  await expect(checkResultFolder(join(folder, 'file', 'x'), 'sft')).rejects.toThrow('got a file.');
});
