import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type DialogueSettings, dataSources, readDialogues } from '../../src/data/dialogues.ts';
import { scratchFolders } from '../hub/folder.ts';

const scratch = scratchFolders();

async function dataOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await scratch();
  await mkdir(join(folder, 'data'));
  for (const [name, rows] of Object.entries(files)) {
    const lines = [...rows].map((letter) => `${letter.repeat(3)},s`);
    await writeFile(join(folder, name), `article,summary\n${lines.join('\n')}\n`);
  }
  return folder;
}

const base = { minimumLength: 0, maximumLength: 10, testShare: 0.2 };
const read = async (settings: Partial<DialogueSettings> & { readonly data: string }) => {
  const { train, test, sizes } = await readDialogues({ ...base, ...settings });
  const letters = (items: typeof train) => items.map(({ dialogue }) => dialogue[0]).join('');
  return { train: letters(train), test: letters(test), sizes };
};

test('the end of the training part is held out', async () => {
  const data = await dataOf({ 'train.csv': 'abcdefghij', 'test.csv': 'xyz' });
  const lengths = { rows: 10, kept: 10, train: 8, test: 2 };
  const expected = {
    train: 'abcdefgh',
    test: 'ij',
    sizes: { ...lengths, columns: { dialogue: 'article' } },
  };
  expect(await read({ data })).toEqual(expected);
  expect((await read({ data, split: 'test' })).train).toBe('xy');
});

test('another part of the folder, or other data, is held out instead', async () => {
  const files = { 'train.csv': 'abc', 'test.csv': 'xyz', 'dev.csv': 'pq' };
  const [data, testData] = [
    await dataOf(files),
    await dataOf({ 'test.csv': 'mn', 'train.csv': 'o' }),
  ];
  const parts = async (more: Partial<DialogueSettings>) => {
    const { train, test, sizes } = await read({ data, ...more });
    expect([sizes.train, sizes.test, sizes.rows]).toEqual([
      train.length,
      test.length,
      train.length + test.length,
    ]);
    return [train, test];
  };
  expect(await parts({ testSplit: 'test' })).toEqual(['abc', 'xyz']);
  expect(await parts({ testSplit: 'validation', split: 'test' })).toEqual(['xyz', 'pq']);
  expect(await parts({ testData })).toEqual(['abc', 'mn']);
  expect(await parts({ testData, testSplit: 'train' })).toEqual(['abc', 'o']);
  expect(await parts({ testData: join(testData, 'test.csv'), maxRows: 1 })).toEqual(['a', 'm']);
});

test('what is trained on cannot be held out', async () => {
  const data = await dataOf({ 'train.csv': 'abc', 'rows.csv': 'x' });
  const file = join(data, 'train.csv');
  const message = `: expected other files than those to train on, got ${file}.`;
  const parts = `${message} Set \`split\` and \`testSplit\` to two parts.`;
  await expect(read({ data, testSplit: 'train' })).rejects.toThrow(`\`testSplit\`${parts}`);
  await expect(read({ data, testData: file })).rejects.toThrow(`\`testData\`${parts}`);
  await expect(read({ data: file, testData: file })).rejects.toThrow(
    `\`testData\`${message} Name another file.`,
  );
});

test('there is something in both parts', async () => {
  const data = await dataOf({ 'train.csv': 'abc', 'test.csv': 'x' });
  await expect(read({ data, testSplit: 'test', minimumLength: 5 })).rejects.toThrow(
    `${data}: expected dialogues to train on and to hold out, got 0 and 0.`,
  );
});

test('bad rows of both parts are counted', async () => {
  const data = await dataOf({ 'train.csv': 'abc', 'test.csv': 'xyz' });
  for (const name of ['train.csv', 'test.csv']) {
    await writeFile(join(data, name), 'dialogue,summary\na,s\n,s\nb,s\n');
  }
  const { skipped, rows } = (await read({ data, testSplit: 'test' })).sizes;
  expect([skipped?.count, skipped?.first.map(({ where }) => where), rows]).toEqual([
    2,
    [`${join(data, 'train.csv')}:3`, `${join(data, 'test.csv')}:3`],
    4,
  ]);
});

test('the files that a run reads are told by their role', async () => {
  const data = await dataOf({ 'train.csv': 'a', 'data/test-00000-of-00001.csv': 'x' });
  expect(await dataSources({ data, testSplit: 'test' })).toEqual({
    'data train.csv': join(data, 'train.csv'),
    'data data.test-00000-of-00001.csv': join(data, 'data', 'test-00000-of-00001.csv'),
  });
  const path = join(data, 'train.csv');
  expect(await dataSources({ data: path })).toEqual({ data: path });
});
