/**
 * Rows of a CSV or TSV text that comes in pieces. csv-parse reads one block of lines at a time, so
 * that memory stays small, and a broken row costs no other: reading goes on at the next line. Pure.
 */
import { type CsvErrorCode, parse } from 'csv-parse/sync';
import { InputError } from '../errors.ts';
import type { Note } from '../events.ts';
import { type Dialect, dialectOf, type FoundDialect, nameOf } from './csv-dialect.ts';
import {
  type BadRow,
  type Begin,
  emptyFile,
  longestRow,
  type Row,
  type Rows,
  tooLong,
} from './table.ts';

/** How the cells are written. */
export interface CsvOptions {
  /** What stands between cells. @default what the first rows show */
  readonly delimiter?: string | undefined;
  /** What does if they show nothing. @default ',' */
  readonly usual?: ',' | '\t';
  /** Characters of a row at most; blocks are a sixteenth of it. @default longestRow */
  readonly longest?: number;
  /** Is told what was found. */
  readonly note?: ((note: Note) => void) | undefined;
}

type TableOptions = Dialect & { readonly longest: number };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Rows of a CSV text whose first row names the columns; blank lines are left out. Cells are kept to
 * the byte. A quote in the middle of a cell is a mistake in CSV, and itself between tabs.
 * @param text pieces of any length, without a byte order mark
 * @param file the name that messages use
 * @throws {InputError} when the file is empty, its first row is broken or a row is endless
 */
export async function* csvRows(
  text: AsyncIterable<string> | Iterable<string>,
  file: string,
  begin: Begin,
  { delimiter, usual = ',', longest = longestRow, note }: CsvOptions = {},
): Rows {
  const blockSize = longest / 16;
  let table: Table | undefined;
  let pending = '';
  let wanted = blockSize;
  const started = () => {
    const { skip, told, ...dialect }: FoundDialect = dialectOf(pending, delimiter, usual);
    for (const says of told) note?.({ says });
    pending = pending.slice(skip);
    return new Table(file, begin, { ...dialect, longest }, skip > 0 ? 2 : 1);
  };
  for await (const piece of text) {
    pending += piece;
    if (pending.length < wanted) continue;
    table ??= started();
    const end = endOfLines(pending);
    const [rows, rest] = table.read(pending.slice(0, end), false);
    yield* rows;
    pending = rest + pending.slice(end);
    if (pending.length > longest) throw tooLong(table.where);
    // a row that is not whole yet is parsed again: rarely, so that the work stays linear
    wanted = Math.max(blockSize, 2 * pending.length);
  }
  table ??= started();
  const [rows] = table.read(pending, true);
  yield* rows;
  if (table.columns === undefined) throw emptyFile(file, 'a row of column names');
}

/** What is known while blocks of lines are read. */
class Table {
  columns: readonly string[] | undefined;
  /** Line where the next row begins. */
  #line: number;
  /** The lines that follow belong to a broken row, until one is whole. */
  #broken = false;
  readonly #file: string;
  readonly #begin: Begin;
  readonly #options: TableOptions;

  constructor(file: string, begin: Begin, options: TableOptions, line: number) {
    this.#file = file;
    this.#begin = begin;
    this.#options = options;
    this.#line = line;
  }

  get where(): string {
    return `${this.#file}:${this.#line}`;
  }

  /**
   * The rows of a block, and the text from the first row on that needs more than the block.
   * @param last whether nothing comes after it
   */
  read(block: string, last: boolean): [rows: (Row | BadRow)[], rest: string] {
    const { quote, backslashes } = this.#options;
    const bytes = encoder.encode(backslashes ? doubled(block, quote) : block);
    const rows: (Row | BadRow)[] = [];
    let start = 0;
    while (start < bytes.length) {
      const part = bytes.subarray(start);
      let end = 0; // of the rows that are whole
      const code = parseCells(part, this.#options, (cells, bytesSoFar) => {
        const row = this.#row(cells);
        if (row === 'cut') return false;
        if (row !== undefined) rows.push(row);
        this.#line += newlines(part.subarray(end, bytesSoFar));
        end = bytesSoFar;
        return true;
      });
      if (code === undefined) return [rows, ''];
      if (code === 'CSV_MAX_RECORD_SIZE') throw tooLong(this.where);
      start += end;
      if (code === 'CSV_QUOTE_NOT_CLOSED' && !last) break;
      const error = quoteError(this.where, code);
      if (this.columns === undefined) throw error;
      if (!this.#broken) rows.push({ where: this.where, error });
      this.#broken = true;
      start += lineLength(bytes.subarray(start));
      this.#line++;
    }
    return [rows, decoder.decode(bytes.subarray(start))];
  }

