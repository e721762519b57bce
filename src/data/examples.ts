/** Dialogues with summaries, out of rows of any file. Pure. */
import { InputError } from '../errors.ts';
import { classReader, type NamedClass } from './class-names.ts';
import type { ItemReader } from './collect.ts';
import { findColumn, needColumn, roles } from './columns.ts';
import { type Row, textField } from './table.ts';
import { dialogueField, Shapes, summaryField } from './turns.ts';

/** One dialogue with its reference summaries. */
export interface Example {
  readonly id: string;
  readonly dialogue: string;
  /** At least one, unless the reader did not ask for summaries. */
  readonly summaries: string[];
  readonly topic?: string;
  /** What evaluations are split by, for instance the tone of the dialogue. */
  readonly group?: string;
  /** All columns of its row, where they were asked for. */
  readonly row?: Readonly<Record<string, unknown>>;
  /** The rows that hold this dialogue, where there are several: as often it is trained on. */
  readonly rows?: readonly Example[];
}

/** Which columns hold what. */
export interface ExampleColumns {
  /** @default `dialogue`, or the one that is named as usual: `text`, `article`, `prompt` … */
  readonly dialogueColumn?: string | undefined;
  /** @default `summary`, `summary1` to `summary3`, or a usual one: `highlights`, `target` … */
  readonly summaryColumn?: string | undefined;
  /** @default `id` or `fname`; without one, rows are counted from 1 */
  readonly idColumn?: string | undefined;
  /** Column that holds the group; a missing one is an error only when named here. @default 'tone' */
  readonly groupColumn?: string | undefined;
  /**
   * Whether rows need a summary: all do; all do if there is such a column; or they are not read.
   * @default 'required'
   */
  readonly summaries?: 'required' | 'where given' | 'ignored';
  /** Keep all columns of each row, for modules of the user's. @default false */
  readonly keepsRows?: boolean | undefined;
}

const ownSummaries = ['summary', 'summary1', 'summary2', 'summary3'];

/** Reads rows as examples. Cells are kept to the byte. */
export function exampleReader(
  options: ExampleColumns = {},
  shapes = new Shapes(),
): ItemReader<Example> {
  return (where, columns, classes) => {
    const { groupColumn, summaryColumn, keepsRows = false } = options;
    const group = groupColumn ?? 'tone';
    const dialogue = needColumn(where, columns, roles.dialogue, options.dialogueColumn);
    const id = findColumn(where, columns, roles.id, options.idColumn);
    const summaries = summaryColumns(where, columns, options);
    if (groupColumn !== undefined) {
      const role = { name: 'group', option: 'groupColumn', own: [], usual: [] };
      needColumn(where, columns, role, groupColumn);
    }
    const others = ['topic', group].filter((name) => columns.includes(name));
    const needed = [...new Set([dialogue, ...summaries, id ?? [], ...others].flat())];
    const found = {
      dialogue,
      ...(summaries.length > 0 && { summary: summaries.join(', ') }),
      ...(id !== undefined && { id }),
      ...(columns.includes(group) && { group }),
    };
    const guessed = {
      ...(dialogue !== 'dialogue' && !options.dialogueColumn && { dialogue }),
      ...(summaries.some((name) => !ownSummaries.includes(name)) &&
        !summaryColumn && { summary: summaries.join(', ') }),
    };
    const topicOf = classReader('topic', classes, shapes);
    const groupOf = classReader(group, classes, shapes);
    return {
      columns: found,
      guessed,
      uses: keepsRows ? { needed, spare: columns } : needed,
      item: (row, number) => {
        const example = toExample(row, {
          ...{ dialogue, summaries, id, number, shapes },
          ...{ topicOf, groupOf },
        });
        return keepsRows ? { ...example, row: row.fields } : example;
      },
    };
  };
}

function summaryColumns(
  where: string,
  columns: readonly string[],
  { summaries = 'required', summaryColumn }: ExampleColumns,
): string[] {
  if (summaries === 'ignored') return [];
  const own = ownSummaries.filter((name) => columns.includes(name));
  if (summaryColumn === undefined && own.length > 0) return own;
  const find = summaries === 'required' ? needColumn : findColumn;
  const found = find(where, columns, roles.summary, summaryColumn);
  return found === undefined ? [] : [found];
}

interface Places {
  readonly dialogue: string;
  readonly summaries: readonly string[];
  readonly id: string | undefined;
  topicOf(row: Row): NamedClass | undefined;
  groupOf(row: Row): NamedClass | undefined;
  /** Of the row, counted from 1. */
  readonly number: number;
  readonly shapes: Shapes;
}

function toExample(row: Row, places: Places): Example {
  const { dialogue, summaries, id, number, shapes } = places;
  const found = new Set<string>();
  for (const name of summaries) {
    // `summary` often repeats `summary1`
    for (const summary of summaryField(row, name, shapes)) found.add(summary);
  }
  if (found.size === 0 && summaries.length > 0) {
    const remedy = 'Write the summary, or remove the row.';
    throw new InputError(row.where, 'a summary', 'an empty one', remedy);
  }
  const topic = places.topicOf(row)?.name;
  const group = places.groupOf(row)?.name;
  return {
    id: (id === undefined ? undefined : textField(row, id, true)) ?? `${number}`,
    dialogue: dialogueField(row, dialogue, shapes),
    summaries: [...found],
    ...(topic === undefined ? {} : { topic }),
    ...(group === undefined ? {} : { group }),
  };
}
