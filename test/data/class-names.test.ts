import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, test } from 'vitest';
import { classIds } from '../../src/data/classes.ts';
import type { LabelledColumns } from '../../src/data/labelled.ts';
import { readExamples, readLabelled } from '../../src/data/read.ts';
import { scratchFolders } from '../hub/folder.ts';

const folder = scratchFolders();
const classLabel = (...names: unknown[]) => ({ names, _type: 'ClassLabel' });
const described = (features: object) => JSON.stringify({ info: { features } });

/** A Parquet file as Hugging Face's datasets writes it: `text`, and class ids as int64. */
async function fileOf(ids: readonly number[], huggingface: string, name = 'label', into?: string) {
  const path = join(into ?? (await folder()), `${name}-${ids.join('')}.parquet`);
  const texts = ids.map((_, i) => `t${i}`);
  const bytes = parquetWriteBuffer({
    columnData: [
      { name: 'text', data: texts, type: 'STRING' },
      { name: 'summary', data: texts, type: 'STRING' },
      { name, data: ids.map(BigInt), type: 'INT64' },
    ],
    kvMetadata: [
      { key: 'pandas', value: '{}' },
      { key: 'huggingface', value: huggingface },
    ],
  });
  await writeFile(path, new Uint8Array(bytes));
  return path;
}

async function labelsIn(path: string, options: LabelledColumns = {}) {
  const { texts, notes, skipped } = await readLabelled(path, options);
  return {
    labels: texts.map(({ label }) => label),
    notes: notes.map(({ says }) => says),
    ...{ texts, skipped },
  };
}

test('class ids are the names that the file gives them, and that is told', async () => {
  const path = await fileOf([0, 1, 1], described({ label: classLabel('toxic', ' neutral ') }));
  const { texts, labels, notes } = await labelsIn(path);
  expect(labels).toEqual(['toxic', 'neutral', 'neutral']);
  expect(notes).toEqual([
    `${path}: 3 rows: "label" holds class ids, read as the names that the file gives: 0 "toxic", 1 "neutral".`,
  ]);
  // the model has them the other way round
  expect([...classIds(texts, ['neutral', 'toxic']).ids]).toEqual([
    ['toxic', 1],
    ['neutral', 0],
  ]);
});

test('many names are told in part', async () => {
  const path = await fileOf([6], described({ label: classLabel(...'abcdefg') }));
  const { labels, notes } = await labelsIn(path);
  expect(labels).toEqual(['g']);
  expect(notes[0]).toMatch(/: 0 "a", 1 "b", 2 "c", 3 "d", 4 "e" …\.$/);
});

test.each([
  ['no JSON', '{"info":'],
  ['something else', '[]'],
  ['no features', '{"info":{"features":null}}'],
  ['another type', described({ label: { dtype: 'int64', _type: 'Value' } })],
  ['names of another column', described({ other: classLabel('a', 'b') })],
  ['no names', described({ label: { names: null, _type: 'ClassLabel' } })],
  ['names that are no texts', described({ label: classLabel('a', 1) })],
  ['a blank name', described({ label: classLabel('a', ' ') })],
  ['a name twice', described({ label: classLabel('a', 'a') })],
])('numbers stay as they are where the file has %s', async (_, huggingface) => {
  const { labels, notes, texts } = await labelsIn(await fileOf([0, 1], huggingface));
  expect([labels, notes]).toEqual([['0', '1'], []]);
  expect(texts.every((text) => !('id' in text))).toBe(true);
});

test('a row without a class, or of one without a name, is a bad row', async () => {
  const path = await fileOf([0, 1, -1, 2, 0], described({ label: classLabel('a', 'b') }));
  const { labels, skipped } = await labelsIn(path);
  expect(labels).toEqual(['a', 'b', 'a']);
  expect(skipped?.first.map(({ where, why }) => `${where}: ${why}`)).toEqual([
    `${path} row 3: expected a text in "label", got nothing. Write the label, or remove the row.`,
    `${path} row 4: expected a class id from 0 to 1 in "label", got 2. The file has names for these alone: correct the id, or remove the row.`,
  ]);
});

test('labels that are cut stay numbers', async () => {
  const path = await fileOf([0, 4, 2], described({ label: classLabel(...'12345') }));
  const { labels, notes } = await labelsIn(path, { labelThreshold: 3 });
  expect([labels, notes]).toEqual([['0', '4', '2'], []]);
});

test('a model without names takes the ids of the file, and says of which names', async () => {
  const path = await fileOf([1, 0], described({ label: classLabel('yes', 'no') }));
  const { texts } = await labelsIn(path);
  const { ids, notes } = classIds(texts, ['LABEL_0', 'LABEL_1', 'LABEL_2']);
  expect([...ids]).toEqual([
    ['no', 1],
    ['yes', 0],
  ]);
  expect(notes.map(({ says }) => says)).toEqual([
    'Labels of the data are read as class ids: "no" as "LABEL_1", "yes" as "LABEL_0".',
  ]);
});

test('files that number their classes differently go by the names', async () => {
  const at = await folder();
  await fileOf([0, 1], described({ label: classLabel('hate', 'kind') }), 'label', at);
  await fileOf([1, 0], described({ label: classLabel('kind', 'hate') }), 'label', at);
  const { labels, texts } = await labelsIn(at);
  expect(labels).toEqual(['hate', 'kind', 'hate', 'kind']);
  expect(() => classIds(texts, ['LABEL_0', 'LABEL_1'])).toThrow(
    'label: expected one of "LABEL_0", "LABEL_1", got "hate". Say which of these each label of the data is,',
  );
});

test('a class id beyond those of a model without names is refused', () => {
  const texts = [
    { label: 'a', id: 0 },
    { label: 'b', id: 2 },
  ];
  expect(() => classIds(texts, ['LABEL_0', 'LABEL_1'])).toThrow('got "b"');
});

test.each(['tone', 'topic'])(
  'a group is named as well: %s; modules get the number',
  async (name) => {
    const path = await fileOf(
      [1, 0, -1],
      described({ [name]: classLabel('calm', 'hostile') }),
      name,
    );
    const { examples, notes } = await readExamples(path, { keepsRows: true });
    expect(examples.map(({ group, topic }) => group ?? topic)).toEqual([
      'hostile',
      'calm',
      undefined,
    ]);
    expect(examples.map(({ row }) => row?.[name])).toEqual([1, 0, -1]);
    expect(notes.map(({ says }) => says)).toEqual([
      `${path}: 2 rows: "${name}" holds class ids, read as the names that the file gives: 0 "calm", 1 "hostile".`,
    ]);
  },
);
