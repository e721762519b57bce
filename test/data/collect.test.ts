import { expect, test } from 'vitest';
import { type CollectOptions, collect } from '../../src/data/collect.ts';
import { csvRows } from '../../src/data/csv-rows.ts';
import { type Example, exampleReader } from '../../src/data/examples.ts';
import type { Begin } from '../../src/data/table.ts';

const files = (...texts: string[]) =>
  texts.map((text, i) => (begin: Begin) => csvRows([text], `f${i}`, begin));
const read = (texts: readonly string[], options: CollectOptions<Example> = {}) =>
  collect(files(...texts), 'f', exampleReader({ summaries: 'where given' }), options);

const bad = 'dialogue,n\na,1\n,2\nb,3,4\nc,5\nd,6\n';

test('bad rows are left out and counted, and the first few are told by file and line', async () => {
  const { items, rows, skipped } = await read([bad, `${bad}e,7\n`]);
  expect(items.map(({ id, dialogue }) => id + dialogue).join(' ')).toBe('1a 4c 5d 6a 9c 10d 11e');
  expect(rows).toBe(7);
  const nothing =
    'expected a text in "dialogue", got nothing. Write the dialogue, or remove the row.';
  const cells =
    'expected 2 cells, got 3. Put cells with commas, quotes or newlines in double quotes.';
  expect(skipped).toEqual({
    count: 4,
    first: [
      { where: 'f0:3', why: nothing },
      { where: 'f0:4', why: cells },
      { where: 'f1:3', why: nothing },
      { where: 'f1:4', why: cells },
    ],
  });
});

test('with strict the first bad row is an error', async () => {
  await expect(read([bad], { strict: true })).rejects.toThrow(
    'f0:3: expected a text in "dialogue"',
  );
});

test('when more than half of the rows are bad, it is the wrong file', async () => {
  const half = 'dialogue,n\na,1\nb,2\n,3\n,4\n';
  expect((await read([half])).skipped?.count).toBe(2);
  await expect(read([`${half},5\n`])).rejects.toThrow(
    'f: expected rows that can be read, got 3 bad ones of 5. The first is f0:4: expected a text in "dialogue", got nothing.',
  );
});

test('only what is kept is held, and all rows are counted', async () => {
  const keep = ({ dialogue }: Example) => dialogue > 'b';
  const { items, rows } = await read([bad], { keep });
  expect([items.length, rows]).toEqual([2, 3]);
});

test('after the last row that is wanted, nothing more is read', async () => {
  let closed = false;
  async function* endless() {
    try {
      yield 'dialogue\n';
      for (;;) yield 'x\n'.repeat(1000);
    } finally {
      closed = true;
    }
  }
  const other = () => {
    throw new Error('opened');
  };
  const open = (begin: Begin) => csvRows(endless(), 'f', begin, { longest: 2 ** 16 });
  const reader = exampleReader({ summaries: 'ignored' });
  const { items } = await collect([open, other], 'f', reader, { maxRows: 2500 });
  expect([items.length, closed]).toEqual([2500, true]);
});

test('each file may have its own columns; told are those of the first', async () => {
  const { items, columns } = await read(['dialogue,id\na,x\n', 'text,summary1,fname\nb,s,y\n']);
  expect(items).toEqual([
    { id: 'x', dialogue: 'a', summaries: [] },
    { id: 'y', dialogue: 'b', summaries: ['s'] },
  ]);
  expect(columns).toEqual({ dialogue: 'dialogue', id: 'id' });
});

test('a missing column is an error, however lenient the reading is', async () => {
  await expect(read(['n\n1\n'])).rejects.toThrow('f0:1: expected a column "dialogue", got');
});
