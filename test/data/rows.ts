/** Texts as if they were files. */
import { type Collected, collect, type ItemReader } from '../../src/data/collect.ts';
import { csvRows } from '../../src/data/csv-rows.ts';
import { type Example, type ExampleColumns, exampleReader } from '../../src/data/examples.ts';
import { jsonLinesRows, jsonRows } from '../../src/data/json-rows.ts';
import type { Begin, Rows } from '../../src/data/table.ts';

const formats = {
  csv: csvRows,
  tsv: (text: Iterable<string>, file: string, begin: Begin) =>
    csvRows(text, file, begin, { delimiter: '\t' }),
  json: jsonRows,
  jsonl: jsonLinesRows,
} as const satisfies Record<string, (text: Iterable<string>, file: string, begin: Begin) => Rows>;

export type TextFormat = keyof typeof formats;

/** Options of a test: bad rows are errors unless it says otherwise. */
export interface Options {
  readonly strict?: boolean;
  readonly maxRows?: number;
}

/** What the rows of a text hold. The file is called `f`. Text in several pieces comes as such. */
export function itemsIn<Item>(
  format: TextFormat,
  text: string | readonly string[],
  reader: ItemReader<Item>,
  options: Options = {},
): Promise<Collected<Item>> {
  const pieces = typeof text === 'string' ? [text] : text;
  const open = (begin: Begin) => formats[format](pieces, 'f', begin);
  return collect([open], 'f', reader, { strict: true, ...options });
}

/** The examples of a text. */
export async function examplesIn(
  format: TextFormat,
  text: string | readonly string[],
  options: Options & ExampleColumns = {},
): Promise<Example[]> {
  return (await itemsIn(format, text, exampleReader(options), options)).items;
}
