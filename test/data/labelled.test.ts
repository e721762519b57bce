import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  labelsOf,
  parseCsvLabelled,
  parseJsonlLabelled,
  splitByLabel,
} from '../../src/data/labelled.ts';
import { readLabelled } from '../../src/data/read.ts';
import { scratchFolders } from '../hub/folder.ts';

const folder = scratchFolders();
const texts = (labels: string) => [...labels].map((label, i) => ({ text: `t${i}`, label }));

test('a CSV and a JSON Lines file give the same texts', async () => {
  const expected = [
    { text: 'You, clown!', label: 'hate' },
    { text: 'Good\nmorning', label: 'nothate' },
  ];
  const csv = '\uFEFFlabel,text\nhate,"You, clown!"\n nothate ,"Good\nmorning"\n';
  expect(parseCsvLabelled(csv, 'a.csv')).toEqual(expected);
  const lines = expected.map((row) => JSON.stringify(row)).join('\n');
  expect(parseJsonlLabelled(lines, 'a.jsonl')).toEqual(expected);
  const path = join(await folder(), 'a.csv');
  await writeFile(path, csv);
  expect(await readLabelled(path)).toEqual(expected);
});

test('the columns may have other names, and a label may be a number or a truth value', () => {
  const text = '{"comment":"a","toxic":1}\n{"comment":"b","toxic":false}\n';
  const options = { textColumn: 'comment', labelColumn: 'toxic' };
  expect(parseJsonlLabelled(text, 'a.jsonl', options)).toEqual([
    { text: 'a', label: '1' },
    { text: 'b', label: 'false' },
  ]);
});

test.each([
  ['text,lable\na,b\n', 'a.csv:1: expected a column "label"'],
  ['text,label\na,\n', 'a.csv:2: expected a text in "label", got nothing.'],
  ['text,label\n ,b\n', 'a.csv:2: expected a text in "text", got nothing.'],
  ['text,label\na,b,c\n', 'a.csv:2: expected 2 cells, got 3.'],
  ['', 'a.csv: expected a row of column names, got an empty file.'],
])('refuses %j by file and line', (text, message) => {
  expect(() => parseCsvLabelled(text, 'a.csv')).toThrow(message);
});

test('refuses a file of another kind', async () => {
  await expect(readLabelled('a.tsv')).rejects.toThrow('expected a file name in .csv or .jsonl');
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
