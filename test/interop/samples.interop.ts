/** `samples.parquet`, read by pyarrow and pandas. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { parquetBytes } from '../../src/store/parquet.ts';
import { samplesTable } from '../../src/store/samples-table.ts';
import { scratchFolders } from '../hub/folder.ts';
import { python } from './python.ts';

interface Theirs {
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly means: Readonly<Record<string, number | null>>;
}

const scratch = scratchFolders();
const plain: Sample = {
  ...{
    id: '바',
    query: 'line\nbreak',
    response: 'a "quoted" 답',
    toxicity: 0.1 + 0.2,
    reward: -1e-300,
  },
  ...{ tokens: 3, truncated: false },
};
const whole: Sample = {
  ...{ ...plain, id: 'two', sample: 1, group: 'rude', judges: { words: 1, 'owner/a.b': 1 / 3 } },
  ...{ rouge1: 0.5, rouge2: 0, rougeL: 1 / 3, rougeLsum: 1, copied: 0.25 },
  ...{ logprob: -12.5, refLogprob: -13, sentinels: 2, truncated: true },
};

test('types, rows and missing cells are what they were, to the last bit', async () => {
  const path = join(await scratch(), 'samples.parquet');
  const table = samplesTable([plain, whole], [whole, whole], [['one', '둘'], []]);
  await writeFile(path, await parquetBytes(table));
  const { types, rows, means } = await python<Theirs>('samples.py', [path], {}, 5);
  const names = table.columns.map(({ name }) => name);
  expect(Object.keys(types)).toEqual(names);
  expect(types).toMatchObject({
    query: 'string not null',
    group: 'string',
    toxicity_before: 'double not null',
    rouge2_before: 'double',
    'judge_owner/a.b_after': 'double',
    tokens_after: 'int32 not null',
    truncated_after: 'bool not null',
    references: 'list<element: string not null> not null',
  });
  expect(rows).toEqual(
    table.rows.map((row) => Object.fromEntries(names.map((name) => [name, row[name] ?? null]))),
  );
  expect(means.rouge1_before).toBe(0.5); // of the row that has one
  expect(means.toxicity_after).toBeCloseTo(0.3, 15);
});
