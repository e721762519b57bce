import { expect, test } from 'vitest';
import { dialectOf } from '../../src/data/csv-dialect.ts';
import { csvRows } from '../../src/data/csv-rows.ts';
import type { Note } from '../../src/events.ts';

async function read(text: string, delimiter?: string, usual: ',' | '\t' = ',') {
  const notes: string[] = [];
  const note = ({ says }: Note) => notes.push(says);
  const rows: unknown[] = [];
  const options = { delimiter, usual, note };
  for await (const row of csvRows([text], 'f', (_, columns) => columns, options)) {
    rows.push('fields' in row ? Object.values(row.fields) : row.error.message);
  }
  return { rows, notes };
}

const cells = [
  ['1', 'A: Hi; you, "there".\nB: |', 'x'],
  ['2', 'no', 'y, z'],
];
const written = (delimiter: string) =>
  [['id', 'dialogue', 'summary'], ...cells]
    .map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(delimiter))
    .join('\r\n');

test.each([
  [',', []],
  [';', ['Cells are separated by ";".']],
  ['|', ['Cells are separated by "|".']],
  ['\t', ['Cells are separated by tabs.']],
])('cells with %j between them are found out and told', async (delimiter, notes) => {
  expect(await read(written(delimiter))).toEqual({ rows: cells, notes });
  expect(await read(written(delimiter), delimiter)).toEqual({ rows: cells, notes: [] });
});

test('a delimiter that is named is taken, whatever the rows show', async () => {
  expect((await read('a:b;c\n1:2;3', ':')).rows).toEqual([['1', '2;3']]);
  expect((await read('a;b,c\n1;2,3\n4;5,6\n7;8,9', ';')).rows[0]).toEqual(['1', '2,3']);
});

test('the delimiter in the name of a column misleads nobody', async () => {
  expect((await read('id,a;b\n1,x\n2,y;z')).rows).toEqual([
    ['1', 'x'],
    ['2', 'y;z'],
  ]);
  expect((await read('id;how, or why;s\n1;x;u\n2;y;v')).rows).toEqual([
    ['1', 'x', 'u'],
    ['2', 'y', 'v'],
  ]);
  expect((await read('dialogue\nHi; you\nB; no')).rows).toEqual([['Hi; you'], ['B; no']]);
});

test('commas in a .tsv are found as well', async () => {
  expect(await read('a,b\n1,2', undefined, '\t')).toEqual({
    rows: [['1', '2']],
    notes: ['Cells are separated by ",".'],
  });
});

test('the line sep=; of Excel is no row, and lines are counted with it', async () => {
  expect(await read('sep=;\r\na;b\r\n1;2\r\n')).toEqual({
    rows: [['1', '2']],
    notes: ['Cells are separated by ";".'],
  });
  expect((await read('"sep=|"\na|b\n1\n2|3\n4|5\n')).rows[0]).toMatch(
    'f:3: expected 2 cells, got 1.',
  );
});

test('quotes with a backslash, single quotes and blanks after commas are read and told', async () => {
  expect(await read('a,b\n1,"He said \\"no, \\nthanks\\"."\n2,"x"\n')).toEqual({
    rows: [
      ['1', 'He said "no, \\nthanks".'],
      ['2', 'x'],
    ],
    notes: ['Quotes inside cells are written \\".'],
  });
  expect(await read("'a','b'\n'1','it''s, so'\n")).toEqual({
    rows: [['1', "it's, so"]],
    notes: ["Cells are in single quotes ('…')."],
  });
  expect(await read('a, b\n1, "x, y"\n')).toEqual({
    rows: [['1', 'x, y']],
    notes: ['Blanks after a delimiter are left out.'],
  });
});

test('a backslash at the end of a cell escapes nothing', async () => {
  const text = 'a,b\n"C:\\","x"\n"D:\\","y ""z"""\n';
  const rows = [
    ['C:\\', 'x'],
    ['D:\\', 'y "z"'],
  ];
  expect(await read(text)).toEqual({ rows, notes: [] });
});

test('a cell that is longer than what is looked at decides nothing', () => {
  const head = `id;dialogue\n1;"${'x, y '.repeat(50_000)}"`;
  expect(dialectOf(head, undefined, ',').delimiter).toBe(';');
});
