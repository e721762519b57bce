import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonLinesRows, jsonRows } from '../../src/data/json-rows.ts';
import type { Begin, Rows } from '../../src/data/table.ts';

async function collected(rows: (begin: Begin) => Rows) {
  let columns: readonly string[] = [];
  const found: unknown[] = [];
  const begin: Begin = (_, names) => {
    columns = names;
    return names;
  };
  for await (const row of rows(begin)) {
    if ('fields' in row) found.push([row.where, row.fields]);
    else found.push(row.error.message);
  }
  return { columns, found };
}
const json = (...pieces: string[]) => collected((begin) => jsonRows(pieces, 'f', begin));
const lines = (...pieces: string[]) => collected((begin) => jsonLinesRows(pieces, 'f', begin));

const rows = [{ a: 'x {"[,]}', b: [1, { c: 2 }] }, { a: 'y' }];
const found = (...at: string[]) => rows.map((row, i) => [at[i], row]);

test.each([
  ['an array', JSON.stringify(rows), ['f:1', 'f:1 row 2']],
  ['an array on many lines', JSON.stringify(rows, null, 2), ['f:2', 'f:11']],
  ['a field of an object', JSON.stringify({ data: rows }), ['f:1', 'f:1 row 2']],
  [
    'the only array with objects',
    JSON.stringify(
      { version: '1', names: ['data', 'x'], empty: [], rows, n: { data: [{}] } },
      null,
      1,
    ),
    ['f:9', 'f:18'],
  ],
  ['JSON Lines', rows.map((row) => JSON.stringify(row)).join('\n'), ['f:1', 'f:2']],
  [
    'JSON Lines after blank ones',
    `\n\n${rows.map((row) => JSON.stringify(row)).join('\r\n')}\n`,
    ['f:3', 'f:4'],
  ],
])('JSON is %s', async (_, text, at) => {
  for (const size of [1, 7, 1e6]) {
    const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g'))!;
    expect(await json(...pieces)).toEqual({ columns: ['a', 'b'], found: found(...at) });
  }
});

test('one object alone is a row, unless it holds rows', async () => {
  expect((await json('{"a":"x","b":["y"]}')).found).toEqual([['f:1', { a: 'x', b: ['y'] }]]);
  expect((await json('{"rows":[{"a":"x"}]}\n')).found).toEqual([['f:1', { a: 'x' }]]);
});

test('JSON Lines may hold lists of objects', async () => {
  const rows = [{ turns: [{ by: 'A' }] }, { turns: [{ by: 'B' }] }];
  const { found } = await json(rows.map((row) => JSON.stringify(row)).join('\n'));
  expect(found).toEqual(rows.map((row, i) => [`f:${i + 1}`, row]));
});

test('elements that are no objects, or broken, are bad rows of their line', async () => {
  const { found } = await json('[{"a":1},\n"x",\n{"a":tru},\n[1],{"a":2}]');
  expect(found).toEqual([
    ['f:1', { a: 1 }],
    'f:2: expected a JSON object, got a text. Write one object a row.',
    expect.stringContaining('f:3: expected a JSON object, got broken JSON.'),
    'f:4: expected a JSON object, got a list. Write one object a row.',
    ['f:4 row 5', { a: 2 }],
  ]);
});

test.each([
  ['', 'f: expected a JSON array of objects, got an empty file.'],
  ['[]', 'f: expected JSON objects, got an empty file.'],
  ['a,b\n1,2', 'f:1: expected a JSON array of objects, got "a". Is it the right file?'],
  ['[{"a":1},{"a"', 'f:1: expected a whole JSON file, got one that ends early. Was it cut off?'],
  ['[{"a":1}}', 'f:1: expected "]", got "}". A bracket is missing.'],
  ['[{"a":1}]\n[', 'f:2: expected the end of the JSON file, got "[".'],
  ['{\n"a":1}\n{"a":2}', 'give JSON Lines the extension .jsonl'],
  ['{"a":{"0":"x"}}\n', undefined],
  ['{"a":\n{"0":"x"}}', 'f: expected a JSON array of objects, got an object without one.'],
  // pandas' to_json without an orient, and with orient="index"
  [
    '{"a":{"0":"x","1":"y"},"b":{"0":"z","1":"w"}}',
    'f: expected a JSON array of objects, got an object of columns. Write an array of objects, or JSON Lines: of pandas to_json(FILE, orient="records", lines=True).',
  ],
  ['{"0":{"a":"x","b":"z"},"1":{"a":"y","b":"w"}}', 'got an object of columns.'],
  ['{"p":[{}],"q":[{}]}', 'f:1: expected one array of objects, got "p" and "q".'],
  [`[${'['.repeat(2000)}`, 'expected 1000 brackets in each other at most, got more'],
])('of JSON, %j is refused with what is wrong', async (text, message) => {
  if (message === undefined) expect((await json(text)).found.length).toBe(1);
  else await expect(json(text)).rejects.toThrow(message);
});

