/** Rows of named fields, whatever file they come from, and what can be wrong with a field. Pure. */
import { InputError } from '../errors.ts';

/** One row before its fields are checked. */
export interface Row {
  /** `file:line`, the line where the row begins, counted from 1; of Parquet `file row n`, of JSON with several on a line `file:line row n`. */
  readonly where: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A row that cannot be read. Reading goes on after it, if the caller likes. */
export interface BadRow {
  readonly where: string;
  readonly error: InputError;
}

/** The rows of a file in its order. What makes the whole file useless is thrown. */
export type Rows = AsyncGenerator<Row | BadRow>;

/**
 * Told the names of the columns before the first row; answers with those that it will read.
 * @throws {InputError} when one that is needed is missing
 */
export type Begin = (
  where: string,
  columns: readonly string[],
  classes?: ClassNames,
) => readonly string[] | Uses;

/** Names of classes by their ids, of each column for which a file says them. */
export type ClassNames = ReadonlyMap<string, readonly string[]>;

/** Columns that are read. */
export interface Uses {
  readonly needed: readonly string[];
  /** Those that are left out where they cannot be read. */
  readonly spare: readonly string[];
}

/** Characters of a line, a cell or an object at most: a broken file must not fill the memory. */
export const longestRow = 16 * 2 ** 20;

/** A row, cell or line is longer than anything that is meant. */
export function tooLong(where: string): InputError {
  const expected = `a row of ${longestRow / 2 ** 20} million characters at most`;
  return new InputError(where, expected, 'a longer one', 'Is a quote or a bracket left open?');
}

/** What there is to read in a file without rows. */
export function emptyFile(file: string, expected: string): InputError {
  return new InputError(file, expected, 'an empty file', 'Is it the right file?');
}

/**
 * The field's text; undefined when it is absent, null or blank.
 * @param numbers whether a number or a truth value may stand for its text
 */
export function textField({ where, fields }: Row, name: string, numbers = false) {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (numbers && ['number', 'boolean', 'bigint'].includes(typeof value)) return String(value);
  if (typeof value !== 'string') {
    throw new InputError(where, `a text in "${name}"`, kind(value), 'Write it as one text.');
  }
  return value.trim() === '' ? undefined : value;
}

/** The field's text. @throws {InputError} when it is absent, null or blank */
export function requiredField(row: Row, name: string, numbers = false): string {
  const text = textField(row, name, numbers);
  if (text !== undefined) return text;
  throw nothingIn(row, name);
}

/** A field that is needed is absent, null or blank. */
export function nothingIn({ where }: Row, name: string): InputError {
  const remedy = `Write the ${name}, or remove the row.`;
  return new InputError(where, `a text in "${name}"`, 'nothing', remedy);
}

/** What a value is, in words. */
export function kind(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return 'bytes that are no UTF-8';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${String(value)}`;
}
