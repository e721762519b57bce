/** Options of the commands that answer or judge the rows of a file, and how they read them. */
import { z } from 'zod';
import { dialectFields, dialogueColumns, labelledColumns, rowFields } from '../data/config.ts';
import type { Read, ReadOptions } from '../data/read.ts';
import type { SkippedRows } from '../events.ts';
import { counted } from '../report/text.ts';
import type { CommandContext } from './command.ts';
import { located } from './locate.ts';

const group = { group: 'Data' };

/** Which rows of `--data`, and how they are written. */
export const rowOptions = {
  split: rowFields.split.meta(group),
  maxRows: rowFields.maxRows.meta(group),
  // which rows are taken must not depend on which are bad
  strict: z
    .boolean()
    .default(true)
    .meta(group)
    .describe('Stop at the first bad row; otherwise bad rows are told and left out'),
  delimiter: dialectFields.delimiter.meta(group),
  encoding: dialectFields.encoding.meta(group),
};

/** Which columns of dialogues. */
export const dialogueOptions = {
  dialogueColumn: dialogueColumns.dialogueColumn.meta(group),
  summaryColumn: dialogueColumns.summaryColumn.meta(group),
  idColumn: dialogueColumns.idColumn.meta(group),
};

/** Which column of labelled texts. */
export const textOptions = { textColumn: labelledColumns.textColumn.meta(group) };

/** Which dialogues by their length; all, where nothing is said. */
export const lengthOptions = {
  minimumLength: z
    .int()
    .nonnegative()
    .default(0)
    .meta(group)
    .describe('Shortest dialogue taken, in characters, exclusive'),
  maximumLength: z
    .int()
    .positive()
    .optional()
    .meta(group)
    .describe('Longest dialogue taken, in characters (default: any)'),
};

interface Source {
  readonly data: string;
  readonly dataRevision?: string | undefined;
  readonly samples?: number | undefined;
}

/**
 * Reads rows of `--data`, wherever it lies, and tells what was found in them.
 * @param read the reader of what they hold
 */
export async function readRows<Name extends string, Item, Options extends ReadOptions<Item>>(
  read: (path: string, options: Options) => Promise<Read<Name, Item>>,
  { data, dataRevision, samples, ...options }: Source & Options,
  context: Pick<CommandContext<unknown>, 'note' | 'progress' | 'signal'>,
): Promise<Read<Name, Item>> {
  const { data: path } = await located({ data, dataRevision }, context);
  const found = await read(path, { ...options, maxItems: samples } as unknown as Options);
  const { guessed, notes, skipped } = found;
  for (const [role, column] of Object.entries(guessed)) {
    context.note({ says: `${path}: the ${role} is taken from the column "${column}".` });
  }
  for (const note of notes) context.note(note);
  if (skipped) context.note({ says: skippedText(path, skipped) });
  return found;
}

function skippedText(path: string, { count, first: [{ where, why }] }: SkippedRows): string {
  return `${path}: ${counted(count, 'bad row')} left out; the first is ${where}: ${why}`;
}
