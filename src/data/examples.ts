import { type CsvError, parse } from 'csv-parse/sync';
import { didYouMean, InputError } from '../errors.ts';

/** One dialogue with its reference summaries. */
export interface Example {
  readonly id: string;
  readonly dialogue: string;
  /** At least one. */
  readonly summaries: string[];
  readonly topic?: string;
  /** What evaluations are split by, for instance the tone of the dialogue. */
  readonly group?: string;
}

/** How to read rows. */
export interface ReadOptions {
  /** Column that holds the group; a missing one is an error only when named here. @default 'tone' */
  readonly groupColumn?: string | undefined;
}

/** One row before it is checked. */
interface Row {
  /** `file:line`, the line where the row begins, counted from 1. */
  readonly where: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const idColumns = ['id', 'fname'];
const summaryColumns = ['summary', 'summary1', 'summary2', 'summary3'];

/**
 * Examples of a CSV text whose first row names the columns: `id` or `fname`, `dialogue`, `summary`
 * or `summary1` to `summary3`, and perhaps `topic` and a group. Cells are kept to the byte.
 * @param file the name that messages use
 * @throws {InputError} names file and line of the first bad row
 */
export function parseCsvExamples(text: string, file: string, options: ReadOptions = {}): Example[] {
  const [header, ...records] = csvRecords(text.replace(/^\uFEFF/, ''), file);
  if (header === undefined) {
    throw new InputError(file, 'a row of column names', 'an empty file', 'Is it the right file?');
  }
  const columns = header.cells.map((name) => name.trim());
  const twice = columns.find((name, i) => name !== '' && columns.indexOf(name) !== i);
  if (twice !== undefined) {
    const remedy = 'Rename or remove one of them.';
    throw new InputError(header.where, 'every column once', `"${twice}" twice`, remedy);
  }
  checkColumns(header.where, columns, options);
  return records.map(({ where, cells }) => {
    if (cells.length !== columns.length) {
      const remedy = 'Put cells with commas, quotes or newlines in double quotes.';
      throw new InputError(where, `${columns.length} cells`, `${cells.length}`, remedy);
    }
    return toExample({ where, fields: Object.fromEntries(zip(columns, cells)) }, options);
  });
}

/**
 * Examples of a JSON Lines text: one object a line, with the fields that a CSV has as columns.
 * Blank lines are skipped.
 * @param file the name that messages use
 * @throws {InputError} names file and line of the first bad row
 */
export function parseJsonlExamples(
  text: string,
  file: string,
  options: ReadOptions = {},
): Example[] {
  const examples: Example[] = [];
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue;
    const where = `${file}:${index + 1}`;
    const fields = parseObject(line, where);
    checkColumns(where, Object.keys(fields), options);
    examples.push(toExample({ where, fields }, options));
  }
  if (examples.length === 0) {
    throw new InputError(file, 'one JSON object a line', 'an empty file', 'Is it the right file?');
  }
  return examples;
}

/** Rows of cells, each with the line where it begins; blank lines are left out. */
function csvRecords(text: string, file: string): { where: string; cells: string[] }[] {
  let line = 1;
  const records: { where: string; cells: string[] }[] = [];
  for (const cells of csvCells(text, file)) {
    if (cells.length > 1 || cells[0].trim() !== '')
      records.push({ where: `${file}:${line}`, cells });
    line += 1 + newlines(cells.join(' '));
  }
  return records;
}

function csvCells(text: string, file: string): string[][] {
  try {
    return parse(text, { relax_column_count: true, record_delimiter: ['\r\n', '\n', '\r'] });
  } catch (cause) {
    const { code, bytes: end } = cause as CsvError & { bytes?: number };
    if (code === undefined) throw cause;
    // csv-parse names the line where it gave up; the row's first line helps more
    const before = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, end ?? 0));
    const open = code === 'CSV_QUOTE_NOT_CLOSED';
    const got = open ? 'a quoted cell without an end' : 'a quote inside a cell';
    const remedy = 'Put cells with quotes in double quotes, and write a quote inside as two ("").';
    throw new InputError(`${file}:${newlines(before) + 1}`, 'a CSV row', got, remedy, cause);
  }
}

function newlines(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}

function parseObject(line: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    const remedy = `Write one whole JSON object a line (${(cause as Error).message}).`;
    throw new InputError(where, 'a JSON object', 'broken JSON', remedy, cause);
  }
  if (kind(value) !== 'an object') {
    throw new InputError(where, 'a JSON object', kind(value), 'Write one object a line.');
  }
  return value as Record<string, unknown>;
}

/** Fails when a needed column is missing. */
function checkColumns(where: string, columns: readonly string[], options: ReadOptions): void {
  const need = (names: readonly string[]) => {
    if (names.some((name) => columns.includes(name))) return;
    const wanted = names.map((name) => `"${name}"`).join(' or ');
    const found = columns.map((name) => `"${name}"`).join(', ') || 'none';
    const near = columns.find((column) => didYouMean(column.toLowerCase(), names) !== '');
    const remedy =
      near === undefined ? 'Add it, or rename a column.' : didYouMean(names[0], [near]);
    const fallback = `Rename "${near}".`;
    throw new InputError(where, `a column ${wanted}`, `the columns ${found}`, remedy || fallback);
  };
  need(['dialogue']);
  need(idColumns);
  need(summaryColumns.slice(0, 2));
  if (options.groupColumn !== undefined) need([options.groupColumn]);
}

function toExample({ where, fields }: Row, { groupColumn = 'tone' }: ReadOptions): Example {
  const summaries = new Set<string>();
  for (const name of summaryColumns) {
    const summary = textField(where, fields, name);
    if (summary !== undefined) summaries.add(summary); // `summary` often repeats `summary1`
  }
  if (summaries.size === 0) {
    const remedy = 'Write the summary, or remove the row.';
    throw new InputError(where, 'a summary', 'an empty one', remedy);
  }
  const topic = textField(where, fields, 'topic');
  const group = textField(where, fields, groupColumn);
  return {
    id: required(where, fields, idColumns.find((name) => name in fields) ?? 'id'),
    dialogue: required(where, fields, 'dialogue'),
    summaries: [...summaries],
    ...(topic === undefined ? {} : { topic }),
    ...(group === undefined ? {} : { group }),
  };
}

function required(where: string, fields: Row['fields'], name: string): string {
  const text = textField(where, fields, name);
  if (text !== undefined) return text;
  const remedy = `Write the ${name}, or remove the row.`;
  throw new InputError(where, `a text in "${name}"`, 'nothing', remedy);
}

/** The field's text; undefined when it is absent, null or blank. */
function textField(where: string, fields: Row['fields'], name: string): string | undefined {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && idColumns.includes(name)) return String(value);
  if (typeof value !== 'string') {
    const remedy = 'Put it in double quotes.';
    throw new InputError(where, `a text in "${name}"`, kind(value), remedy);
  }
  return value.trim() === '' ? undefined : value;
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`;
}

function zip<A, B>(first: readonly A[], second: readonly B[]): [A, B][] {
  return first.map((a, i) => [a, second[i]]);
}
