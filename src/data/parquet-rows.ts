/** I/O: rows of Parquet files, one row group at a time. */
import { type FileHandle, open } from 'node:fs/promises';
import type { AsyncBuffer, FileMetaData, SchemaElement, SchemaTree } from 'hyparquet';
import { InputError, TactfulError } from '../errors.ts';
import type { Note } from '../events.ts';
import { classNamesIn } from './class-names.ts';
import { decimalOf, withoutBigints } from './decimal.ts';
import { unreadable } from './files.ts';
import { checkChunk, largestColumn, mostNested, mostRows, ParquetError } from './parquet-check.ts';
import { codecs } from './parquet-codecs.ts';
import { type Leaf, leavesOf } from './parquet-schema.ts';
import type { Begin, Rows } from './table.ts';
import { readStruct } from './thrift.ts';
import { grouped } from './words.ts';

/** Bytes of the footer at most. */
const largestFooter = 2 ** 26;

/**
 * Rows of a Parquet file; of the columns, only those that `begin` asks for are read. Whole numbers
 * are numbers, and texts where JavaScript would round them, as out of JSON.
 * @throws {InputError} when it cannot be read, is no whole Parquet file, or a column that is asked
 * for holds maps
 */
export async function* parquetRows(path: string, begin: Begin, note: Tell = () => {}): Rows {
  const handle = await open(path).catch((cause) => {
    throw unreadable(path, cause);
  });
  try {
    yield* rowsOf(handle, path, { begin, note });
  } catch (cause) {
    if (cause instanceof TactfulError) throw cause;
    if ((cause as { syscall?: string }).syscall !== undefined) throw unreadable(path, cause);
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause);
    const remedy = `Was it cut off? (${reason})`;
    throw new InputError(path, 'a whole Parquet file', 'broken data', remedy, cause);
  } finally {
    await handle.close();
  }
}

/** Told what is left out. */
type Tell = (note: Note) => void;

interface Asking {
  readonly begin: Begin;
  readonly note: Tell;
}