test('columns are those of the first twenty rows together', async () => {
  const text = Array.from({ length: 30 }, (_, i) => JSON.stringify({ [`c${i}`]: i })).join('\n');
  const { columns, found } = await lines(text);
  expect(columns).toEqual(Array.from({ length: 20 }, (_, i) => `c${i}`));
  expect(found.length).toBe(30);
});

test('bad lines before, among and after the first rows keep their order', async () => {
  const { found } = await lines('x\n{"a":1}\ny\n{"a":2}\nz');
  const told = found.map((row) => (Array.isArray(row) ? row[0] : String(row).split(': ')[0]));
  expect(told).toEqual(['f:1', 'f:2', 'f:3', 'f:4', 'f:5']);
});

test('a line, and an element, without end is an error before it fills the memory', async () => {
  const endless = Array<string>(17).fill('y'.repeat(2 ** 20));
  const message = (line: number) => `f:${line}: expected a row of 16 million characters at most`;
  await expect(lines('{"a":1}\n', '{"a":"', ...endless)).rejects.toThrow(message(2));
  await expect(json('[{"a":1},\n', '{"a":"', ...endless)).rejects.toThrow(message(1));
});

test('whole numbers that JavaScript would change are texts, and no other number is', async () => {
  const exact = ['9007199254740993', '-9007199254740993', '12345678901234567890123'];
  const kept = [
    '9007199254740992',
    '9007199254740991',
    '1234567890123456800',
    '1e22',
    '0.1234567890123456789',
  ];
  const row = `{"ids":[${[...exact, ...kept].join(' , ')}],"text":"a \\" 9007199254740993 \\\\","n":-0}`;
  const expected = {
    ids: [...exact, ...kept.map(Number)],
    text: 'a " 9007199254740993 \\',
    n: -0,
  };
  expect((await lines(row)).found).toEqual([['f:1', expected]]);
  expect((await json(`[${row}]`)).found).toEqual([['f:1', expected]]);
  const broken = ['{"a":09007199254740993}', '{9007199254740993:1}', '{"a":9007199254740993.}'];
  for (const text of broken) {
    expect((await lines(text)).found).toEqual([expect.stringContaining('got broken JSON.')]);
  }
});

test('a row of many quotes and numbers costs time in proportion', async () => {
  const text = JSON.stringify({ a: '\\"1'.repeat(1e6), b: 1 }).replace(':1}', ':9007199254740993}');
  expect((await lines(text)).found).toEqual([
    ['f:1', { a: '\\"1'.repeat(1e6), b: '9007199254740993' }],
  ]);
});

test('whatever JSON is written is read back, however it comes in pieces', async () => {
  const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { minLength: 1 });
  const property = fc.asyncProperty(objects, fc.nat(3), fc.nat(40), async (values, indent, cut) => {
    const expected = values.map((value) => JSON.parse(JSON.stringify(value)));
    const text = JSON.stringify(values, null, indent);
    const whole = await json(text.slice(0, cut), text.slice(cut));
    expect(whole.found.map((row) => (row as unknown[])[1])).toEqual(expected);
    const each = values.map((value) => JSON.stringify(value)).join('\n');
    const linewise = await lines(each.slice(0, cut), each.slice(cut));
    expect(linewise.found.map((row) => (row as unknown[])[1])).toEqual(expected);
  });
  await fc.assert(property, { numRuns: 50 });
});
