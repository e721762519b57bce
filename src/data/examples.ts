import { InputError } from '../errors.ts';
import {
  type CheckColumns,
  needColumn,
  parseCsv,
  parseJsonl,
  type Row,
  requiredField,
  textField,
} from './table.ts';

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

const idColumns = ['id', 'fname'];
const summaryColumns = ['summary', 'summary1', 'summary2', 'summary3'];

/**
 * Examples of a CSV text whose first row names the columns: `id` or `fname`, `dialogue`, `summary`
 * or `summary1` to `summary3`, and perhaps `topic` and a group. Cells are kept to the byte.
 * @param file the name that messages use
 * @throws {InputError} names file and line of the first bad row
 */
export function parseCsvExamples(text: string, file: string, options: ReadOptions = {}): Example[] {
  return Array.from(parseCsv(text, file, columnsFor(options)), (row) => toExample(row, options));
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
  return Array.from(parseJsonl(text, file, columnsFor(options)), (row) => toExample(row, options));
}

function columnsFor({ groupColumn }: ReadOptions): CheckColumns {
  return (where, columns) => {
    needColumn(where, columns, ['dialogue']);
    needColumn(where, columns, idColumns);
    needColumn(where, columns, summaryColumns.slice(0, 2));
    if (groupColumn !== undefined) needColumn(where, columns, [groupColumn]);
  };
}

function toExample(row: Row, { groupColumn = 'tone' }: ReadOptions): Example {
  const summaries = new Set<string>();
  for (const name of summaryColumns) {
    const summary = textField(row, name);
    if (summary !== undefined) summaries.add(summary); // `summary` often repeats `summary1`
  }
  if (summaries.size === 0) {
    const remedy = 'Write the summary, or remove the row.';
    throw new InputError(row.where, 'a summary', 'an empty one', remedy);
  }
  const topic = textField(row, 'topic');
  const group = textField(row, groupColumn);
  return {
    id: requiredField(row, idColumns.find((name) => name in row.fields) ?? 'id', true),
    dialogue: requiredField(row, 'dialogue'),
    summaries: [...summaries],
    ...(topic === undefined ? {} : { topic }),
    ...(group === undefined ? {} : { group }),
  };
}
