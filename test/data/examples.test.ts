import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseCsvExamples, parseJsonlExamples } from '../../src/data/examples.ts';
import { readExamples } from '../../src/data/read.ts';
import { InputError } from '../../src/errors.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-data-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

test('a CSV file with a byte order mark, CRLF, quotes, newlines, Korean and emoji is read right', async () => {
  const text =
    '\uFEFFid,dialogue,summary,topic,tone\r\n' +
    'a,"#Person1#: He said ""no"", twice.\n#Person2#: 안녕하세요 😀",짧은 요약,인사,hostile\r\n' +
    '\r\n' +
    'b,"x\r\ny",short,,\r\n';
  const path = await written('rows.csv', text);
  expect(await readExamples(path)).toEqual([
    {
      id: 'a',
      dialogue: '#Person1#: He said "no", twice.\n#Person2#: 안녕하세요 😀',
      summaries: ['짧은 요약'],
      topic: '인사',
      group: 'hostile',
    },
    { id: 'b', dialogue: 'x\r\ny', summaries: ['short'] },
  ]);
});

test('a JSON Lines file with a byte order mark, CRLF and blank lines is read right', async () => {
  const path = await written(
    'rows.jsonl',
    '\uFEFF{"id":7,"dialogue":"안녕 😀\\n","summary":"s"}\r\n\r\n',
  );
  expect(await readExamples(path)).toEqual([{ id: '7', dialogue: '안녕 😀\n', summaries: ['s'] }]);
});

test('DialogSum test rows keep three summaries, and a `summary` that repeats the first is one', () => {
  const row = {
    fname: 'x',
    dialogue: 'd',
    summary1: 'p',
    summary2: 'q',
    summary3: 'r',
    summary: 'p',
  };
  expect(parseJsonlExamples(JSON.stringify(row), 'f')[0].summaries).toEqual(['p', 'q', 'r']);
  const csv = 'fname,dialogue,summary1,summary2,summary3\nx,d,p,q,r\n';
  expect(parseCsvExamples(csv, 'f')[0]).toEqual({
    id: 'x',
    dialogue: 'd',
    summaries: ['p', 'q', 'r'],
  });
});

test('the group is the tone column, or the one that is named', () => {
  const csv = 'id,dialogue,summary,tone,mood\n1,d,s,calm,glad\n';
  expect(parseCsvExamples(csv, 'f')[0].group).toBe('calm');
  expect(parseCsvExamples(csv, 'f', { groupColumn: 'mood' })[0].group).toBe('glad');
  expect(() => parseCsvExamples(csv, 'f', { groupColumn: 'mod' })).toThrow(
    'f:1: expected a column "mod", got the columns "id", "dialogue", "summary", "tone", "mood". Did you mean "mood"?',
  );
});

const csv = 'id,dialogue,summary\n';
test.each([
  ['no rows at all', '', 'f: expected a row of column names, got an empty file.'],
  [
    'a misspelt column',
    'id,dialoge,summary\n1,d,s\n',
    'f:1: expected a column "dialogue", got the columns "id", "dialoge", "summary". Did you mean "dialoge"?',
  ],
  [
    'a column that is missing',
    'id,dialogue\n1,d\n',
    'f:1: expected a column "summary" or "summary1"',
  ],
  [
    'a column that comes twice',
    'id,id,dialogue,summary\n',
    'f:1: expected every column once, got "id" twice.',
  ],
  ['an empty dialogue', `${csv}1,d,s\n2,,s\n`, 'f:3: expected a text in "dialogue", got nothing.'],
  ['an empty summary', `${csv}1,d,s\n\n2,d, \n`, 'f:4: expected a summary, got an empty one.'],
  [
    'a row after cells with newlines',
    `${csv}1,"a\r\nb\nc",s\r\n2,,s\r\n`,
    'f:5: expected a text in "dialogue"',
  ],
  ['too many cells', `${csv}1,d,s\n2,hello, you,s\n`, 'f:3: expected 3 cells, got 4. Put cells'],
  [
    'an open quote',
    `${csv}1,"a\nb",s\n2,"d,s\n3,d,s\n`,
    'f:4: expected a CSV row, got a quoted cell without an end.',
  ],
  [
    'a stray quote',
    `${csv}1,"안\n녕",s\n2,"d"e,s\n`,
    'f:4: expected a CSV row, got a quote inside a cell.',
  ],
])('a CSV with %s names file and line', (_, text, message) => {
  expect(() => parseCsvExamples(text, 'f')).toThrow(message);
  expect(() => parseCsvExamples(text, 'f')).toThrow(InputError);
});

const good = '{"id":"1","dialogue":"d","summary":"s"}\n';
test.each([
  ['no rows at all', '\n', 'f: expected one JSON object a line, got an empty file.'],
  [
    'broken JSON',
    `${good}\n{"id":`,
    'f:3: expected a JSON object, got broken JSON. Write one whole JSON object',
  ],
  ['an array', `${good}[1]`, 'f:2: expected a JSON object, got an array.'],
  [
    'a number for a text',
    `${good}{"id":"1","dialogue":5,"summary":"s"}`,
    'f:2: expected a text in "dialogue", got the number 5.',
  ],
  [
    'null for a text',
    `${good}{"id":"1","dialogue":null,"summary":"s"}`,
    'f:2: expected a text in "dialogue", got nothing.',
  ],
  [
    'a list of summaries',
    `${good}{"id":"1","dialogue":"d","summary":["s"]}`,
    'f:2: expected a text in "summary", got an array.',
  ],
  ['no dialogue', `${good}{"id":"1","Dialogue":"d","summary":"s"}`, 'Did you mean "Dialogue"?'],
])('JSON Lines with %s name file and line', (_, text, message) => {
  expect(() => parseJsonlExamples(text, 'f')).toThrow(message);
  expect(() => parseJsonlExamples(text, 'f')).toThrow(InputError);
});

test('a file that is missing, of another kind or not UTF-8 is an input error', async () => {
  const missing = join(folder, 'none.csv');
  await expect(readExamples(missing)).rejects.toThrow(
    `${missing}: expected a readable file, got no such file.`,
  );
  await expect(readExamples('x.xlsx')).rejects.toThrow(
    'x.xlsx: expected a file name in .csv or .jsonl, got .xlsx.',
  );
  const bytes = await written('korean.csv', Uint8Array.from([0x69, 0x64, 0xb0, 0xa1]));
  await expect(readExamples(bytes)).rejects.toThrow('expected UTF-8 text, got other bytes.');
});

test('any text survives being written as JSON Lines or as quoted CSV', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => s.trim() !== '');
  const property = fc.property(text, text, (dialogue, summary) => {
    const row = { id: 'a', dialogue, summary };
    const expected = [{ id: 'a', dialogue, summaries: [summary] }];
    expect(parseJsonlExamples(JSON.stringify(row), 'f')).toEqual(expected);
    const quoted = [dialogue, summary].map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',');
    expect(parseCsvExamples(`${csv}a,${quoted}\n`, 'f')).toEqual(expected);
  });
  fc.assert(property);
});
