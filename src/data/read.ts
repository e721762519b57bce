/** I/O: reads example files and files of labelled texts. */
import { refusePointerFile } from '../lfs.ts';
import { type Collected, type CollectOptions, collect, type ItemReader } from './collect.ts';
import { csvRows } from './csv-rows.ts';
import { decoded } from './decode.ts';
import { type Example, type ExampleColumns, exampleReader } from './examples.ts';
import { bytesOf, type DataFile, dataFiles } from './files.ts';
import { jsonLinesRows, jsonRows } from './json-rows.ts';
import { type LabelledColumns, type LabelledText, labelledReader } from './labelled.ts';
import { parquetRows } from './parquet-rows.ts';
import type { Begin, Rows } from './table.ts';

/** What to read of a path, and how. */
export interface ReadOptions<Item> extends CollectOptions<Item> {
  /** Part of a folder: `train`, `test` … @default 'train' where files are named so, else all */
  readonly split?: string | undefined;
  /** Part that is read where none is given and there are some. @default 'train' */
  readonly usualSplit?: string;
}

/** What was read, under the name of what it is. */
type Read<Name extends string, Item> = Omit<Collected<Item>, 'items'> &
  Record<Name, Item[]> & {
    /** Paths of the files that were read, in their order. */
    readonly files: readonly string[];
  };

/**
 * The examples of a file, or of a folder with data files, in their order: `.csv`, `.tsv`, `.json`,
 * `.jsonl`, `.ndjson`, each perhaps with `.gz`, and `.parquet`. Text is UTF-8, or UTF-16 with its
 * mark. Rows are read one after the other: memory holds those that are kept.
 * @throws {InputError} when there is no such file, it is not what it says, a column is missing, most
 * rows are bad, or with `strict` the first bad row (names the line)
 */
export async function readExamples(
  path: string,
  options: ReadOptions<Example> & ExampleColumns = {},
): Promise<Read<'examples', Example>> {
  const { items: examples, ...rest } = await read(path, exampleReader(options), options);
  return { examples, ...rest };
}

/**
 * The labelled texts of a file or folder, as `readExamples` reads it.
 * @throws {InputError} as `readExamples`
 */
export async function readLabelled(
  path: string,
  options: ReadOptions<LabelledText> & LabelledColumns = {},
): Promise<Read<'texts', LabelledText>> {
  const { items: texts, ...rest } = await read(path, labelledReader(options), options);
  return { texts, ...rest };
}

async function read<Item>(path: string, reader: ItemReader<Item>, options: ReadOptions<Item>) {
  const files = await dataFiles(path, options);
  for (const file of files) await refusePointerFile(file.path);
  const opened = files.map((file) => (begin: Begin) => rowsOf(file, begin));
  const collected = await collect(opened, path, reader, options);
  return { ...collected, files: files.map((file) => file.path) };
}

function rowsOf(file: DataFile, begin: Begin): Rows {
  const { path, format } = file;
  if (format === 'parquet') return parquetRows(path, begin);
  const text = decoded(bytesOf(file), path);
  if (format === 'json') return jsonRows(text, path, begin);
  if (format === 'jsonl' || format === 'ndjson') return jsonLinesRows(text, path, begin);
  return csvRows(text, path, begin, { delimiter: format === 'tsv' ? '\t' : ',' });
}
