import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readExamples } from '../../src/data/read.ts';
import { scratchFolders } from '../hub/folder.ts';

const folder = scratchFolders();
const file = (name: string) => fileURLToPath(new URL(`./parquet/${name}`, import.meta.url));

interface Written {
  id: number;
  dialogue: string;
  summary: string | null;
  toxic: boolean;
}
interface Turns {
  id: number;
  messages: { role: string | null; content: string | null }[] | null;
  summary: string[];
}
const rows: Written[] = JSON.parse(await readFile(file('rows.json'), 'utf8'));
const kept = rows.filter(({ summary }) => summary !== null);

test.each(['none', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4', 'plain', 'v2', 'pandas'])(
  'what pyarrow writes is read to the byte: %s',
  async (name) => {
    const path = file(`${name}.parquet`);
    const { examples, skipped } = await readExamples(path, { groupColumn: 'toxic' });
    expect(examples).toEqual(
      kept.map(({ id, dialogue, summary, toxic }) => {
        return { id: `${id}`, dialogue, summaries: [summary], group: `${toxic}` };
      }),
    );
    const why = 'expected a summary, got an empty one. Write the summary, or remove the row.';
    expect(skipped).toEqual({ count: 1, first: [{ where: `${path} row 6`, why }] });
  },
);

test('numbers may be ids and labels, not dialogues', async () => {
  const path = file('snappy.parquet');
  const read = readExamples(path, { dialogueColumn: 'id', idColumn: 'score', strict: true });
  await expect(read).rejects.toThrow(
    `${path} row 1: expected a text in "id", got the number 0. Write it as one text.`,
  );
  const { examples } = await readExamples(path, { idColumn: 'score', maxRows: 2 });
  expect(examples.map(({ id }) => id)).toEqual(['0', '0.25']);
});

test.each([
  ['int64', ['9007199254740993', '-9007199254740993', '3']],
  ['uint64', ['18446744073709551615', '9007199254740993', '3']],
  ['whole', ['100000000000000000000000000007', '-5', '3']],
  ['money', ['90071992547409.93', '-0.05', '3']],
])('ids beyond 2^53 are exact: %s', async (idColumn, ids) => {
  for (const name of ['ids', 'decimals']) {
    const { examples } = await readExamples(file(`${name}.parquet`), { idColumn });
    expect(examples.map(({ id }) => id)).toEqual(ids);
  }
});

test('whole numbers in the rows that modules get are as those out of JSON', async () => {
  const [{ row }] = (await readExamples(file('snappy.parquet'), { keepsRows: true })).examples;
  expect(row).toMatchObject({ id: 0, score: 0 });
  const { examples } = await readExamples(file('ids.parquet'), { keepsRows: true });
  expect(examples.map(({ row }) => row?.int64)).toEqual([
    ...['9007199254740993', '-9007199254740993', null],
  ]);
  const path = file('turns.parquet');
  const turns = (await readExamples(path, { keepsRows: true })).examples.map(({ row }) => row);
  expect(() => JSON.stringify(turns)).not.toThrow();
});

test('a column of lists of texts is read', async () => {
  const { examples, notes } = await readExamples(file('lists.parquet'));
  expect(examples).toEqual([{ id: 'a', dialogue: 'one\ntwo', summaries: ['s'] }]);
  expect(notes.map(({ says }) => says)).toEqual([
    expect.stringContaining('1 row: the dialogue is a list of texts, joined as lines.'),
  ]);
});

test.each(['turns', 'turns-v2'])('lists of structs are turns: %s', async (name) => {
  const { examples, skipped } = await readExamples(file(`${name}.parquet`));
  const rows = JSON.parse(await readFile(file('turns.json'), 'utf8')) as Turns[];
  const kept = rows.filter(({ messages }) => messages?.length);
  expect([rows.length, kept.length]).toEqual([22, 16]);
  expect(examples).toEqual(
    kept.map(({ id, messages, summary }) => ({
      id: `${id}`,
      dialogue: messages!
        .filter(({ content }) => content !== null)
        .map(({ role, content }) => (role === null ? content : `${role}: ${content}`))
        .join('\n'),
      summaries: summary,
    })),
  );
  const empty = 'expected a text or turns in "messages", got an empty list.';
  const none = 'expected a text in "messages", got nothing.';
  expect(skipped?.count).toBe(6);
  expect(skipped?.first.map(({ why }) => why)).toEqual(
    [empty, empty, none, empty, empty].map((why) => expect.stringContaining(why)),
  );
});

test('more values in lists than there is room for are refused before they are read', async () => {
  await expect(readExamples(file('many.parquet'))).rejects.toThrow(
    'many.parquet column "dialogue": expected 4,194,304 values in a row group at most, got 4,194,305. Write smaller row groups (row_group_size=100000), or JSON Lines.',
  );
});

test('a map is refused by its name, with what to do', async () => {
  await expect(readExamples(file('maps.parquet'))).rejects.toThrow(
    'maps.parquet column "dialogue": expected texts, numbers, lists or structs, got a map. Choose another column, or write the table as JSON Lines',
  );
});

test('columns that nobody needs keep no module from the others', async () => {
  const path = file('pictures.parquet');
  const { examples, notes } = await readExamples(path, { keepsRows: true });
  const image = { bytes: Uint8Array.of(0xff, 0xd8, 0xff), path: 'x.jpg' };
  const row = { dialogue: 'A: Hi.', summary: 's', image, raw: Uint8Array.of(0xff, 0xd8) };
  expect(examples).toEqual([{ id: '1', dialogue: 'A: Hi.', summaries: ['s'], row }]);
  const says = `${path}: Modules get no column "meta": it holds a map, which cannot be read.`;
  expect(notes).toEqual([{ says }]);
  await expect(readExamples(path, { dialogueColumn: 'raw', strict: true })).rejects.toThrow(
    `${path} row 1: expected a text or turns in "raw", got bytes that are no UTF-8. `,
  );
});

test('a file that is cut off, or is something else, is an input error', async () => {
  const whole = await readFile(file('none.parquet'));
  const files = {
    'cut.parquet': whole.subarray(0, 1000),
    'csv.parquet': Buffer.from('id,dialogue,summary\n1,2,3\n'),
    'empty.parquet': Buffer.alloc(0),
    'missing.parquet': undefined,
  };
  const at = await folder();
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(at, name);
    if (bytes) await writeFile(path, bytes);
    const message = bytes
      ? 'expected a whole Parquet file, got broken data. Was it cut off?'
      : 'expected a readable file, got no such file.';
    await expect(readExamples(path)).rejects.toThrow(`${path}: ${message}`);
  }
});