  /** A row of some cells; nothing of a blank line; `cut` when an open quote swallowed other rows. */
  #row(cells: readonly string[]): Row | BadRow | 'cut' | undefined {
    if (cells.length === 1 && cells[0].trim() === '') return undefined;
    const { where } = this;
    const { columns } = this;
    if (columns === undefined) {
      this.columns = columnNames(where, cells);
      this.#begin(where, this.columns);
      return undefined;
    }
    const wrong = cells.length !== columns.length;
    if (this.#options.delimiter === '\t' && cells.some((cell) => isCut(cell, wrong))) return 'cut';
    if (wrong) {
      if (this.#broken) return undefined;
      const apart = nameOf(this.#options.delimiter).replace('","', 'commas');
      const remedy = `Put cells with ${apart}, quotes or newlines in double quotes.`;
      const error = new InputError(where, `${columns.length} cells`, `${cells.length}`, remedy);
      return { where, error };
    }
    this.#broken = false;
    return { where, fields: Object.fromEntries(columns.map((name, i) => [name, cells[i]])) };
  }
}

/** A text with quotes doubled that have a backslash; its length and its other backslashes stay. */
function doubled(text: string, quote: string): string {
  return text.replaceAll(/\\(.)/g, (whole, char) => (char === quote ? quote + quote : whole));
}

/** Whether a cell of TSV may be what lies between one stray quote and the next, lines below. */
function isCut(cell: string, wrong: boolean): boolean {
  return (wrong || cell.startsWith('"')) && /[\r\n]/.test(cell);
}

type Code = CsvErrorCode | 'INVALID_OPENING_QUOTE' | 'cut';

/**
 * Gives the cells of row after row to `take`, with the bytes up to the row's end, until it refuses.
 * @returns why not all was read
 */
function parseCells(
  bytes: Uint8Array,
  { delimiter, quote, trims, longest }: TableOptions,
  take: (cells: string[], end: number) => boolean,
): Code | undefined {
  let thrown: unknown;
  try {
    parse(bytes, {
      ...{ delimiter, quote, escape: quote, ltrim: trims },
      relax_column_count: true,
      relax_quotes: delimiter === '\t',
      record_delimiter: ['\r\n', '\n', '\r'],
      max_record_size: longest,
      on_record(cells: string[], { bytes: end }) {
        try {
          if (take(cells, end)) return null;
        } catch (error) {
          thrown = error;
        }
        throw { code: 'cut' };
      },
    });
  } catch (error) {
    if (thrown !== undefined) throw thrown;
    const { code } = error as { code?: Code };
    if (code === undefined) throw error;
    return code;
  }
  return undefined;
}

function columnNames(where: string, cells: readonly string[]): string[] {
  const columns = cells.map((name) => name.trim());
  const twice = columns.find((name, i) => name !== '' && columns.indexOf(name) !== i);
  if (twice !== undefined) {
    const remedy = 'Rename or remove one of them. Are there names in the first row?';
    throw new InputError(where, 'every column once', `"${twice.slice(0, 60)}" twice`, remedy);
  }
  return columns;
}

function quoteError(where: string, code: Code): InputError {
  const open = code === 'CSV_QUOTE_NOT_CLOSED' || code === 'cut';
  const got = open ? 'a quoted cell without an end' : 'a quote inside a cell';
  const remedy = 'Put cells with quotes in double quotes, and write a quote inside as two ("").';
  return new InputError(where, 'a CSV row', got, remedy);
}

/** Length up to the end of the last line that is surely whole: a final \r may be half of \r\n. */
function endOfLines(text: string): number {
  const end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r', text.length - 2));
  return end + 1;
}

const [lf, cr] = [10, 13];

function newlines(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === lf || (bytes[i] === cr && bytes[i + 1] !== lf)) count++;
  }
  return count;
}

/** Length of the first line with its end. */
function lineLength(bytes: Uint8Array): number {
  const end = bytes.findIndex((byte) => byte === lf || byte === cr);
  if (end < 0) return bytes.length;
  return bytes[end] === cr && bytes[end + 1] === lf ? end + 2 : end + 1;
}
