import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
    `${data}: expected dialogues to train on, got 0 dialogues of 3 rows: 3 are too short (5 ` +
      'characters or fewer) and 0 too long (more than 10); the shortest has 3, the median 3, the ' +
      'longest 3. Set `minimumLength` to 2 to keep all of them.',
  );
  await expect(read({ data, minimumLength: 1, maximumLength: 2 })).rejects.toThrow(
    `${data}: expected dialogues to train on and to hold out, got 0 dialogues of 3 rows: 0 are too ` +
      'short (1 characters or fewer) and 3 too long (more than 2); the shortest has 3, the median 3, ' +
      'the longest 3. Set `maximumLength` to 3 to keep all of them.',
  );
});

test('bad rows of both parts are counted', async () => {
  const data = await dataOf({ 'train.csv': 'abc', 'test.csv': 'xyz' });
  for (const name of ['train.csv', 'test.csv']) {
    const [a, b] = name === 'train.csv' ? 'ab' : 'xy';
    await writeFile(join(data, name), `dialogue,summary\n${a},s\n,s\n${b},s\n`);
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

async function written(text: string): Promise<string> {
  const path = join(await scratch(), 'rows.csv');
  await writeFile(path, text);
  return path;
}

describe('rows with the same dialogue', () => {
  const rows = ['a', 'b', 'c', 'd', 'e'].flatMap((letter) =>
    [1, 2, 3].map((n) => `${letter}_${n},${letter}${' '.repeat(n - 1)},${letter} ${n},t${n}`),
  );

  test('are one prompt with all their summaries, on one side of the split', async () => {
    const data = await written(`id,dialogue,summary,topic\n${rows.join('\n')}\n`);
    const { train, test: heldOut, sizes, notes } = await readDialogues({ ...base, data });
    expect([train.map(({ id }) => id), heldOut[0].summaries]).toEqual([
      ['a_1', 'b_1', 'c_1', 'd_1'],
      ['e 1', 'e 2', 'e 3'],
    ]);
    expect(heldOut[0]).toMatchObject({ id: 'e_1', dialogue: 'e', topic: 't1' });
    expect(heldOut[0].rows?.map(({ id, summaries }) => [id, ...summaries])).toEqual([
      ['e_1', 'e 1'],
      ['e_2', 'e 2'],
      ['e_3', 'e 3'],
    ]);
    expect(sizes).toEqual({ rows: 15, kept: 15, dialogues: 5, train: 4, test: 1 });
    expect(notes).toEqual([
      {
        says: `${data}: 15 rows hold 5 dialogues, each 3 times: each is one prompt, and its summaries are references together; it is trained on as often as it is there.`,
      },
    ]);
  });

  test('whose groups differ are told, and so are ids that several dialogues have', async () => {
    const data = await written('id,dialogue,summary,tone\n7,a,s,x\n7,a,s,y\n7,b,s,x\n8,c,s,x\n');
    const { train, notes } = await readDialogues({ ...base, data });
    expect(train[0]).toMatchObject({ id: '7', dialogue: 'a', summaries: ['s'], group: 'x' });
    expect(notes.map(({ says }) => says.replace(`${data}: `, ''))).toEqual([
      '4 rows hold 3 dialogues, some 2 times: each is one prompt, and its summaries are references together; it is trained on as often as it is there.',
      'the rows of 1 repeated dialogue differ in tone.',
      '3 dialogues have 2 ids ("7" names 2): they are told apart by their order.',
    ]);
  });

  test('are not trained on when another file holds them out', async () => {
    const data = await dataOf({ 'train.csv': 'abcx', 'test.csv': 'xyz' });
    const settings = { ...base, data, testSplit: 'test' };
    const { train, test: heldOut, notes } = await readDialogues(settings);
    expect([train.length, heldOut.length]).toEqual([3, 3]);
    expect(notes).toEqual([
      {
        says: 'Left out of the training: 1 dialogue that the held-out part has as well.',
      },
    ]);
  });
});

describe('a file that is sorted by kind', () => {
  const sorted = Array.from({ length: 50 }, (_, i) => `d${i},s,${i < 40 ? 'kind' : 'rude'}`);
  const text = `dialogue,summary,tone\n${sorted.join('\n')}\n`;

  test('is told, with what differs', async () => {
    const { notes } = await readDialogues({ ...base, data: await written(text) });
    expect(notes).toEqual([
      {
        says: 'The held-out end of the data differs from the part that is trained on: tone "rude" is in 100 % of the one and in 0 % of the other. Is the file sorted?',
        remedy: 'Set `shuffleSplit` to hold out dialogues from all over it.',
      },
    ]);
  });

  test('is split by a seed when that is asked for, in the order of the file, and the same each time', async () => {
    const data = await written(text);
    const of = (settings: Partial<DialogueSettings>) =>
      readDialogues({ ...base, data, shuffleSplit: true, ...settings });
    const { train, test: heldOut, notes } = await of({});
    expect([train.length, heldOut.length, notes]).toEqual([40, 10, []]);
    const places = [train, heldOut].map((part) => part.map(({ id }) => Number(id)));
    for (const part of places) expect(part).toEqual([...part].sort((a, b) => a - b));
    expect(new Set(places.flat()).size).toBe(50);
    expect((await of({ splitSeed: 0 })).test).toEqual(heldOut);
    expect((await of({ splitSeed: 1 })).test).not.toEqual(heldOut);
  });
});

test('lengths that leave out most rows are told with the bounds that keep them', async () => {
  const data = await written(`dialogue,summary\n${'aa,s\nbbb,s\ncccc,s\nddddd,s\neeeeee,s\n'}`);
  const settings = { ...base, data, minimumLength: 4 };
  const [note] = (await readDialogues(settings)).notes;
  expect(note).toEqual({
    says: `${data}: of 5 rows 2 are kept by length: 3 are too short (4 characters or fewer) and 0 too long (more than 10); the shortest has 2, the median 4, the longest 6.`,
    remedy: 'Set `minimumLength` to 1 to keep all of them.',
  });
});

test('dialogues in another language than the prompt are told, until the prompt is another one', async () => {
  const lines = (text: string) =>
    Array.from({ length: 40 }, (_, i) => `"${text} ${i}",s`).join('\n');
  const bounds = { minimumLength: 0, maximumLength: 1000, testShare: 0.2 };
  const told = async (text: string, promptTemplate?: string) => {
    const data = await written(`dialogue,summary\n${lines(text)}\n`);
    return (await readDialogues({ ...bounds, data, promptTemplate })).notes.length > 0;
  };
  expect(await told('A: Здравствуйте мой багаж не прилетел B: Простите')).toBe(true);
  expect(await told('A: Wo ist mein Koffer? B: Er kommt am Montag. A: Danke sehr.')).toBe(true);
  expect(
    await told(
      'A: 我的行李没有到,请你们帮我看看好吗?谢谢你们。B: 星期一早上会到的,我们会给你打电话。',
    ),
  ).toBe(true);
  expect(await told('A: Where is the bag? B: You get it on Monday, and we call you.')).toBe(false);
  expect(await told('A: Здравствуйте мой багаж не прилетел B: Простите', '{dialogue}')).toBe(false);
});
