import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readExamples } from '../../src/data/read.ts';
import { InputError } from '../../src/errors.ts';
import { scratchFolders } from '../hub/folder.ts';
import { examplesIn } from './rows.ts';

const folder = scratchFolders();

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(await folder(), name);
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
  const { examples, rows, skipped } = await readExamples(path);
  expect(examples).toEqual([
    {
      id: 'a',
      dialogue: '#Person1#: He said "no", twice.\n#Person2#: 안녕하세요 😀',
      summaries: ['짧은 요약'],
      topic: '인사',
      group: 'hostile',
    },
    { id: 'b', dialogue: 'x\r\ny', summaries: ['short'] },
  ]);
  expect([rows, skipped]).toEqual([2, undefined]);
});

test('a JSON Lines file with a byte order mark, CRLF and blank lines is read right', async () => {
  const text = '\uFEFF{"id":7,"dialogue":"안녕 😀\\n","summary":"s"}\r\n\r\n';
  const { examples } = await readExamples(await written('rows.jsonl', text));
  expect(examples).toEqual([{ id: '7', dialogue: '안녕 😀\n', summaries: ['s'] }]);
});

test('DialogSum test rows keep three summaries, and a `summary` that repeats the first is one', async () => {
  const three = { summary1: 'p', summary2: 'q', summary3: 'r' };
  const row = { fname: 'x', dialogue: 'd', ...three, summary: 'p' };
  const [example] = await examplesIn('jsonl', JSON.stringify(row));
  expect(example.summaries).toEqual(['p', 'q', 'r']);
  const csv = 'fname,dialogue,summary1,summary2,summary3\nx,d,p,q,r\n';
  const expected = { id: 'x', dialogue: 'd', summaries: ['p', 'q', 'r'] };
  expect(await examplesIn('csv', csv)).toEqual([expected]);
});

test('the group is the tone column, or the one that is named', async () => {
  const csv = 'id,dialogue,summary,tone,mood\n1,d,s,calm,glad\n';
  const group = async (groupColumn?: string) =>
    (await examplesIn('csv', csv, { groupColumn }))[0].group;
  expect(await group()).toBe('calm');
  expect(await group('mood')).toBe('glad');
  await expect(group('mod')).rejects.toThrow(
    'f:1: expected a column "mod", got the columns "id", "dialogue", "summary", "tone", "mood". Did you mean "mood"?',
  );
});

test('a row without an id is named by its number', async () => {
  const ids = async (csv: string) => (await examplesIn('csv', csv)).map(({ id }) => id);
  expect(await ids('dialogue,summary\nd,s\ne,t\n')).toEqual(['1', '2']);
  expect(await ids('id,dialogue,summary\na,d,s\n,e,t\n')).toEqual(['a', '2']);
});

test('summaries are needed, taken where there is a column, or not read at all', async () => {
  const [bare, given] = ['dialogue\nd\n', 'dialogue,summary\nd,s\ne,\n'];
  const read = (csv: string, summaries: 'required' | 'where given' | 'ignored') =>
    examplesIn('csv', csv, { summaries, strict: false });
  await expect(read(bare, 'required')).rejects.toThrow(
    'f:1: expected a column "summary", got the columns "dialogue". Set `summaryColumn`',
  );
  expect(await read(bare, 'where given')).toEqual([{ id: '1', dialogue: 'd', summaries: [] }]);
  const one = { id: '1', dialogue: 'd', summaries: ['s'] };
  expect(await read(given, 'required')).toEqual([one]);
  expect(await read(given, 'where given')).toEqual([one]);
  expect((await read(given, 'ignored')).map(({ summaries }) => summaries)).toEqual([[], []]);
});

test('columns with usual names are found, and it is told which', async () => {
  const path = await written('news.csv', 'article,highlights,id\nlong,short,7\n');
  const { examples, columns, guessed } = await readExamples(path);
  expect(examples).toEqual([{ id: '7', dialogue: 'long', summaries: ['short'] }]);
  expect(columns).toEqual({ dialogue: 'article', summary: 'highlights', id: 'id' });
  expect(guessed).toEqual({ dialogue: 'article', summary: 'highlights' });
  const named = await readExamples(path, { dialogueColumn: 'highlights', summaryColumn: 'id' });
  expect(named.examples).toEqual([{ id: '7', dialogue: 'short', summaries: ['7'] }]);
  expect(named.guessed).toEqual({});
});

const csv = 'id,dialogue,summary\n';
test.each([
  ['no rows at all', '', 'f: expected a row of column names, got an empty file.'],
  [
    'a misspelt column',
    'id,dialoge,summary\n1,d,s\n',
    'f:1: expected a column "dialogue", got the columns "id", "dialoge", "summary". Did you mean "dialoge"? Set `dialogueColumn`',
  ],
  ['a column that is missing', 'id,dialogue\n1,d\n', 'f:1: expected a column "summary", got'],
  [
    'two columns that could be meant',
    'id,text,article,summary\n',
    'f:1: expected one column for the dialogue, got "text" and "article". Set `dialogueColumn`.',
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
])('a CSV with %s names file and line', async (_, text, message) => {
  await expect(examplesIn('csv', text)).rejects.toThrow(message);
  await expect(examplesIn('csv', text)).rejects.toThrow(InputError);
});

const good = '{"id":"1","dialogue":"d","summary":"s"}\n';
test.each([
  ['no rows at all', '\n', 'f: expected JSON objects, got an empty file.'],
  [
    'broken JSON',
    `${good}\n{"id":`,
    'f:3: expected a JSON object, got broken JSON. Write one whole JSON object',
  ],
  ['an array', `${good}[1]`, 'f:2: expected a JSON object, got a list.'],
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
    'a list of no texts as summary',
    `${good}{"id":"1","dialogue":"d","summary":[5]}`,
    'f:2: expected a text in "summary", got a list that begins with the number 5. Write it as one text,',
  ],
  ['no dialogue', `${good}{"id":"1","Dialogue":"d","summary":"s"}`, 'f:2: expected a text in'],
  ['no dialogues at all', '{"id":"1","dialogu":"d"}', 'Did you mean "dialogu"?'],
])('JSON Lines with %s name file and line', async (_, text, message) => {
  await expect(examplesIn('jsonl', text)).rejects.toThrow(message);
  await expect(examplesIn('jsonl', text)).rejects.toThrow(InputError);
});

test('any text survives being written as JSON Lines, as JSON or as quoted CSV or TSV', async () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => s.trim() !== '');
  const property = fc.asyncProperty(text, text, fc.nat(9), async (dialogue, summary, cut) => {
    const row = { id: 'a', dialogue, summary };
    const expected = [{ id: 'a', dialogue, summaries: [summary] }];
    const cells = [dialogue, summary].map((cell) => `"${cell.replaceAll('"', '""')}"`);
    const texts = {
      csv: `${csv}a,${cells.join(',')}\n`,
      tsv: `id\tdialogue\tsummary\na\t${cells.join('\t')}\n`,
      json: JSON.stringify([row], null, cut),
      jsonl: JSON.stringify(row),
    } as const;
    for (const format of ['csv', 'tsv', 'json', 'jsonl'] as const) {
      const pieces = [texts[format].slice(0, cut), texts[format].slice(cut)];
      expect(await examplesIn(format, pieces)).toEqual(expected);
    }
  });
  await fc.assert(property);
});
