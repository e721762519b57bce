/** Rows of named fields out of CSV and JSON Lines texts, and what can be wrong with them. Pure. */
import { type CsvError, parse } from 'csv-parse/sync';
import { didYouMean, InputError } from '../errors.ts';

/** One row before its fields are checked. */
export interface Row {
  /** `file:line`, the line where the row begins, counted from 1. */
  readonly where: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Throws when a column that is needed is missing. */
export type CheckColumns = (where: string, columns: readonly string[]) => void;

/**
 * Rows of a CSV text whose first row names the columns. Cells are kept to the byte.
 * @param file the name that messages use
 * @throws {InputError} names file and line of the first bad row
 */
export function* parseCsv(text: string, file: string, check: CheckColumns): Generator<Row> {
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
  check(header.where, columns);
  for (const { where, cells } of records) {
    if (cells.length !== columns.length) {
      const remedy = 'Put cells with commas, quotes or newlines in double quotes.';
      throw new InputError(where, `${columns.length} cells`, `${cells.length}`, remedy);
    }
    yield { where, fields: Object.fromEntries(columns.map((name, i) => [name, cells[i]])) };
  }
}

/**
 * Rows of a JSON Lines text: one object a line. Blank lines are skipped.
 * @param file the name that messages use
 * @throws {InputError} names file and line of the first bad row
 */
export function* parseJsonl(text: string, file: string, check: CheckColumns): Generator<Row> {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  let empty = true;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const where = `${file}:${index + 1}`;
    const fields = parseObject(line, where);
    check(where, Object.keys(fields));
    empty = false;
    yield { where, fields };
  }
  if (empty) {
    throw new InputError(file, 'one JSON object a line', 'an empty file', 'Is it the right file?');
  }
}

/**
 * One of some columns has to be there.
 * @throws {InputError} with the name that was probably meant
 */
export function needColumn(
  where: string,
  columns: readonly string[],
  names: readonly string[],
): void {
  if (names.some((name) => columns.includes(name))) return;
  const wanted = names.map((name) => `"${name}"`).join(' or ');
  const found = columns.map((name) => `"${name}"`).join(', ') || 'none';
  const near = columns.find((column) => didYouMean(column.toLowerCase(), names) !== '');
  const remedy = near === undefined ? 'Add it, or rename a column.' : didYouMean(names[0], [near]);
  const fallback = `Rename "${near}".`;
  throw new InputError(where, `a column ${wanted}`, `the columns ${found}`, remedy || fallback);
}

/**
 * The field's text; undefined when it is absent, null or blank.
 * @param numbers whether a number or a truth value may stand for its text
 */
export function textField({ where, fields }: Row, name: string, numbers = false) {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (numbers && (typeof value === 'number' || typeof value === 'boolean')) return String(value);
  if (typeof value !== 'string') {
    const remedy = 'Put it in double quotes.';
    throw new InputError(where, `a text in "${name}"`, kind(value), remedy);
  }
  return value.trim() === '' ? undefined : value;
}

/** The field's text. @throws {InputError} when it is absent, null or blank */
export function requiredField(row: Row, name: string, numbers = false): string {
  const text = textField(row, name, numbers);
  if (text !== undefined) return text;
  const remedy = `Write the ${name}, or remove the row.`;
  throw new InputError(row.where, `a text in "${name}"`, 'nothing', remedy);
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

function kind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`;
}
