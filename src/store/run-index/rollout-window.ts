/** A window of the rollouts that an index knows. I/O: SQLite. */
import type { RolloutOrder, RolloutWindow } from '../../api.ts';
import { InputError } from '../../errors.ts';
import type { RolloutRow } from '../../rollouts.ts';
import type { Database, InValue } from './database.ts';
import { forgetHits, newHits } from './hits.ts';
import type { RolloutQuery } from './queries.ts';

const columns: Readonly<Record<RolloutOrder, string>> = {
  step: 'step',
  score: 'score',
  kl: 'kl',
  advantage: 'advantage',
  value: 'value',
  entropy: 'entropy',
  length: 'tokens',
  logprob: 'logprob',
};

/** SELECTs that SQLite puts together. */
const runsAtOnce = 500;

interface Condition {
  readonly sql: string;
  readonly values: readonly InValue[];
}

/** @param runs numbers of the runs in the index, by their ids, in order */
export async function rolloutWindow(
  database: Database,
  query: RolloutQuery,
  runs: ReadonlyMap<string, number>,
): Promise<RolloutWindow> {
  const { sort = 'step', descending = false, offset = 0, limit = 100 } = query;
  if (runs.size === 0) return { total: 0, offset, rows: [], queries: {} };
  if (runs.size > runsAtOnce) {
    const remedy = 'Choose some of them.';
    throw new InputError('rollouts', `${runsAtOnce} runs at most`, `${runs.size}`, remedy);
  }
  const { sql, values } = conditionOf(query);
  const ids = [...runs.keys()];
  const each = (select: (place: number) => string) =>
    ids
      .map((_, place) => `SELECT ${select(place)} FROM rollouts WHERE run = ? AND ${sql}`)
      .join(' UNION ALL ');
  const bound = [...runs.values()].flatMap((n) => [n, ...values]);
  const counts = `SELECT sum(n) AS total FROM (${each(() => 'count(*) AS n')})`;
  // each run by its own index, then merged
  const picked = each((place) => `key, ${place} AS place, step, row, ${columns[sort]} AS sorted`);
  const order = `sorted ${descending ? 'DESC' : 'ASC'} NULLS LAST, place, step, row`;
  const window = `${picked} ORDER BY ${order} LIMIT ? OFFSET ?`;
  const version = await database.version();
  const statements = [
    ...(query.search ? newHits(database, query.search, version) : []),
    { sql: counts, args: bound },
    { sql: window, args: [...bound, limit, offset] },
  ];
  const answers = await database.together(statements).catch((error) => {
    forgetHits(database);
    throw error;
  });
  const [[{ total }], places] = answers.slice(-2) as [{ total: number }[], Picked[]];
  const rows = await readRows(database, places, ids);
  return { total, offset, rows, queries: await queriesOf(database, rows) };
}

interface Picked {
  readonly key: number;
  readonly place: number;
}

function conditionOf({ step, query, minScore, maxScore, search }: RolloutQuery): Condition {
  const all: (readonly [sql: string, value: InValue | undefined])[] = [
    ['step = ?', step],
    ['query = ?', query],
    ['score >= ?', minScore],
    ['score <= ?', maxScore],
  ];
  const chosen = all.filter(([, value]) => value !== undefined);
  const parts = chosen.map(([sql]) => sql);
  if (search) parts.push('key IN hits');
  return { sql: parts.join(' AND ') || '1', values: chosen.map(([, value]) => value!) };
}

interface Stored {
  readonly key: number;
  readonly step: number;
  readonly row: number;
  readonly id: string;
  readonly query: string;
  readonly response: string;
  readonly tokens: number;
  readonly truncated: number;
  readonly score: number;
  readonly parts: string | null;
  readonly kl: number;
  readonly logprob: number;
  readonly refLogprob: number;
  readonly advantage: number;
  readonly value: number | null;
  readonly returned: number | null;
  readonly entropy: number | null;
}

async function readRows(
  database: Database,
  places: readonly Picked[],
  ids: readonly string[],
): Promise<RolloutWindow['rows']> {
  const sql = `SELECT * FROM rollouts JOIN texts USING (key)
    WHERE key IN (SELECT value FROM json_each(?))`;
  const keys = JSON.stringify(places.map(({ key }) => key));
  const stored = await database.rows<Stored>(sql, [keys]);
  const byKey = new Map(stored.map((row) => [row.key, row]));
  return places.map(({ key, place }) => ({ ...rowOf(byKey.get(key)!), run: ids[place] }));
}

function rowOf(stored: Stored): RolloutRow {
  const { step, row, id, query, response, tokens, truncated, score, parts } = stored;
  const { kl, logprob, refLogprob, advantage, value, returned, entropy } = stored;
  return {
    ...{ step, row, id, query, response, length: tokens, truncated: truncated === 1, score },
    ...(parts !== null && { parts: JSON.parse(parts) }),
    ...{ kl, logprob, refLogprob, advantage },
    ...(value !== null && { value }),
    ...(returned !== null && { return: returned }),
    ...(entropy !== null && { entropy }),
  };
}

async function queriesOf(
  database: Database,
  rows: RolloutWindow['rows'],
): Promise<Record<string, string>> {
  const sql = 'SELECT hash, text FROM queries WHERE hash IN (SELECT value FROM json_each(?))';
  const hashes = JSON.stringify([...new Set(rows.map(({ query }) => query))]);
  const texts = await database.rows<{ hash: string; text: string }>(sql, [hashes]);
  return Object.fromEntries(texts.map(({ hash, text }) => [hash, text]));
}
