/** What a search finds, in a table of the database's own connection: it serves window after window. */
import type { Database, Statement } from './database.ts';

/** What is in the table, of which there is one a database. */
const found = new WeakMap<Database, string>();

/**
 * Statements that fill the table `hits`, where it does not hold those of this search already. They have
 * to be run before anybody else asks.
 * @param version of the database
 */
export function newHits(database: Database, search: string, version: string) {
  const holds = `${version} ${search}`;
  if (found.get(database) === holds) return [];
  found.set(database, holds);
  const { sql, args } = responsesWith(search);
  return [
    { sql: 'DELETE FROM hits', args: [] },
    { sql: `INSERT INTO hits ${sql}`, args },
    { sql: 'INSERT OR IGNORE INTO hits SELECT key FROM rollouts WHERE id = ?', args: [search] },
  ];
}

/** Nobody knows any more what is in the table. */
export function forgetHits(database: Database): void {
  found.delete(database);
}

/** By their trigrams, or below three characters by looking at all. */
function responsesWith(search: string): { sql: string; args: Statement['args'] } {
  // where SQLite takes a pattern to end
  if (search.includes('\0')) return { sql: 'SELECT key FROM texts WHERE 0', args: [] };
  if ([...search].length >= 3) {
    const phrase = `"${search.replaceAll('"', '""')}"`;
    return { sql: 'SELECT rowid FROM matches WHERE matches MATCH ?', args: [phrase] };
  }
  const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  return { sql: "SELECT key FROM texts WHERE response LIKE ? ESCAPE '\\'", args: [pattern] };
}
