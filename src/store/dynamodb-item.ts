import type { ComparisonRow } from '../comparison.ts';
import { InputError, NumericError } from '../errors.ts';
import { layoutOf, type TableKey } from './dynamodb-key.ts';

/** A run as its items name it: two runs may have one name, but did not start at the same moment. */
export interface StoredRun {
  readonly runId: string;
  /** When it started, ISO 8601. */
  readonly started: string;
  readonly seed: number;
}

/** One item. */
export interface ConversationItem extends ComparisonRow {
  /** Counts the rows, from 1 in an empty table, where that is the key. */
  readonly conversation_id?: number;
  /** Counts the rows of a run, where run and row are the key. */
  readonly row?: number;
  readonly run_id: string;
  readonly run_started: string;
  readonly seed: number;
}

/** DynamoDB's own limits. */
const maximumItemBytes = 400 * 1024;
const smallestNumber = 1e-130;
const largestNumber = 9.9e125;
/** Bytes that a number takes at most. */
const numberBytes = 21;

/**
 * Checks what DynamoDB would refuse, before anything is written. Empty texts are allowed.
 * @param number of the row, from 1
 */
export function conversationItem(
  key: TableKey,
  number: number,
  { runId, started, seed }: StoredRun,
  row: ComparisonRow,
): ConversationItem {
  const measured = Object.entries(row).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'number' ? storedNumber(number, name, value) : value,
  ]);
  const item = {
    [layoutOf(key).count]: number,
    ...Object.fromEntries(measured.filter(([, value]) => value !== undefined)),
    run_id: runId,
    run_started: started,
    seed,
  } as ConversationItem;
  const bytes = Object.entries(item).reduce((sum, [name, value]) => {
    return sum + name.length + [value].flat().reduce((size, one) => size + bytesOf(one), 0);
  }, 0);
  if (bytes > maximumItemBytes) {
    const actual = `${Math.ceil(bytes / 1024)} KB`;
    const remedy = 'Leave out dialogues of this length.';
    throw new InputError(`dynamodb item ${number}`, '400 KB at most', actual, remedy);
  }
  return item;
}

function bytesOf(value: unknown): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : numberBytes;
}

function storedNumber(id: number, name: string, value: number): number {
  if (Math.abs(value) < smallestNumber) return 0;
  if (Math.abs(value) <= largestNumber) return value;
  const where = `dynamodb item ${id}`;
  if (Number.isFinite(value)) throw new NumericError(where, `${name} below 1e126`, `${value}`);
  throw new NumericError(where, `a finite ${name}`, `${value}`);
}
