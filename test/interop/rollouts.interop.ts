/** The record of a run's rollouts, and what is exported of it, read by pandas and pyarrow. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RolloutRow } from '../../src/rollouts.ts';
import { exportRuns } from '../../src/store/export.ts';
import { rolloutWriter } from '../../src/store/rollout-writer.ts';
import { scratchFolders } from '../hub/folder.ts';
import { rollouts } from '../store/made-run.ts';
import { python } from './python.ts';

type Row = Readonly<Record<string, unknown>>;
interface Theirs {
  readonly record: readonly Row[];
  readonly types: Readonly<Record<string, string>>;
  readonly parquet: readonly Row[];
  readonly csv: readonly Row[];
  readonly jsonl: readonly Row[];
}

const scratch = scratchFolders();
const odd = 'a "quoted", text\r\nof 안녕 😀';
const steps = 3;
/** Of the last two steps the tokens are kept; only one row has a second part. */
const kept: readonly RolloutRow[] = Array.from({ length: steps }, (_, i) => made(i + 1)).flat();

function made(step: number): RolloutRow[] {
  return rollouts(step).map(({ tokens, ...row }) => ({
    ...row,
    ...{ response: `${odd} ${row.row} of ${step}`, score: Math.fround(row.score) },
    parts: { classifier: 0.1 + 0.2, ...(step === 2 && row.row === 3 && { rouge1: 1 / 3 }) },
    ...(tokens && {
      tokens: {
        ...tokens,
        refLogprobs: tokens.refLogprobs.map(Math.fround),
        advantages: tokens.advantages.map((advantage) => advantage + 0), // JSON has no -0
      },
    }),
  }));
}

test('rows, parts and tokens are what they were, to the last bit', async () => {
  const run = await scratch();
  const writer = rolloutWriter(run, 2);
  const texts = new Map(rollouts(1).map(({ query }) => [query, `${odd} ${query}`]));
  for (let step = 1; step <= steps; step++) {
    const rows = kept.filter((row) => row.step === step);
    await writer.write(step, rows, texts);
  }
  const formats = ['parquet', 'csv', 'jsonl'] as const;
  const paths = formats.map((format) => join(run, `out.${format}`));
  for (const [i, format] of formats.entries()) {
    const about = { table: 'rollouts' as const, format, path: paths[i] };
    await exportRuns([{ id: 'mine', folder: run }], { ...about, tokens: format !== 'csv' });
  }
  const theirs = await python<Theirs>('rollouts.py', [run, ...paths], {}, 'curves');

  expect(theirs.record.map(present)).toEqual(
    kept.map(({ tokens, ...row }) => ({
      ...{ ...row, text: texts.get(row.query) },
      ...(row.step > 1 && { tokens }),
    })),
  );
  expect(theirs.types).toMatchObject({
    step: 'int32 not null',
    query: 'string',
    truncated: 'bool not null',
    part_rouge1: 'double',
    token_logprobs: 'list<element: float not null>',
    token_texts: 'list<element: string not null>',
  });
  const exported = kept.map(({ tokens = {}, query, parts = {}, ...row }) => ({
    ...{ run: 'mine', ...row, query: texts.get(query) },
    ...prefixed('part_', parts),
    ...(row.step > 1 && prefixed('token_', tokens)),
  }));
  expect(theirs.parquet.map(present)).toEqual(
    exported.map((row) => ({ ...row, ...float32Lists(row) })),
  );
  expect(theirs.jsonl.map(present)).toEqual(exported);
  expect(theirs.csv.map(present)).toEqual(
    exported.map((row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('token_'))),
    ),
  );
});

/** Without what is missing. */
function present(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}

function prefixed(prefix: string, values: object): Row {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

function float32Lists(row: Row): Row {
  const lists = Object.entries(row).filter(([, value]) => Array.isArray(value));
  const numbers = lists.filter(([, list]) => typeof (list as unknown[])[0] === 'number');
  return Object.fromEntries(
    numbers.map(([name, list]) => [name, (list as number[]).map(Math.fround)]),
  );
}
