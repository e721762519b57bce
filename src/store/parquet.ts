/** A table as the bytes of a Parquet file, its schema said and not guessed. */
import type { SchemaElement } from 'hyparquet';
import type { CellType, Column, Table } from './samples-table.ts';

/** Of each type of cell, what Parquet calls it. */
const types: Readonly<Record<Exclude<CellType, 'texts'>, Partial<SchemaElement>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  number: { type: 'DOUBLE' },
  whole: { type: 'INT32' },
  truth: { type: 'BOOLEAN' },
};

/** The bytes of a Parquet file; columns of optional cells are nullable, and the others are not. */
export async function parquetBytes({ columns, rows }: Table): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer'); // few commands write Parquet
  const root = { name: 'root', num_children: columns.length };
  const buffer = parquetWriteBuffer({
    schema: [root, ...columns.flatMap(elementsOf)],
    columnData: columns.map(({ name }) => ({ name, data: rows.map((row) => row[name]) })),
    createdBy: 'tactful',
  });
  return new Uint8Array(buffer);
}

/** A list has three levels: the column, what repeats, and a text. */
function elementsOf({ name, type, optional }: Column): SchemaElement[] {
  const repetition_type = optional ? 'OPTIONAL' : 'REQUIRED';
  if (type !== 'texts') return [{ name, repetition_type, ...types[type] }];
  return [
    { name, repetition_type, converted_type: 'LIST', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'REQUIRED', ...types.text },
  ];
}
