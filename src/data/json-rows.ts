/** Rows of JSON Lines, and of JSON with one array of objects, from a text in pieces. Pure. */
import { InputError } from '../errors.ts';
import { jsonElements, type Place, withoutRows } from './json-elements.ts';
import {
  type BadRow,
  type Begin,
  emptyFile,
  kind,
  longestRow,
  type Row,
  type Rows,
  tooLong,
} from './table.ts';

type Pieces = AsyncIterable<string> | Iterable<string>;

/** Rows whose fields tell which columns there are: not every row has each. */
const seenFirst = 20;
/** Characters within which JSON Lines show that they are some. */
const lookedAt = 2 ** 20;

/**
 * Rows of a JSON Lines text: one object a line. Blank lines are left out.
 * @param text pieces of any length, without a byte order mark
 * @param file the name that messages use
 * @throws {InputError} when the file is empty or a line is endless
 */
export function jsonLinesRows(text: Pieces, file: string, begin: Begin): Rows {
  return begun(objects(linesOf(text, file), file), file, begin);
}

/**
 * Rows of a JSON text: an array of objects, at the top or as a field of one object; or JSON Lines.
 * @param text pieces of any length, without a byte order mark
 * @param file the name that messages use
 * @throws {InputError} when it is none of these, or ends early
 */
export async function* jsonRows(text: Pieces, file: string, begin: Begin): Rows {
  const pieces = generated(text);
  try {
    let head = '';
    while (!/^\s*\S[^\n]*\n\s*\S/.test(head) && head.length < lookedAt) {
      const next = await pieces.next();
      if (next.done) break;
      head += next.value;
    }
    const all = joined(head, pieces);
    if (holdsColumns(head)) throw withoutRows(file, 'an object of columns');
    if (areLines(head)) yield* jsonLinesRows(all, file, begin);
    else yield* begun(objects(jsonElements(all, file), file), file, begin);
  } finally {
    await pieces.return(undefined);
  }
}

/** Whether it is one object, of objects with the same names: how pandas writes columns, or an index. */
function holdsColumns(head: string): boolean {
  try {
    const value: unknown = JSON.parse(head);
    if (kind(value) !== 'an object') return false;
    const fields = Object.values(value as object);
    const names = fields.map((field) => (kind(field) === 'an object' ? namesIn(field) : ''));
    return names.length > 1 && names[0] !== '' && new Set(names).size === 1;
  } catch {
    return false;
  }
}

function namesIn(field: object): string {
  return JSON.stringify(Object.keys(field).sort());
}

/** Whether the first line is a whole object and no other thing holds the rows. */
function areLines(head: string): boolean {
  const [first, ...more] = head.trim().split('\n');
  try {
    const value: unknown = JSON.parse(first);
    if (kind(value) !== 'an object') return false;
    const lists = Object.values(value as object).filter((field) => Array.isArray(field));
    return more.length > 0 || !lists.some(([item]) => kind(item) === 'an object');
  } catch {
    return false;
  }
}

async function* generated(text: Pieces): AsyncGenerator<string, undefined> {
  yield* text;
}

async function* joined(head: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

async function* linesOf(text: Pieces, file: string): AsyncGenerator<Place> {
  let line = 1;
  let pending = '';
  for await (const piece of text) {
    const [first, ...rest] = piece.split('\n');
    pending += first;
    if (pending.length > longestRow) throw tooLong(`${file}:${line}`);
    for (const next of rest) {
      yield { text: pending, line };
      line++;
      pending = next;
    }
  }
  yield { text: pending, line };
}

async function* objects(places: AsyncIterable<Place>, file: string): Rows {
  let [number, last] = [0, 0];
  for await (const { text, line } of places) {
    if (text.trim() === '') continue;
    const lead = text.slice(0, text.length - text.trimStart().length);
    const at = line + lead.split('\n').length - 1;
    number++;
    // without line breaks, as programs write it, the line tells nothing
    const where = at === last ? `${file}:${at} row ${number}` : `${file}:${at}`;
    last = at;
    try {
      yield { where, fields: objectOf(text, where) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      yield { where, error };
    }
  }
}

/** Holds the first rows back until they have told the columns. */
async function* begun(rows: Rows, file: string, begin: Begin): Rows {
  let started = false;
  let any = false;
  const first: (Row | BadRow)[] = [];
  const start = () => {
    const good = first.filter((row) => 'fields' in row);
    if (good.length > 0) begin(good[0].where, columnsOf(good));
    started = true;
  };
  for await (const row of rows) {
    any = true;
    if (!started && ('fields' in row || first.length > 0)) {
      first.push(row);
      if (first.length < seenFirst) continue;
      start();
      yield* first;
    } else yield row;
  }
  if (!any) throw emptyFile(file, 'JSON objects');
  if (started) return;
  start();
  yield* first;
}

function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap(({ fields }) => Object.keys(fields)))];
}

function objectOf(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
    if (/\d{16}/.test(text)) value = JSON.parse(withExactIntegers(text));
  } catch (cause) {
    const reason = (cause as Error).message.slice(0, 200);
    const remedy = `Write one whole JSON object a line (${reason}).`;
    throw new InputError(where, 'a JSON object', 'broken JSON', remedy, cause);
  }
  if (kind(value) === 'an object') return value as Record<string, unknown>;
  throw new InputError(
    where,
    'a JSON object',
    kind(value).slice(0, 200),
    'Write one object a row.',
  );
}

/** JSON with whole numbers as texts where JavaScript would write others: ids stay what they are. */
function withExactIntegers(text: string): string {
  let inText = false;
  return text.replace(/\\.|"|-?\d[\d.eE+-]*/g, (found) => {
    if (found === '"') inText = !inText;
    const isRounded = !inText && /^-?\d{16,}$/.test(found) && String(Number(found)) !== found;
    return isRounded ? `"${found}"` : found;
  });
}
