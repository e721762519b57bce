/**
 * I/O: an index over all runs of a folder, for whoever lists, sorts and searches them. It is made of
 * the runs' folders alone, brought up to date as it is asked, and may be deleted at any time.
 */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type {
  ComparedWindow,
  RolloutDetails,
  RolloutWindow,
  RunDetails,
  RunSummary,
} from '../../api.ts';
import { readQueries, readRollouts } from '../rollouts.ts';
import { comparedWindow, fillCompared } from './compared.ts';
import { isDamaged, openDatabase } from './database.ts';
import { detailsOf, withState } from './describe.ts';
import type { summaryOf } from './digest.ts';
import { fillRollouts } from './fill-rollouts.ts';
import { updateRuns } from './fill-runs.ts';
import { isMeant } from './filter.ts';
import { neighboursOf } from './neighbours.ts';
import type { ComparedQuery, RolloutQuery, RunFilter } from './queries.ts';
import { rolloutWindow } from './rollout-window.ts';
import { takeTurns } from './take-turns.ts';

/** All runs below a folder. An answer is of what their folders held when it was asked for. */
export interface RunIndex {
  /** Runs, newest first. */
  list(filter?: RunFilter): Promise<RunSummary[]>;
  /** One run; undefined when there is none of this id. */
  details(id: string): Promise<RunDetails | undefined>;
  /** Folder of a run, with all links resolved; undefined when there is none of this id. */
  folderOf(id: string): Promise<string | undefined>;
  rollouts(query: RolloutQuery): Promise<RolloutWindow>;
  /** One response with its tokens; undefined when it is not kept. */
  rollout(run: string, step: number, row: number): Promise<RolloutDetails | undefined>;
  compared(query: ComparedQuery): Promise<ComparedWindow>;
  close(): Promise<void>;
}

export interface IndexOptions {
  /**
   * Milliseconds that an answer waits for rollouts that were not read yet. What is missing then is
   * told (`behind`), and read on meanwhile.
   * @default Infinity
   */
  readonly patience?: number;
}

interface Listed {
  readonly run: RunSummary;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Opens the index of a folder of runs, which need not be there yet. */
export async function openIndex(
  folder: string,
  { patience = Number.POSITIVE_INFINITY }: IndexOptions = {},
): Promise<RunIndex> {
  const database = await openDatabase(folder);
  const turns = takeTurns();
  const closing = new AbortController();
  /** Steps that are not read yet of runs that are just being read. */
  const behind = new Map<string, number>();
  const placeOf = (id: string) => join(folder, id);

  /** Runs by their ids; all of them where none are named. */
  async function known(ids?: readonly string[]): Promise<Map<string, number>> {
    await turns.take('runs', () => updateRuns(database, folder));
    const sql = 'SELECT id, n FROM runs WHERE details IS NOT NULL ORDER BY id';
    const rows = await database.rows<{ id: string; n: number }>(sql);
    const all = new Map(rows.map(({ id, n }) => [id, n]));
    if (ids === undefined) return all;
    return new Map(ids.flatMap((id) => (all.has(id) ? [[id, all.get(id)!] as const] : [])));
  }

  async function fill(id: string, n: number): Promise<void> {
    const missing = (steps: number) => void behind.set(id, steps);
    const run = { n, folder: placeOf(id), signal: closing.signal, missing };
    await turns.take(`rollouts of ${n}`, async () => {
      missing(1); // nobody has counted yet
      await fillRollouts(database, run);
      behind.delete(id);
    });
  }

  async function all(withSettings: boolean): Promise<Listed[]> {
    await known();
    const of = withSettings ? "json_extract(details, '$.config')" : 'NULL';
    const sql = `SELECT summary, ${of} AS config FROM runs
      WHERE summary IS NOT NULL ORDER BY time DESC, id`;
    const rows = await database.rows<{ summary: string; config: string | null }>(sql);
    return Promise.all(
      rows.map(async ({ summary, config }) => {
        const digest: ReturnType<typeof summaryOf> = JSON.parse(summary);
        const run = await withState(placeOf(digest.id), digest);
        return { run, config: JSON.parse(config ?? '{}') };
      }),
    );
  }

  async function one(id: string): Promise<RunDetails | undefined> {
    await known();
    const sql = 'SELECT details FROM runs WHERE id = ? AND details IS NOT NULL';
    const [row] = await database.rows<{ details: string }>(sql, [id]);
    return row && detailsOf(placeOf(id), JSON.parse(row.details));
  }

  /** A damaged index is made anew, once. */
  async function mended<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      if (closing.signal.aborted || !isDamaged(error)) throw error;
      await turns.take('mending', () => database.renew(error));
      return ask();
    }
  }

  return {
    list: (filter = {}) =>
      mended(async () => {
        const withSettings = filter.settings !== undefined;
        let listed = await all(withSettings);
        // who is gone since its log was read may have told its end
        if (listed.some(({ run }) => run.state === 'broken')) listed = await all(withSettings);
        return listed.flatMap(({ run, config }) => (isMeant(run, config, filter) ? [run] : []));
      }),
    details: (id) =>
      mended(async () => {
        const details = await one(id);
        return details?.state === 'broken' ? one(id) : details;
      }),
    folderOf: (id) =>
      mended(async () => ((await known([id])).has(id) ? realpath(placeOf(id)) : undefined)),
    rollouts: (query) =>
      mended(async () => {
        const runs = await known(query.runs);
        const filled = Promise.all([...runs].map(([id, n]) => fill(id, n)));
        await within(patience, filled);
        // counted first: what is read meanwhile is then told too much, and not too little
        const steps = [...runs.keys()].reduce((sum, id) => sum + (behind.get(id) ?? 0), 0);
        const window = await rolloutWindow(database, query, runs);
        return steps > 0 ? { ...window, behind: steps } : window;
      }),
    rollout: (id, step, place) =>
      mended(async () => {
        if (!(await known([id])).has(id)) return undefined;
        const folder = placeOf(id);
        const rows = await readRollouts(folder, step);
        const at = rows.findIndex((one) => one.row === place);
        if (at < 0) return undefined;
        const query = (await readQueries(folder)).get(rows[at].query) ?? '';
        return { row: rows[at], query, ...(await neighboursOf(folder, rows, at)) };
      }),
    compared: (query) =>
      mended(async () => {
        const runs = await known(query.runs);
        for (const [id, n] of runs) {
          await turns.take(`compared of ${n}`, () => fillCompared(database, n, placeOf(id)));
        }
        return comparedWindow(database, query, runs);
      }),
    async close() {
      closing.abort();
      await turns.idle();
      database.close();
    },
  };
}

/** Waits so long at most; what fails later fails again when it is asked for again. */
async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  if (milliseconds === Number.POSITIVE_INFINITY) return void (await work);
  const late = new AbortController();
  const wait = setTimeout(milliseconds, undefined, { signal: late.signal }).catch(() => {});
  work.catch(() => {});
  await Promise.race([work, wait]).finally(() => late.abort());
}
