import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { labelledReader, labelsOf, splitByLabel } from '../../src/data/labelled.ts';
import { readLabelled } from '../../src/data/read.ts';
import { scratchFolders } from '../hub/folder.ts';
import { itemsIn, type TextFormat } from './rows.ts';

const folder = scratchFolders();
const texts = (labels: string) => [...labels].map((label, i) => ({ text: `t${i}`, label }));

const textsIn = async (
  format: TextFormat,
  text: string,
  options: Parameters<typeof labelledReader>[0] = {},
) => (await itemsIn(format, text, labelledReader(options))).items;

test('a CSV and a JSON Lines file give the same texts', async () => {
  const expected = [
    { text: 'You, clown!', label: 'hate' },
    { text: 'Good\nmorning', label: 'nothate' },
  ];
  const csv = 'label,text\nhate,"You, clown!"\n nothate ,"Good\nmorning"\n';
  expect(await textsIn('csv', csv)).toEqual(expected);
  const lines = expected.map((row) => JSON.stringify(row)).join('\n');
  expect(await textsIn('jsonl', lines)).toEqual(expected);
  const path = join(await folder(), 'a.csv');
  await writeFile(path, `\uFEFF${csv}`);
  const { texts: read, columns, guessed } = await readLabelled(path);
  expect(read).toEqual(expected);
  expect([columns, guessed]).toEqual([{ text: 'text', label: 'label' }, {}]);
});

test('a label may be a number or a truth value', async () => {
  const text = '{"comment":"a","toxic":1}\n{"comment":"b","toxic":false}\n';
  const expected = [
    { text: 'a', label: '1' },
    { text: 'b', label: 'false' },
  ];
  expect(await textsIn('jsonl', text, { textColumn: 'comment', labelColumn: 'toxic' })).toEqual(
    expected,
  );
});

test.each([
  ['tweet,class,count\nx,1,3\n'],
  ['Comment_Text,Toxic,severe_toxic,id\nx,1,0,a\n'],
  ['idx,sentence,label\n0,x,1\n'],
  ['text,label,class\nx,1,2\n'],
])('usual columns are found in %j', async (csv) => {
  expect(await textsIn('csv', csv)).toEqual([{ text: 'x', label: '1' }]);
});

test.each([
  ['text,lable\na,b\n', 'f:1: expected a column "label", got the columns "text", "lable". Set `l'],
  ['text,label\na,\n', 'f:2: expected a text in "label", got nothing.'],
  ['text,label\n ,b\n', 'f:2: expected a text in "text", got nothing.'],
  ['text,label\na,b,c\n', 'f:2: expected 2 cells, got 3.'],
  ['text,hate,toxic\n', 'f:1: expected one column for the label, got "hate" and "toxic". Set `l'],
  ['', 'f: expected a row of column names, got an empty file.'],
])('refuses %j by file and line', async (text, message) => {
  await expect(textsIn('csv', text)).rejects.toThrow(message);
});

test('labels are sorted: whole numbers by value, anything else by code unit', () => {
  const sorted = (...labels: string[]) => labelsOf(labels.map((label) => ({ text: 'a', label })));
  expect(sorted('nothate', 'hate', 'nothate')).toEqual(['hate', 'nothate']);
  expect(sorted('10', '9', '2')).toEqual(['2', '9', '10']);
  expect(sorted('a', 'B', '2', '10')).toEqual(['10', '2', 'B', 'a']);
});

test('one label is not enough', () => {
  expect(() => labelsOf(texts('aaa'))).toThrow('expected two or more, got "a" alone.');
});

test('a file sorted by label is held out label by label, from the end of each', () => {
  const { train, test: heldOut } = splitByLabel(texts('aaaaaaaaaabbbbbc'), 0.2);
  expect(heldOut.map(({ text }) => text)).toEqual(['t8', 't9', 't14']);
  expect(train.length).toBe(13);
});

test('there is something to hold out', () => {
  expect(() => splitByLabel(texts('abc'))).toThrow('expected a label with two texts or more');
});
