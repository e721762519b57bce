/** I/O: brings what an index knows of runs up to date with their logs. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { logName } from '../../disk/result-folder.ts';
import type { JobEvent } from '../../events.ts';
import { type LogMark, readLogTail } from '../log-tail.ts';
import type { Database } from './database.ts';
import { type Digest, digested, summaryOf } from './digest.ts';
import { findRuns } from './find-runs.ts';

interface KnownRun {
  readonly n: number;
  readonly id: string;
  readonly size: number | null;
  readonly mtime: number | null;
  readonly bytes: number | null;
  readonly lineBytes: number | null;
  readonly hash: string | null;
}

/** Takes in new runs and what has come to logs, and lets go of runs that are gone. */
export async function updateRuns(database: Database, folder: string): Promise<void> {
  const ids = await findRuns(folder);
  const sql = 'SELECT n, id, size, mtime, bytes, lineBytes, hash FROM runs';
  const known = new Map((await database.rows<KnownRun>(sql)).map((run) => [run.id, run]));
  const there = new Set(ids);
  for (const { id, n } of known.values()) if (!there.has(id)) await forget(database, n);
  for (const id of ids) await updateRun(database, join(folder, id), id, known.get(id));
}

async function updateRun(
  database: Database,
  folder: string,
  id: string,
  known: KnownRun | undefined,
): Promise<void> {
  const path = join(folder, logName);
  const now = await stat(path).catch(() => undefined);
  if (now === undefined) return; // gone meanwhile
  const { size, mtimeMs } = now;
  if (known?.size === size && known.mtime === mtimeMs) return;
  const tail = await readLogTail(path, markOf(known)).catch(() => undefined);
  if (tail === undefined) return;
  const { events, mark, anew } = tail;
  const before = anew || known === undefined ? undefined : await digestOf(database, known.n);
  const digest = digested(id, before, events);
  const wentBack = anew || events.some(goesBack) ? 1 : 0;
  await database.write([
    { sql: 'INSERT OR IGNORE INTO runs (id) VALUES (?)', args: [id] },
    {
      sql: `UPDATE runs SET size = ?, mtime = ?, bytes = ?, lineBytes = ?, hash = ?,
        time = ?, summary = ?, details = ?, wentBack = wentBack + ? WHERE id = ?`,
      args: [
        ...[size, mtimeMs, mark.bytes, mark.lineBytes, mark.hash, digest?.time ?? null],
        digest === undefined ? null : JSON.stringify(summaryOf(digest)),
        digest === undefined ? null : JSON.stringify(digest),
        ...[wentBack, id],
      ],
    },
  ]);
}

function markOf(known: KnownRun | undefined): LogMark | undefined {
  const { bytes = null, lineBytes = null, hash = null } = known ?? {};
  return bytes === null || lineBytes === null || hash === null
    ? undefined
    : { bytes, lineBytes, hash };
}

/** Steps of before may then come again, and otherwise. */
function goesBack({ type }: JobEvent): boolean {
  return type === 'started' || type === 'resumed';
}

async function digestOf(database: Database, n: number): Promise<Digest | undefined> {
  const sql = 'SELECT details FROM runs WHERE n = ?';
  const [row] = await database.rows<{ details: string | null }>(sql, [n]);
  return row?.details == null ? undefined : JSON.parse(row.details);
}

async function forget(database: Database, n: number): Promise<void> {
  await database.write([
    ...dropRollouts('run = ?', [n]),
    { sql: 'DELETE FROM files WHERE run = ?', args: [n] },
    { sql: 'DELETE FROM pairs WHERE run = ?', args: [n] },
    { sql: 'DELETE FROM runs WHERE n = ?', args: [n] },
  ]);
}

/** Statements that drop the rollouts for which a condition holds. */
export function dropRollouts(condition: string, args: number[]) {
  const chosen = `(SELECT key FROM rollouts WHERE ${condition})`;
  return [
    { sql: `DELETE FROM matches WHERE rowid IN ${chosen}`, args },
    { sql: `DELETE FROM texts WHERE key IN ${chosen}`, args },
    { sql: `DELETE FROM rollouts WHERE ${condition}`, args },
  ];
}
