/** I/O: what runs measured before and after, in an index: a row a response. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComparedOrder, ComparedWindow } from '../../api.ts';
import type { Sample } from '../../comparison.ts';
import { unlessMissing } from '../../disk/atomic.ts';
import type { Database, InValue } from './database.ts';
import { insert } from './insert.ts';
import type { ComparedQuery } from './queries.ts';

const files = ['samples-before.jsonl', 'samples-after.jsonl'] as const;
const measured = ['toxicity', 'reward', 'rouge1', 'tokens'] as const;

/** Takes in the samples of a run, where its files are others than those that are known. */
export async function fillCompared(database: Database, n: number, folder: string): Promise<void> {
  const paths = files.map((name) => join(folder, name));
  const found = await Promise.all(paths.map((path) => stat(path).catch(unlessMissing(undefined))));
  const stamp = found.map((one) => (one ? `${one.size} ${one.mtimeMs}` : '-')).join(', ');
  const sql = 'SELECT compared FROM runs WHERE n = ?';
  const [known] = await database.rows<{ compared: string | null }>(sql, [n]);
  if (known === undefined || known.compared === stamp) return;
  const read = await Promise.all(paths.map(samplesOf)).catch(() => undefined);
  if (!read) return; // what cannot be read now hides no other run
  const [before, after] = read;
  const pairs = before.flatMap((one, i) => {
    const other = after[i];
    const isPair = one && other?.id === one.id && other.sample === one.sample;
    return isPair ? [[one, other] as const] : [];
  });
  await database.write([
    { sql: 'DELETE FROM pairs WHERE run = ?', args: [n] },
    ...insert(
      pairColumns,
      pairs.map(([one, other], row) => cellsOf(n, row, one, other)),
    ),
    { sql: 'UPDATE runs SET compared = ? WHERE n = ?', args: [stamp, n] },
  ]);
}

const pairColumns = `pairs
  (run, row, id, grouping, ${measured.join(', ')},
  ${measured.map((name) => `${name}Change`).join(', ')}, found, before, after)`;

function cellsOf(n: number, row: number, before: Sample, after: Sample): InValue[] {
  const changes = measured.map((name) => {
    const [then, now] = [before[name], after[name]];
    return then === undefined || now === undefined ? null : now - then;
  });
  const texts = [before.query, before.response, after.response];
  return [
    ...[n, row, before.id, before.group ?? null],
    ...measured.map((name) => after[name] ?? null),
    ...changes,
    ...[texts.join('\n').toLowerCase(), JSON.stringify(before), JSON.stringify(after)],
  ];
}

/** In the order of the file, with undefined for a line that is none: it hides no other. */
async function samplesOf(path: string): Promise<(Sample | undefined)[]> {
  const text = await readFile(path, 'utf8').catch(unlessMissing(''));
  return text.split('\n').flatMap((line) => (line === '' ? [] : [sampleOf(line)]));
}

function sampleOf(line: string): Sample | undefined {
  try {
    const sample = JSON.parse(line) as Partial<Sample> | null;
    const texts = [sample?.id, sample?.query, sample?.response];
    return texts.every((text) => typeof text === 'string') ? (sample as Sample) : undefined;
  } catch {
    return undefined;
  }
}

const columns: Readonly<Record<ComparedOrder, string>> = {
  id: 'CAST(id AS INTEGER)',
  toxicity: 'toxicity',
  toxicityChange: 'toxicityChange',
  reward: 'reward',
  rewardChange: 'rewardChange',
  rouge1: 'rouge1',
  rouge1Change: 'rouge1Change',
  tokens: 'tokens',
  tokensChange: 'tokensChange',
};

interface Stored {
  readonly run: number;
  readonly before: string;
  readonly after: string;
}

/** @param runs numbers of the runs in the index, by their ids, in order */
export async function comparedWindow(
  database: Database,
  query: ComparedQuery,
  runs: ReadonlyMap<string, number>,
): Promise<ComparedWindow> {
  const { sort = 'id', descending = false, offset = 0, limit = 100, search, group } = query;
  const chosen = 'SELECT value AS run, key AS place FROM json_each(?)';
  const numbers = JSON.stringify([...runs.values()]);
  const conditions = [
    ...(search ? ['(instr(found, ?) > 0 OR id = ?)'] : []),
    ...(group === undefined ? [] : ['grouping = ?']),
  ];
  const from = `FROM pairs JOIN (${chosen}) USING (run) WHERE ${conditions.join(' AND ') || '1'}`;
  const values = [
    numbers,
    ...(search ? [search.toLowerCase(), search] : []),
    ...(group === undefined ? [] : [group]),
  ];
  const counts = `SELECT count(*) AS total ${from}`;
  const [{ total }] = await database.rows<{ total: number }>(counts, values);
  const way = descending ? 'DESC' : 'ASC';
  const byId = sort === 'id' ? `, id ${way}` : '';
  const order = `${columns[sort]} ${way} NULLS LAST${byId}, place, row`;
  const sql = `SELECT run, before, after ${from} ORDER BY ${order} LIMIT ? OFFSET ?`;
  const rows = await database.rows<Stored>(sql, [...values, limit, offset]);
  const ids = new Map([...runs].map(([id, n]) => [n, id]));
  const groups = `SELECT DISTINCT grouping FROM pairs JOIN (${chosen}) USING (run)
    WHERE grouping IS NOT NULL ORDER BY grouping`;
  return {
    total,
    offset,
    rows: rows.map(({ run, before, after }) => ({
      run: ids.get(run)!,
      before: JSON.parse(before),
      after: JSON.parse(after),
    })),
    groups: (await database.rows<{ grouping: string }>(groups, [numbers])).map(
      ({ grouping }) => grouping,
    ),
  };
}
