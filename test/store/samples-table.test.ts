import { parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { comparisonColumns } from '../../src/store/csv.ts';
import { parquetBytes } from '../../src/store/parquet.ts';
import { samplesTable } from '../../src/store/samples-table.ts';

const before: Sample = {
  id: '2',
  sample: 1,
  group: 'rude "one",',
  query: 'line\nbreak\u2028 \u0000',
  response: '안녕 \u{1f600} <script>',
  toxicity: Math.fround(0.1),
  reward: -1e-300,
  judges: { words: 1, 'owner/toxic.bert': 0.1 + 0.2 },
  rouge1: 0.5,
  rouge2: 0,
  rougeL: 1 / 3,
  rougeLsum: 1,
  copied: 0.25,
  logprob: -12.5,
  refLogprob: -13,
  tokens: 7,
  truncated: false,
  sentinels: 2,
};
/** As an earlier version measured: with less. */
const bare: Sample = {
  id: '2',
  query: before.query,
  response: '',
  toxicity: 0,
  reward: 2,
  tokens: 1,
  truncated: true,
};
const table = samplesTable([before, bare], [bare, before], [['one', '둘'], []]);

/** What Parquet gives for a missing cell is null. */
function withNulls(rows: typeof table.rows) {
  const names = table.columns.map(({ name }) => name);
  return rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name] ?? null])));
}

test('a row has a pair, with all that was measured under the names of comparison.csv', () => {
  const names = table.columns.map(({ name }) => name);
  expect(comparisonColumns.filter((name) => !names.includes(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  const [first, second] = table.rows;
  expect(first).toMatchObject({
    id: '2',
    sample: 1,
    group: before.group,
    query: before.query,
    response_before: before.response,
    response_after: '',
    reward_diff: 2 + 1e-300,
    rougeLsum_before: 1,
    judge_words_before: 1,
    'judge_owner/toxic.bert_before': 0.1 + 0.2,
    sentinels_before: 2,
    sentinels_after: 0,
    references: ['one', '둘'],
  });
  expect(first).not.toHaveProperty('rouge1_after');
  expect(second).toMatchObject({ sample: 0, rouge1_after: 0.5, references: [] });
  expect(second).not.toHaveProperty('group');
  const { id, query, response, sample, group, judges, ...numbers } = before;
  const told = Object.keys(numbers).map((name) => `${name}_before`);
  expect(told.filter((name) => !(name in first))).toEqual([]); // a new field has its column
});

test('Parquet gives back what was put in, to the last bit, as hyparquet reads it', async () => {
  const bytes = await parquetBytes(table);
  const file = bytes.buffer as ArrayBuffer;
  const rows = await parquetReadObjects({ file, compressors });
  expect(rows).toEqual(withNulls(table.rows));
});

test("a column's type is said, also where no row has a cell", async () => {
  const bytes = await parquetBytes(samplesTable([bare], [bare], [[]]));
  const metadata = parquetMetadata(bytes.buffer as ArrayBuffer);
  const elements = parquetSchema(metadata).children.map(({ element }) => element);
  const of = (name: string) => elements.find((element) => element.name === name);
  expect(of('rouge2_before')).toMatchObject({ type: 'DOUBLE', repetition_type: 'OPTIONAL' });
  expect(of('tokens_after')).toMatchObject({ type: 'INT32', repetition_type: 'REQUIRED' });
  expect(of('truncated_after')).toMatchObject({ type: 'BOOLEAN' });
  expect(of('group')).toMatchObject({ converted_type: 'UTF8', repetition_type: 'OPTIONAL' });
  expect(of('references')).toMatchObject({ converted_type: 'LIST' });
});

test('thousands of rows make a file of several groups that is read whole', async () => {
  const many = Array.from({ length: 2500 }, (_, i) => ({ ...before, id: `${i}`, reward: i / 7 }));
  const bytes = await parquetBytes(samplesTable(many, many, []));
  const rows = await parquetReadObjects({ file: bytes.buffer as ArrayBuffer, compressors });
  expect(rows.map(({ id }) => id)).toEqual(many.map(({ id }) => id));
  expect(rows.map(({ reward_after }) => reward_after)).toEqual(many.map(({ reward }) => reward));
});
