/** Collects what rows hold, and counts the rows that cannot be read. Pure. */
import { InputError } from '../errors.ts';
import type { SkippedRows } from '../events.ts';
import type { Begin, ClassNames, Row, Rows, Uses } from './table.ts';

/** How the rows of one file are read, which its columns decide. */
export interface Plan<Item> {
  /** Names of the columns by what they hold. */
  readonly columns: Readonly<Record<string, string>>;
  /** Of these, the ones that neither a setting nor tactful's own names told. */
  readonly guessed: Readonly<Record<string, string>>;
  /** Names of all columns that are read. */
  readonly uses: readonly string[] | Uses;
  /**
   * @param number of the row, counted from 1
   * @throws {InputError} when the row is bad
   */
  item(row: Row, number: number): Item;
}

/** @throws {InputError} when a column is missing */
export type ItemReader<Item> = (
  where: string,
  columns: readonly string[],
  classes?: ClassNames,
) => Plan<Item>;

/** How many rows are read, and what becomes of bad ones. */
export interface CollectOptions<Item> {
  /** Rows to read at most, bad ones not counted. @default all */
  readonly maxRows?: number | undefined;
  /** Items to keep at most; nothing is read after the last one. @default all */
  readonly maxItems?: number | undefined;
  /** The first bad row is an error. @default false: bad rows are counted and left out */
  readonly strict?: boolean | undefined;
  /** Which of the items to keep; the others take no memory. @default all */
  keep?(item: Item): boolean;
}

/** What was read. */
export interface Collected<Item> {
  readonly items: Item[];
  /** Rows that could be read, whether kept or not. */
  readonly rows: number;
  /** Undefined when no row was bad. */
  readonly skipped: SkippedRows | undefined;
  /** Names of the columns by what they hold: `{ dialogue: 'article', summary: 'highlights' }`. */
  readonly columns: Readonly<Record<string, string>>;
  /** Of these, the ones that neither a setting nor tactful's own names told. */
  readonly guessed: Readonly<Record<string, string>>;
}

/** Bad rows that are told in full. */
const toldOf = 5;

/**
 * What the rows of one file after another hold.
 * @param files each starts to read one file
 * @param where all of them are, for messages
 * @throws {InputError} when a file is useless, a row is bad and `strict` is set, or most rows are bad
 */
export async function collect<Item>(
  files: Iterable<(begin: Begin) => Rows>,
  where: string,
  reader: ItemReader<Item>,
  {
    maxRows = Number.POSITIVE_INFINITY,
    maxItems = Number.POSITIVE_INFINITY,
    strict = false,
    keep = () => true,
  }: CollectOptions<Item>,
): Promise<Collected<Item>> {
  const items: Item[] = [];
  const first: { where: string; why: string }[] = [];
  let told: Plan<Item> | undefined;
  let [rows, bad] = [0, 0];
  reading: for (const open of files) {
    let plan: Plan<Item> | undefined;
    const begin: Begin = (at, columns, classes) => {
      plan = reader(at, columns, classes);
      told ??= plan;
      return plan.uses;
    };
    for await (const row of open(begin)) {
      try {
        if ('error' in row) throw row.error;
        const item = plan!.item(row, rows + bad + 1);
        rows++;
        if (keep(item)) items.push(item);
      } catch (error) {
        if (!(error instanceof InputError) || strict) throw error;
        bad++;
        if (first.length < toldOf) first.push({ where: row.where, why: whyOf(error, row.where) });
      }
      if (rows === maxRows || items.length === maxItems) break reading;
    }
  }
  if (bad > rows) throw mostlyBad(where, { count: bad, first }, rows);
  const skipped = bad === 0 ? undefined : { count: bad, first };
  return { items, rows, skipped, columns: told?.columns ?? {}, guessed: told?.guessed ?? {} };
}

/** The message without the place, which is told beside it. */
function whyOf({ message }: InputError, where: string): string {
  return message.startsWith(`${where}: `) ? message.slice(where.length + 2) : message;
}

function mostlyBad(where: string, { count, first }: SkippedRows, rows: number): InputError {
  const [{ where: at, why }] = first;
  const actual = `${count} bad ones of ${count + rows}`;
  const remedy = `The first is ${at}: ${why} Is it the right file?`;
  return new InputError(where, 'rows that can be read', actual, remedy);
}
