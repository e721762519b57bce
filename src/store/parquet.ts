/** Tables as the bytes of Parquet files, their schema said and not guessed. */
import type { SchemaElement } from 'hyparquet';
import type { CellType, Column, ListType, Table } from './samples-table.ts';

/** Of each type of cell, what Parquet calls it. */
const types: Readonly<Record<Exclude<CellType, ListType>, Partial<SchemaElement>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  number: { type: 'DOUBLE' },
  whole: { type: 'INT32' },
  truth: { type: 'BOOLEAN' },
};
const elements: Readonly<Record<ListType, Partial<SchemaElement>>> = {
  texts: types.text,
  floats: { type: 'FLOAT' },
  wholes: types.whole,
};

/** The bytes of a Parquet file; columns of optional cells are nullable, and the others are not. */
export async function parquetBytes({ columns, rows }: Table): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of parquetPieces(columns, [rows])) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces)); // a buffer of its own
}

/** The same in pieces, of rows that come in groups: no more than one is in memory. */
export async function* parquetPieces(
  columns: Table['columns'],
  groups: Iterable<Table['rows']> | AsyncIterable<Table['rows']>,
): AsyncGenerator<Uint8Array> {
  // few commands write Parquet
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const root = { name: 'root', num_children: columns.length };
  const schema = [root, ...columns.flatMap(elementsOf)];
  const writer = new ByteWriter();
  const file = new ParquetWriter({ writer, schema, createdBy: 'tactful' });
  for await (const rows of groups) {
    if (rows.length === 0) continue;
    const columnData = columns.map(({ name }) => ({ name, data: rows.map((row) => row[name]) }));
    await file.write({ columnData, rowGroupSize: rows.length });
    yield writer.getBytes().slice();
    writer.index = 0; // offsets go on counting
  }
  await file.finish();
  yield writer.getBytes();
}

/** A list has three levels: the column, what repeats, and an element. */
function elementsOf({ name, type, optional }: Column): SchemaElement[] {
  const repetition_type = optional ? 'OPTIONAL' : 'REQUIRED';
  if (!isList(type)) return [{ name, repetition_type, ...types[type] }];
  return [
    { name, repetition_type, converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'REQUIRED', ...elements[type] },
  ];
}

function isList(type: CellType): type is ListType {
  return type in elements;
}
