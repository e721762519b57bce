/** I/O: the SQLite file of an index, or one in memory where none can be written. */
import { rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Client, InStatement, InValue } from '@libsql/client';

export type { InStatement, InValue };

import { exists } from '../../disk/atomic.ts';
import { UnavailableError } from '../../errors.ts';
import { hitsTable, schema, schemaVersion } from './schema.ts';

export interface Statement {
  readonly sql: string;
  readonly args: InValue[];
}

export interface Database {
  rows<Row>(sql: string, values?: readonly InValue[]): Promise<Row[]>;
  /** Rows of each statement, with nothing of anybody else in between. */
  together(statements: readonly Statement[]): Promise<unknown[][]>;
  /** Counts what was written, by whomever. */
  version(): Promise<string>;
  /** All of them or none. */
  write(statements: readonly InStatement[]): Promise<void>;
  /** Begins anew, with nothing: in memory where there was no room for the file. */
  renew(because: unknown): Promise<void>;
  close(): void;
}

/** Name of the file, in the folder of runs. */
const indexName = '.tactful-index.db';
const inMemory = ':memory:';
/** Milliseconds to wait for another process that writes to it. */
const timeout = 5000;

/** Opens the index of a folder; one of another version, or that cannot be read, is made anew. */
export async function openDatabase(folder: string): Promise<Database> {
  const path = resolve(join(folder, indexName));
  let client = await openFile(path);
  let writes = 0;
  return {
    async rows<Row>(sql: string, values: readonly InValue[] = []) {
      const { rows } = await client.execute({ sql, args: [...values] });
      return rows as Row[];
    },
    async together(statements) {
      return (await client.batch([...statements], 'deferred')).map(({ rows }) => rows);
    },
    async version() {
      const { rows } = await client.execute('PRAGMA data_version');
      return `${writes} ${rows[0].data_version}`;
    },
    async write(statements) {
      if (statements.length === 0) return;
      writes++;
      await client.batch([...statements], 'write');
    },
    async renew(because) {
      client.close();
      writes++;
      await removeFile(path).catch(() => undefined);
      client = isFull(because) ? await open(inMemory) : await openFile(path);
    },
    close: () => client.close(),
  };
}

/** Whether the file of an index is damaged, or cannot grow: it is then made anew. */
export function isDamaged(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB|IOERR|READONLY|CANTOPEN)/.test(codeOf(error)) || isFull(error);
}

function isFull(error: unknown): boolean {
  return codeOf(error) === 'SQLITE_FULL';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

async function openFile(path: string): Promise<Client> {
  const isThere = await stat(join(path, '..')).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isThere) return open(inMemory);
  // what a file that was deleted has left would be taken for that of a new one
  if (!(await exists(path))) await removeFile(path).catch(() => undefined);
  try {
    return await open(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    await removeFile(path).catch(() => undefined);
    return open(pathToFileURL(path).href).catch(() => open(inMemory));
  }
}

async function open(url: string): Promise<Client> {
  const { createClient } = await loadSqlite();
  const client = createClient({ url, timeout, concurrency: 1 });
  try {
    await client.execute('PRAGMA journal_mode = WAL');
    await client.execute('PRAGMA synchronous = NORMAL');
    const [{ user_version: version }] = (await client.execute('PRAGMA user_version')).rows;
    if (version !== 0 && version !== schemaVersion) throw new Error('of another version');
    // each time: it also tells whether the file can be written
    await client.execute(hitsTable);
    await client.batch([...schema, `PRAGMA user_version = ${schemaVersion}`], 'write');
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/** SQLite is native code: 20 ms that only readers of several runs need. */
async function loadSqlite() {
  try {
    return await import('@libsql/client');
  } catch (cause) {
    const remedy = 'Run: npm install @libsql/client';
    throw new UnavailableError('index of runs', 'SQLite', 'no such package', remedy, cause);
  }
}

async function removeFile(path: string): Promise<void> {
  for (const end of ['', '-wal', '-shm']) await rm(`${path}${end}`, { force: true });
}