test('a run of more values than its page has is refused, however many the library would write out', async () => {
  const bytes = await readFile(file('plain.parquet'));
  // levels of the first page: two bytes of runs, of which the only one says 7 times "not null"
  const levels = bytes.indexOf(Buffer.from([2, 0, 0, 0, 14, 1]));
  expect(levels).toBeGreaterThan(0);
  bytes.set([126, 1], levels + 4); // 63 times
  const path = join(await folder(), 'run.parquet');
  await writeFile(path, bytes);
  await expect(readExamples(path)).rejects.toThrow('(a run longer than its page)');
});

test('lengths that are not true are found before anything is allocated', async () => {
  const whole = await readFile(file('plain.parquet'));
  const at = await folder();
  // every byte of the first page header and of the footer, as a number larger than the file
  const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
  const places = [...Array(40).keys(), ...Array(120).keys()].map(
    (i, n) => (n < 40 ? 4 : footer) + i,
  );
  const before = process.memoryUsage.rss();
  for (const place of places) {
    const path = join(at, 'x.parquet');
    const grown = Buffer.concat([
      whole.subarray(0, place),
      Buffer.from([0xff, 0xff, 0x07]),
      whole.subarray(place + 3),
    ]);
    await writeFile(path, grown);
    const result = await readExamples(path).catch((error) => error);
    if (result instanceof Error)
      expect(result.name, `${place}: ${result.stack}`).toBe('InputError');
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 28);
});
