/** Statements that put many rows into a table. Pure. */
import type { InValue } from './database.ts';

/** Rows a statement: SQLite takes 32,766 values. */
const rowsAtOnce = 500;

/** @param into the table, with names where they are not all columns in order */
export function insert(into: string, rows: readonly (readonly InValue[])[]) {
  const statements: { sql: string; args: InValue[] }[] = [];
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const some = rows.slice(start, start + rowsAtOnce);
    const tuple = `(${some[0].map(() => '?').join(', ')})`;
    const sql = `INSERT OR REPLACE INTO ${into} VALUES ${some.map(() => tuple).join(', ')}`;
    statements.push({ sql, args: some.flat() });
  }
  return statements;
}
