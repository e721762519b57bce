import type { ComparisonRow } from '../comparison.ts';
import { InputError, NumericError } from '../errors.ts';

/** A run as its items name it: two runs may have one name, but did not start at the same moment. */
export interface StoredRun {
  readonly runId: string;
  /** When it started, ISO 8601. */
  readonly started: string;
  readonly seed: number;
}

/** One item; `conversation_id` is the hash key and counts the rows, from 1 in an empty table. */
export interface ConversationItem extends ComparisonRow {
  readonly conversation_id: number;
  readonly run_id: string;
  readonly run_started: string;
  readonly seed: number;
}

/** DynamoDB's own limits. */
const maximumItemBytes = 400 * 1024;
const smallestNumber = 1e-130;
/** Bytes that a number takes at most. */
const numberBytes = 21;

/** Checks what DynamoDB would refuse, before anything is written. Empty texts are allowed. */
export function conversationItem(
  conversation_id: number,
  { runId, started, seed }: StoredRun,
  row: ComparisonRow,
): ConversationItem {
  const measured = Object.entries(row).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'number' ? storedNumber(conversation_id, name, value) : value,
  ]);
  const item: ConversationItem = {
    conversation_id,
    ...Object.fromEntries(measured.filter(([, value]) => value !== undefined)),
    run_id: runId,
    run_started: started,
    seed,
  };
  const bytes = Object.entries(item).reduce((sum, [name, value]) => {
    return sum + name.length + [value].flat().reduce((size, one) => size + bytesOf(one), 0);
  }, 0);
  if (bytes > maximumItemBytes) {
    const actual = `${Math.ceil(bytes / 1024)} KB`;
    const remedy = 'Leave out dialogues of this length.';
    throw new InputError(`dynamodb item ${conversation_id}`, '400 KB at most', actual, remedy);
  }
  return item;
}

function bytesOf(value: unknown): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : numberBytes;
}

function storedNumber(id: number, name: string, value: number): number {
  if (Number.isFinite(value)) return Math.abs(value) < smallestNumber ? 0 : value;
  throw new NumericError(`dynamodb item ${id}`, `a finite ${name}`, `${value}`);
}
