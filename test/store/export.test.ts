import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobEvent } from '../../src/events.ts';
import type { RolloutRow } from '../../src/rollouts.ts';
import { type ExportOptions, exportRuns } from '../../src/store/export.ts';
import { rolloutWriter } from '../../src/store/rollout-writer.ts';
import { events, rollouts } from './made-run.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tactful-export-'));
});
afterEach(() => rm(home, { recursive: true }));

const odd = 'a "quoted", text\r\nof 안녕 \u{1f600}';

/** A run's folder with so many steps. */
async function runOf(id: string, steps: number, log: readonly JobEvent[] = events(steps)) {
  const folder = join(home, id);
  await mkdir(folder);
  await writeFile(
    join(folder, 'events.jsonl'),
    log.map((event) => `${JSON.stringify(event)}\n`).join(''),
  );
  const writer = rolloutWriter(folder);
  const texts = new Map(rollouts(1).map(({ query }) => [query, `${odd} ${query}`]));
  for (let step = 1; step <= steps; step++) await writer.write(step, made(step), texts);
  return { id, folder };
}

/** Numbers that 32 bits hold, as the record has them. */
function made(step: number): RolloutRow[] {
  return rollouts(step).map(({ tokens, parts, ...row }) => ({
    ...row,
    response: `${odd} ${step}`,
    // not every row has every part
    parts: { ...parts, ...(step === 2 && row.row === 1 && { rouge1: 0.1 }) },
    ...(step !== 1 &&
      tokens && {
        tokens: {
          ...tokens,
          logprobs: tokens.logprobs.map(Math.fround),
          refLogprobs: tokens.refLogprobs.map(Math.fround),
          kls: tokens.kls.map(Math.fround),
        },
      }),
  }));
}

const write = (runs: Parameters<typeof exportRuns>[0], options: Omit<ExportOptions, 'path'>) => {
  const path = join(home, 'out');
  return exportRuns(runs, { ...options, path }).then((rows) => ({ path, rows }));
};
const lines = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const parquet = async (path: string) =>
  parquetReadObjects({ file: await asyncBufferFromFile(path), compressors });
const filled = (row: object) =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));

test('a row a step, with what any of the runs measured', async () => {
  const other: JobEvent = {
    ...{ type: 'step', step: 1, steps: 4 },
    metrics: { 'objective/kl': 0.1 + 0.2, 'only/here': -1e-300, broken: Number.NaN },
  };
  const runs = [await runOf('a', 3), await runOf('b/c'.replace('/', '-'), 1, [other])];
  const { path, rows } = await write(runs, { table: 'steps', format: 'jsonl' });
  expect(rows).toBe(4);
  const told = await lines(path);
  expect(told[0]).toEqual({ run: 'a', step: 1, ...(events(1)[2] as typeof other).metrics });
  expect(told[3]).toEqual({ run: 'b-c', step: 1, 'objective/kl': 0.1 + 0.2, 'only/here': -1e-300 });
  await write(runs, { table: 'steps', format: 'parquet' });
  expect((await parquet(path)).map(filled)).toEqual(told);
  await write(runs, { table: 'steps', format: 'csv' });
  const [header, ...records] = parse(await readFile(path)) as string[][];
  expect(header).toEqual([
    ...['run', 'step', 'objective/kl', 'ppo/loss/policy', 'env/reward_mean'],
    ...['env/reward/a reward of mine!', 'time/step', 'only/here', 'broken'],
  ]);
  expect(records.map((record) => Number(record[2]))).toEqual(
    told.map((row) => row['objective/kl']),
  );
  expect(records[3].slice(3)).toEqual(['', '', '', '', '-1e-300', '']);
});

test('a row a response, with its query as text, and its tokens on request', async () => {
  const runs = [await runOf('a', 2), await runOf('b', 1)];
  const bare = await write(runs, { table: 'rollouts', format: 'jsonl' });
  expect(bare.rows).toBe(15);
  const plain = await lines(bare.path);
  const [first] = made(1);
  const { tokens: _, parts: __, query, ...row } = first;
  expect(plain[0]).toEqual({ run: 'a', ...row, query: `${odd} ${query}`, part_classifier: 1 });
  const full = await write(runs, { table: 'rollouts', format: 'jsonl', tokens: true });
  const told = await lines(full.path);
  const { tokens } = made(2)[1];
  expect(told[6]).toEqual({
    ...plain[6],
    ...Object.fromEntries(Object.entries(tokens ?? {}).map(([k, list]) => [`token_${k}`, list])),
  });
  await write(runs, { table: 'rollouts', format: 'parquet', tokens: true });
  expect((await parquet(full.path)).map(filled)).toEqual(told);
  await write(runs, { table: 'rollouts', format: 'parquet' });
  expect((await parquet(full.path)).map(filled)).toEqual(plain);
  await write(runs, { table: 'rollouts', format: 'csv' });
  const records = parse(await readFile(full.path), { columns: true }) as Record<string, string>[];
  for (const [i, record] of records.entries()) {
    const cells = Object.entries(record).filter(([, cell]) => cell !== '');
    expect(Object.fromEntries(cells)).toEqual(
      Object.fromEntries(Object.entries(plain[i]).map(([name, value]) => [name, `${value}`])),
    );
  }
});

test('lists have three levels, numbers of tokens 32 bits, and large tables several groups', async () => {
  const steps = 450; // 2,250 rows
  const { path } = await write([await runOf('many', steps)], {
    ...{ table: 'rollouts', format: 'parquet' },
    tokens: true,
  });
  const { schema, row_groups: groups } = await parquetMetadataAsync(
    await asyncBufferFromFile(path),
  );
  expect(groups.map((group) => Number(group.num_rows))).toEqual([2000, 250]);
  const at = schema.findIndex(({ name }) => name === 'token_logprobs');
  expect(schema.slice(at, at + 3)).toMatchObject([
    { converted_type: 'LIST', num_children: 1, repetition_type: 'OPTIONAL' },
    { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
    { name: 'element', repetition_type: 'REQUIRED', type: 'FLOAT' },
  ]);
  const all = await parquet(path);
  expect(all.map(({ step, row }) => [step, row])).toEqual(
    Array.from({ length: steps }, (_, i) => rollouts(1).map((_, row) => [i + 1, row])).flat(),
  );
  expect(all[2249].token_advantages).toEqual([4, 0, -4]);
});

test('what cannot be exported is refused, and nothing is written', async () => {
  const run = await runOf('a', 1);
  const empty = await runOf('empty', 0);
  const refused = (runs: (typeof run)[], options: Omit<ExportOptions, 'path'>) =>
    write(runs, options).then(
      () => 'nothing',
      (error: Error) => error.message,
    );
  expect(await refused([run], { table: 'rollouts', format: 'csv', tokens: true })).toBe(
    '`tokens`: expected jsonl or parquet of rollouts, got csv, whose cells hold no lists. Leave it out.',
  );
  expect(await refused([run, empty], { table: 'rollouts', format: 'csv' })).toBe(
    `${empty.folder}: expected a run with rollouts, got one without. Leave the run out.`,
  );
  expect(await refused([empty], { table: 'steps', format: 'csv' })).toContain('a run with steps');
  const stopped = AbortSignal.abort();
  await expect(
    exportRuns([run], {
      ...{ table: 'rollouts', format: 'parquet' },
      ...{ path: join(home, 'out'), signal: stopped },
    }),
  ).rejects.toThrow('aborted');
  expect((await readdir(home)).sort()).toEqual(['a', 'empty']);
});
