/** I/O: reads example files and files of labelled texts. */

import { refusePointerFile } from '../disk/lfs.ts';
import type { Note } from '../events.ts';
import { type Collected, type CollectOptions, collect, type ItemReader } from './collect.ts';
import { csvRows } from './csv-rows.ts';
import { decoded } from './decode.ts';
import { type Example, type ExampleColumns, exampleReader } from './examples.ts';
import { bytesOf, type DataFile, dataFiles } from './files.ts';
import { jsonLinesRows, jsonRows } from './json-rows.ts';
import {
  type LabelledColumns,
  type LabelledText,
  labelledReader,
  type TextColumns,
  textReader,
} from './labelled.ts';
import { parquetRows } from './parquet-rows.ts';
import type { Begin, Rows } from './table.ts';
import { Shapes } from './turns.ts';

/** What to read of a path, and how. */
export interface ReadOptions<Item> extends CollectOptions<Item> {
  /** Part of a folder: `train`, `test` … @default 'train' where files are named so, else all */
  readonly split?: string | undefined;
  /** Part that is read where none is given and there are some. @default 'train' */
  readonly usualSplit?: string;
  /** What stands between the cells of CSV and TSV. @default what the first rows show */
  readonly delimiter?: string | undefined;
  /** Of text, but for what has a byte order mark. @default 'utf-8' */
  readonly encoding?: string | undefined;
}

/** What was read, under the name of what it is. */
export type Read<Name extends string, Item> = Omit<Collected<Item>, 'items'> &
  Record<Name, Item[]> & {
    /** Paths of the files that were read, in their order. */
    readonly files: readonly string[];
    /** What was found in them that a user would want to know. */
    readonly notes: readonly Note[];
  };

/**
 * The examples of a file, or of a folder with data files, in their order: `.csv`, `.tsv`, `.json`,
 * `.jsonl`, `.ndjson`, each perhaps with `.gz`, and `.parquet`. Text is UTF-8, UTF-16, or what
 * `encoding` says. Rows are read one after the other: memory holds those that are kept.
 * @throws {InputError} when there is no such file, it is not what it says, a column is missing, most
 * rows are bad, or with `strict` the first bad row (names the line)
 */
export async function readExamples(
  path: string,
  options: ReadOptions<Example> & ExampleColumns = {},
): Promise<Read<'examples', Example>> {
  const shapes = new Shapes();
  const { items: examples, ...rest } = await read(path, exampleReader(options, shapes), options);
  return { examples, ...rest, notes: [...rest.notes, ...shapes.notes(path)] };
}

/**
 * The labelled texts of a file or folder, as `readExamples` reads it.
 * @throws {InputError} as `readExamples`
 */
export async function readLabelled(
  path: string,
  options: ReadOptions<LabelledText> & LabelledColumns = {},
): Promise<Read<'texts', LabelledText>> {
  const shapes = new Shapes();
  const { items: texts, ...rest } = await read(path, labelledReader(options, shapes), options);
  return { texts, ...rest, notes: [...rest.notes, ...shapes.notes(path)] };
}

/**
 * One text of each row of a file or folder, as `readExamples` reads it.
 * @throws {InputError} as `readExamples`
 */
export async function readTexts(
  path: string,
  options: ReadOptions<string> & TextColumns = {},
): Promise<Read<'texts', string>> {
  const shapes = new Shapes();
  const { items: texts, ...rest } = await read(path, textReader(options, shapes), options);
  return { texts, ...rest, notes: [...rest.notes, ...shapes.notes(path)] };
}

async function read<Item>(path: string, reader: ItemReader<Item>, options: ReadOptions<Item>) {
  const files = await dataFiles(path, options);
  for (const file of files) await refusePointerFile(file.path);
  const told = new Set<string>();
  const note = ({ says }: Note) => told.add(`${path}: ${says}`);
  const opened = files.map((file) => (begin: Begin) => rowsOf(file, begin, { ...options, note }));
  const collected = await collect(opened, path, reader, options);
  const notes = [...told].map((says): Note => ({ says }));
  return { ...collected, files: files.map((file) => file.path), notes };
}

type Dialect = Pick<ReadOptions<unknown>, 'delimiter' | 'encoding'> & {
  readonly note: (note: Note) => void;
};

function rowsOf(file: DataFile, begin: Begin, { delimiter, encoding, note }: Dialect): Rows {
  const { path, format } = file;
  if (format === 'parquet') return parquetRows(path, begin, note);
  const text = decoded(bytesOf(file), path, { encoding, note });
  if (format === 'json') return jsonRows(text, path, begin);
  if (format === 'jsonl' || format === 'ndjson') return jsonLinesRows(text, path, begin);
  return csvRows(text, path, begin, { delimiter, usual: format === 'tsv' ? '\t' : ',', note });
}
