/** I/O: what runs learnt in one file for other tools: CSV, JSON Lines or Parquet. Format: docs/formats.md. */
import { join } from 'node:path';
import { replaceFile } from '../disk/atomic.ts';
import { logName } from '../disk/result-folder.ts';
import { ConfigError, InputError } from '../errors.ts';
import type { JobEvent } from '../events.ts';
import { csvRecord } from './csv.ts';
import { readEvents } from './event-log.ts';
import { parquetPieces } from './parquet.ts';
import { keptSteps, readQueries, readRollouts } from './rollouts.ts';
import { metricNames, rolloutCells, rolloutColumns, stepColumns, stepRows } from './run-tables.ts';
import type { Column, Table } from './samples-table.ts';

/** A row a step, or a row a response. */
export const exportedTables = ['steps', 'rollouts'] as const;
export const exportFormats = ['csv', 'jsonl', 'parquet'] as const;

export interface ExportOptions {
  readonly table: (typeof exportedTables)[number];
  readonly format: (typeof exportFormats)[number];
  /** Of the file; its folder is there. */
  readonly path: string;
  /** With lists of a number a token, of rollouts and not in CSV. @default false */
  readonly tokens?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A run, and what it is called in the table. */
export interface ExportedRun {
  readonly id: string;
  readonly folder: string;
}

/** Rows that are in memory at a time; with tokens a tenth of them. */
const groupSize = 20_000;

/**
 * Writes a table of runs in their order. The file is there whole or not at all.
 * @returns its rows
 * @throws {ConfigError} when CSV is to have tokens
 * @throws {InputError} when a run has none of it
 */
export async function exportRuns(
  runs: readonly ExportedRun[],
  { table, format, path, tokens = false, signal }: ExportOptions,
): Promise<number> {
  if (tokens && (format === 'csv' || table === 'steps')) {
    const actual = format === 'csv' ? 'csv, whose cells hold no lists' : 'steps, which have none';
    throw new ConfigError('`tokens`', 'jsonl or parquet of rollouts', actual, 'Leave it out.');
  }
  const { columns, rows } =
    table === 'steps'
      ? await stepTable(runs)
      : await rolloutTable(runs, { tokens, format, signal });
  let count = 0;
  async function* counted() {
    for await (const group of grouped(rows, tokens ? groupSize / 10 : groupSize)) {
      count += group.length;
      yield group;
    }
  }
  await replaceFile(path, writers[format](columns, counted()));
  return count;
}

type Row = Table['rows'][number];
type Rows = Iterable<Row> | AsyncIterable<Row>;
type Groups = AsyncIterable<readonly Row[]>;

const writers: Readonly<
  Record<
    ExportOptions['format'],
    (columns: readonly Column[], groups: Groups) => AsyncGenerator<string | Uint8Array>
  >
> = {
  async *csv(columns, groups) {
    yield csvRecord(columns.map(({ name }) => name));
    for await (const rows of groups) {
      yield rows.map((row) => csvRecord(columns.map(({ name }) => row[name]))).join('');
    }
  },
  async *jsonl(_columns, groups) {
    for await (const rows of groups) yield rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  },
  parquet: parquetPieces,
};

async function stepTable(runs: readonly ExportedRun[]) {
  const logs: (readonly [string, readonly JobEvent[]])[] = [];
  for (const { id, folder } of runs) {
    const events = await readEvents<JobEvent>(join(folder, logName));
    if (!events.some(({ type }) => type === 'step')) throw nothingIn(folder, 'steps');
    logs.push([id, events]);
  }
  const names = new Set(logs.flatMap(([, events]) => metricNames(events)));
  const rows = logs.flatMap(([id, events]) => stepRows(id, events));
  return { columns: stepColumns([...names]), rows };
}

async function rolloutTable(
  runs: readonly ExportedRun[],
  { tokens = false, format, signal }: Pick<ExportOptions, 'format' | 'tokens' | 'signal'>,
) {
  const kept: (ExportedRun & { readonly steps: readonly number[] })[] = [];
  for (const run of runs) {
    const steps = await keptSteps(run.folder);
    if (steps.length === 0) throw nothingIn(run.folder, 'rollouts');
    kept.push({ ...run, steps });
  }
  async function* read() {
    for (const { id, folder, steps } of kept) {
      const queries = await readQueries(folder);
      for (const step of steps) {
        signal?.throwIfAborted();
        for (const row of await readRollouts(folder, step)) yield { id, row, queries };
      }
    }
  }
  // a row may lack what others have: all are looked at before there are columns
  const parts = new Set<string>();
  if (format !== 'jsonl') {
    for await (const { row } of read()) {
      for (const name of Object.keys(row.parts ?? {})) parts.add(name);
    }
  }
  async function* rows(): AsyncGenerator<Row> {
    for await (const { id, row, queries } of read()) yield rolloutCells(id, row, queries, tokens);
  }
  return { columns: rolloutColumns([...parts], tokens), rows: rows() };
}

function nothingIn(folder: string, table: string): InputError {
  const remedy = 'Leave the run out.';
  return new InputError(folder, `a run with ${table}`, 'one without', remedy);
}

async function* grouped(rows: Rows, size: number): AsyncGenerator<readonly Row[]> {
  let group: Row[] = [];
  for await (const row of rows) {
    group.push(row);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