async function* rowsOf(handle: FileHandle, path: string, { begin, note }: Asking): Rows {
  // lazily: few runs read Parquet, and the compressors are large
  const { parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
  const { size } = await handle.stat();
  const file = bufferOf(handle, size);
  await checkFooter(file);
  const metadata = await parquetMetadataAsync(file, { geoparquet: false });
  const children = parquetSchema(metadata).children;
  const asked = begin(
    path,
    children.map(({ element }) => element.name),
    classNamesIn(metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value),
  );
  const { needed, spare } = 'needed' in asked ? asked : { needed: asked, spare: [] };
  const named = (name: string) => children.find(({ element }) => element.name === name)!;
  const others = spare.filter((name) => !needed.includes(name));
  const columns = [...needed, ...others.filter((name) => isReadable(named(name), note))];
  const schema = columns.map(named);
  const leaves = schema.flatMap((column) => readable(path, column));
  const scales = new Map(schema.flatMap(({ element }) => takeScale(element)));
  let start = 0;
  for (const [group, { num_rows }] of metadata.row_groups.entries()) {
    const count = Number(num_rows);
    if (!(count >= 0 && count <= mostRows)) {
      throw new ParquetError(`${count} rows in a row group; ${mostRows} at most`);
    }
    for (const leaf of leaves) await checkColumn({ where: path, file, metadata, group }, leaf);
    const rows = await parquetReadObjects({
      file,
      metadata,
      columns,
      rowStart: start,
      rowEnd: start + count,
      compressors: codecs,
      parsers: { stringFromBytes: textOf },
    });
    for (const [i, fields] of rows.entries()) {
      for (const [name, scale] of scales) fields[name] = decimalOf(fields[name], scale);
      yield { where: `${path} row ${start + i + 1}`, fields: withoutBigints(fields) };
    }
    start += count;
  }
}

/** The library reads slices of the file. */
function bufferOf(handle: FileHandle, byteLength: number): AsyncBuffer {
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const length = end - start;
      if (start < 0 || length < 0 || end > byteLength || length > largestColumn) {
        throw new ParquetError(`bytes ${start} to ${end} of ${byteLength}`);
      }
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(bytes, done, length - done, start + done);
        if (bytesRead === 0) throw new ParquetError('an early end');
        done += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

async function checkFooter(file: AsyncBuffer): Promise<void> {
  const { byteLength } = file;
  if (byteLength < 12) throw new ParquetError('an early end');
  const tail = new DataView(await file.slice(byteLength - 8));
  if (tail.getUint32(4, true) !== 0x31524150) throw new ParquetError('no "PAR1" at its end');
  const length = tail.getUint32(0, true);
  if (length > byteLength - 8 || length > largestFooter) {
    throw new ParquetError(`a footer of ${length} bytes`);
  }
  readStruct(new Uint8Array(await file.slice(byteLength - 8 - length, byteLength - 8)));
}

/** Whether a column that nobody needs can be read. */
function isReadable(column: SchemaTree, note: Tell): boolean {
  const holds = unreadableIn(column);
  const says = `Modules get no column "${column.element.name}": it holds ${holds}, which cannot be read.`;
  if (holds !== undefined) note({ says });
  return holds === undefined;
}

/** What a column holds that cannot be read, in words. */
function unreadableIn(column: SchemaTree): string | undefined {
  if (isDecimalText(column)) return 'decimals of any length';
  const leaves = leavesOf(column);
  return typeof leaves === 'string' ? leaves : undefined;
}

function isDecimalText({ element }: SchemaTree): boolean {
  return element.converted_type === 'DECIMAL' && element.type === 'BYTE_ARRAY';
}

function readable(path: string, column: SchemaTree): readonly Leaf[] {
  const { element } = column;
  const where = `${path} column "${element.name}"`;
  if (isDecimalText(column)) {
    const remedy = 'Choose another column, or write its numbers as texts.';
    throw new InputError(where, 'texts or numbers', 'decimals of any length', remedy);
  }
  const leaves = leavesOf(column);
  if (typeof leaves !== 'string') return leaves;
  const remedy =
    'Choose another column, or write the table as JSON Lines: ' +
    'pandas.read_parquet(FILE).to_json("rows.jsonl", orient="records", lines=True).';
  throw new InputError(where, 'texts, numbers, lists or structs', leaves, remedy);
}

/** Where a column holds decimals, its name and scale; the library would round them, and now does not. */
function takeScale(element: SchemaElement): [name: string, scale: number][] {
  if (element.converted_type !== 'DECIMAL' || element.type === 'BYTE_ARRAY') return [];
  delete element.converted_type;
  return [[element.name, element.scale ?? 0]];
}

interface Group {
  readonly where: string;
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly group: number;
}

async function checkColumn(
  { where, file, metadata, group }: Group,
  { path, definition, repetition }: Leaf,
): Promise<void> {
  const { columns, num_rows } = metadata.row_groups[group];
  const own = columns.filter(
    ({ meta_data }) => JSON.stringify(meta_data?.path_in_schema) === JSON.stringify(path),
  );
  const [{ meta_data } = {}] = own;
  if (own.length !== 1 || !meta_data) throw new ParquetError(`${own.length} columns of one name`);
  const values = repetition > 0 ? Number(meta_data.num_values) : Number(num_rows);
  if (!(values >= 0)) throw new ParquetError(`${values} values`);
  if (path.length > 1 && values > mostNested) {
    const expected = `${grouped(mostNested)} values in a row group at most`;
    const remedy = 'Write smaller row groups (row_group_size=100000), or JSON Lines.';
    throw new InputError(`${where} column "${path[0]}"`, expected, grouped(values), remedy);
  }
  const { codec, type, dictionary_page_offset, data_page_offset } = meta_data;
  const start = Number(dictionary_page_offset || data_page_offset);
  const bytes = await file.slice(start, start + Number(meta_data.total_compressed_size));
  const unpack = codecs[codec];
  if (codec !== 'UNCOMPRESSED' && !unpack) throw new ParquetError(`the codec ${codec}`);
  checkChunk({
    bytes: new Uint8Array(bytes),
    unpack: codec === 'UNCOMPRESSED' ? (page) => page : unpack!,
    values,
    type,
    definition,
    repetition,
  });
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as they are where they are no text: of pictures, say. */
function textOf(bytes: Uint8Array): string | Uint8Array | undefined {
  try {
    return bytes && decoder.decode(bytes);
  } catch {
    return bytes;
  }
}
