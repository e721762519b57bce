/** I/O: brings what an index knows of rollouts up to date with the files of a run. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from '../../disk/atomic.ts';
import type { RolloutRow } from '../../rollouts.ts';
import {
  keptSteps,
  readNewQueries,
  readRolloutHeads,
  rolloutsName,
  stepFile,
} from '../rollouts.ts';
import type { Database, InStatement, InValue } from './database.ts';
import { dropRollouts } from './fill-runs.ts';
import { insert } from './insert.ts';

/** Files whose rows are taken in together. */
const together = 2;
/** Milliseconds after which a folder's time tells it apart from every later state of it. */
const settled = 2000;

interface KnownFolder {
  /** How often it went back, and how often it had when its files were last looked at. */
  readonly wentBack: number;
  readonly wentBackBefore: number;
  readonly folderTime: number | null;
  readonly queryBytes: number;
}

interface KnownFile {
  readonly step: number;
  readonly size: number;
  readonly mtime: number;
}

/** A run whose rollouts are taken in. */
export interface Filled {
  /** Its number in the index. */
  readonly n: number;
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Told how many steps are still to be read. */
  missing(steps: number): void;
}

/**
 * Takes in the steps that were kept since; what is known stays where the run has not gone back. What is
 * done so far is kept when it is aborted.
 */
export async function fillRollouts(
  database: Database,
  { n, folder, signal, missing }: Filled,
): Promise<void> {
  const place = join(folder, rolloutsName);
  const sql = 'SELECT wentBack, wentBackBefore, folderTime, queryBytes FROM runs WHERE n = ?';
  const [known] = await database.rows<KnownFolder>(sql, [n]);
  const now = await stat(place).catch(unlessMissing(undefined));
  if (known === undefined) return;
  const goesBack = known.wentBack !== known.wentBackBefore;
  if (!goesBack && now !== undefined && now.mtimeMs === known.folderTime) return;
  const isSettled = now !== undefined && Date.now() - now.mtimeMs > settled;
  const from = goesBack ? 0 : known.queryBytes;
  const news = await readNewQueries(folder, from).catch(() => undefined);
  const there = await keptSteps(folder).catch(() => undefined);
  if (!news || !there) return; // what cannot be read now hides no other run
  if (news.bytes !== from) await takeInQueries(database, n, news);
  const files = 'SELECT step, size, mtime FROM files WHERE run = ?';
  const old = new Map((await database.rows<KnownFile>(files, [n])).map((one) => [one.step, one]));
  const kept = new Set(there);
  if (old.size === 0 && kept.size === 0) return;
  for (const step of old.keys()) if (!kept.has(step)) await database.write(dropStep(n, step));
  const looked = there.filter((step) => goesBack || !old.has(step));
  const changed: KnownFile[] = [];
  for (const step of looked) {
    const found = await stat(join(place, stepFile(step))).catch(unlessMissing(undefined));
    const before = old.get(step);
    if (found === undefined) continue;
    const { size, mtimeMs: mtime } = found;
    if (before?.size !== size || before.mtime !== mtime) changed.push({ step, size, mtime });
  }
  for (let start = 0; start < changed.length; start += together) {
    if (signal.aborted) return;
    missing(changed.length - start);
    const some = changed.slice(start, start + together);
    const rows = await Promise.all(some.map(({ step }) => headsOf(folder, step)));
    await takeIn(database, n, some, rows);
  }
  missing(0);
  const folderTime = isSettled ? now.mtimeMs : null;
  if (!goesBack && folderTime === known.folderTime) return;
  const done = 'UPDATE runs SET wentBackBefore = ?, folderTime = ? WHERE n = ?';
  await database.write([{ sql: done, args: [known.wentBack, folderTime, n] }]);
}

/** A file that cannot be read has no rows, and hides no other. */
async function headsOf(folder: string, step: number): Promise<readonly RolloutRow[]> {
  const rows = await readRolloutHeads(folder, step).catch(() => []);
  return rows.filter((row) => row.step === step && isWhole(row));
}

/** Whether it has what the tables ask for. */
function isWhole({ row, id, query, response, length }: Partial<RolloutRow>): boolean {
  const texts = [id, query, response].every((text) => typeof text === 'string');
  return texts && Number.isInteger(row) && Number.isInteger(length);
}

async function takeInQueries(
  database: Database,
  n: number,
  { queries, bytes }: Awaited<ReturnType<typeof readNewQueries>>,
): Promise<void> {
  await database.write([
    ...insert(
      'queries',
      queries.map(({ query, text }) => [query, text]),
    ),
    { sql: 'UPDATE runs SET queryBytes = ? WHERE n = ?', args: [bytes, n] },
  ]);
}

function dropStep(n: number, step: number): InStatement[] {
  return [
    ...dropRollouts('run = ? AND step = ?', [n, step]),
    { sql: 'DELETE FROM files WHERE run = ? AND step = ?', args: [n, step] },
  ];
}

async function takeIn(
  database: Database,
  n: number,
  files: readonly KnownFile[],
  rows: readonly (readonly RolloutRow[])[],
): Promise<void> {
  const keyed = rows.flat().map((row) => ({ key: keyOf(n, row), row }));
  await database.write([
    ...files.flatMap(({ step, size, mtime }) => [
      ...dropStep(n, step),
      { sql: 'INSERT INTO files VALUES (?, ?, ?, ?)', args: [n, step, size, mtime] },
    ]),
    ...insert(
      'rollouts',
      keyed.map(({ key, row }) => cellsOf(key, n, row)),
    ),
    ...insert(
      'texts',
      keyed.map(({ key, row }) => [key, row.response]),
    ),
    ...insert(
      'matches (rowid, response)',
      keyed.map(({ key, row }) => [key, row.response]),
    ),
  ]);
}

/** The same whoever takes a row in: 2^14 runs of 2^22 steps of 2^17 rows. */
function keyOf(n: number, { step, row }: RolloutRow): number {
  return (n * 2 ** 22 + step) * 2 ** 17 + row;
}

/** In the order of the table's columns. */
function cellsOf(key: number, n: number, row: RolloutRow): InValue[] {
  const { step, row: place, id, query, length, truncated, score, kl, logprob, refLogprob } = row;
  const { advantage, value, return: returned, entropy, parts } = row;
  const texts = [key, n, step, place, id, query, length, truncated ? 1 : 0];
  const numbers = [score, kl, logprob, refLogprob, advantage, value, returned, entropy];
  const json = parts === undefined ? null : JSON.stringify(parts);
  return [...texts, ...numbers.map((number) => number ?? null), json];
}
