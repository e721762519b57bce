import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CsvOptions, csvRows } from '../../src/data/csv-rows.ts';

/** Rows as their cells, bad ones as `line: what was found`. */
async function read(text: string | Iterable<string>, options: CsvOptions = {}) {
  const pieces = typeof text === 'string' ? [text] : text;
  const found: (string | unknown[])[] = [];
  for await (const row of csvRows(pieces, 'f', (_, columns) => columns, options)) {
    if ('fields' in row) found.push([row.where, ...Object.values(row.fields)]);
    else found.push(row.error.message.replace(/expected.*?, got (.*?)\. .*/, '$1'));
  }
  return found;
}

test('a broken quote costs its own row, and that is told once', async () => {
  const text = 'a,b\n1,"x\n2,"y"\n3,z\n4,"p"q\n5,ok\n';
  expect(await read(text)).toEqual([
    'f:2: a quote inside a cell',
    ['f:3', '2', 'y'],
    ['f:4', '3', 'z'],
    'f:5: a quote inside a cell',
    ['f:6', '5', 'ok'],
  ]);
});

test('the lines of a broken row are not told one by one', async () => {
  const text = 'a,b,c\n1,"He said "no".\nSecond line.\nThird",s\n2,x,y\n';
  expect(await read(text)).toEqual(['f:2: a quote inside a cell', ['f:5', '2', 'x', 'y']]);
});

test('an open quote at the end costs one row', async () => {
  expect(await read('a,b\n1,x\n2,"y\n3,z\n4,w')).toEqual([
    ['f:2', '1', 'x'],
    'f:3: a quoted cell without an end',
    ['f:4', '3', 'z'],
    ['f:5', '4', 'w'],
  ]);
});

test('rows with too few or too many cells are told, and the next one is read', async () => {
  expect(await read('a,b\n1\n2,x,y\n3,"p\nq"\n4,z\n')).toEqual([
    'f:2: 1',
    'f:3: 3',
    ['f:4', '3', 'p\nq'],
    ['f:6', '4', 'z'],
  ]);
});

test('TSV keeps quotes inside cells, and one at the start of a cell swallows no other row', async () => {
  const rows = ['1\t5" long', '2\t"in ""q""\nx"', '3\t"open', '4\t5" y', '"5\tz', '6\tlast'];
  expect(await read(['a\tb', ...rows].join('\n'), { delimiter: '\t' })).toEqual([
    ['f:2', '1', '5" long'],
    ['f:3', '2', 'in "q"\nx'],
    'f:5: a quoted cell without an end',
    ['f:6', '4', '5" y'],
    'f:7: a quoted cell without an end',
    ['f:8', '6', 'last'],
  ]);
});

test.each(['\n', '\r\n', '\r'])('lines end in %j', async (end) => {
  const text = ['a,b', '1,x', '', `2,"p${end}q"`, '3,y', '4'].join(end);
  expect(await read(text)).toEqual([
    ['f:2', '1', 'x'],
    ['f:4', '2', `p${end}q`],
    ['f:6', '3', 'y'],
    'f:7: 1',
  ]);
});

test('a file without a last newline, and one of many blocks, are read to their end', async () => {
  const line = (i: number) => `${i},"${'안녕 😀 ""x""\r\n'.repeat(40)}"\n`;
  const text = `a,b\n${Array.from({ length: 300 }, (_, i) => line(i)).join('')}end,b`;
  expect(text.length).toBeGreaterThan(4 * 2 ** 15);
  // pieces as a stream gives them: cells, quotes and \r\n come apart
  const size = 1021;
  const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );
  const rows = await read(pieces, { longest: 2 ** 19 });
  expect(rows.length).toBe(301);
  expect(rows.at(-1)).toEqual([`f:${2 + 300 * 41}`, 'end', 'b']);
  expect(rows[123]).toEqual([`f:${2 + 123 * 41}`, '123', '안녕 😀 "x"\r\n'.repeat(40)]);
});

test('lines are counted right wherever a block ends', async () => {
  const text = `a,b\r\n${Array.from({ length: 40 }, (_, i) => `${i},${'x'.repeat(i)}\r\n`).join('')}`;
  const rows = await read([...text], { longest: 2 ** 10 });
  expect(rows.map(([where]) => where)).toEqual(Array.from({ length: 40 }, (_, i) => `f:${i + 2}`));
});

test('a row without end is an error before it fills the memory', async () => {
  const longest = 2 ** 16;
  function* pieces() {
    yield 'a,b\n1,x\n2,"';
    for (let i = 0; i < 100; i++) yield `${'y'.repeat(2 ** 12 - 1)}\n`;
    throw new Error('read too far');
  }
  const message = 'f:3: expected a row of 16 million characters at most, got a longer one.';
  await expect(read(pieces(), { longest })).rejects.toThrow(message);
  const line = ['a,b\n1,', ...Array(17).fill('y'.repeat(2 ** 12))];
  await expect(read(line, { longest })).rejects.toThrow('f:2: expected a row of 16 million');
});

test('a row just below the limit is read', async () => {
  const longest = 2 ** 16;
  const cell = 'y\n'.repeat(longest / 2 - 100);
  const rows = await read(['a,b\n', '1,"', cell, '"\n2,z\n'], { longest });
  expect(rows).toEqual([
    ['f:2', '1', cell],
    [`f:${longest / 2 - 97}`, '2', 'z'],
  ]);
});

test('what is written by the rules is read back, however it comes in pieces', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '😀', '\0') });
  const table = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 });
  const property = fc.asyncProperty(table, fc.array(fc.nat(60)), async (rows, cuts) => {
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const text = `a,b\n${rows.map((cells) => `${cells.map(quoted).join(',')}\n`).join('')}`;
    const places = [0, ...cuts.sort((a, b) => a - b), text.length];
    const pieces = places.slice(1).map((end, i) => text.slice(places[i], end));
    expect((await read(pieces)).map((row) => row.slice(1))).toEqual(rows);
  });
  await fc.assert(property);
});
