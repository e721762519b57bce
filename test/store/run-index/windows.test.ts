/** Any window is the one that comes of filtering and sorting all rows in memory. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { RolloutRow } from '../../../src/rollouts.ts';
import type { RolloutQuery } from '../../../src/store/run-index/queries.ts';
import { openIndex } from '../../../src/store/run-index/run-index.ts';
import { keep, log, newFolder, rollout, started } from './folders.ts';

type Row = RolloutRow & { readonly run: string };
const orders = ['step', 'score', 'kl', 'value', 'entropy', 'length'] as const;
const texts = ['', 'an', 'Anna ran', '안녕하세요', '하세', 'ran 하세요', 'x%y', 'ÉCOLE'];

const few = fc.constantFrom(-1.5, 0, 0.25, 3);
const response = fc.record({
  response: fc.constantFrom(...texts),
  score: few,
  kl: few,
  length: fc.integer({ min: 1, max: 3 }),
  query: fc.constantFrom('p', 'q'),
  value: fc.option(few, { nil: undefined }),
  entropy: fc.option(few, { nil: undefined }),
});
const run = fc.array(fc.array(response, { minLength: 1, maxLength: 4 }), { maxLength: 4 });
const query = fc.record(
  {
    runs: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
    step: fc.integer({ min: 1, max: 4 }),
    query: fc.constantFrom('p', 'q'),
    search: fc.constantFrom('an', 'RAN', '하세요', '녕', '%', 'école', 'd1'),
    sort: fc.constantFrom(...orders),
    descending: fc.boolean(),
    minScore: few,
    maxScore: few,
    offset: fc.integer({ min: 0, max: 5 }),
    limit: fc.integer({ min: 0, max: 5 }),
  },
  { requiredKeys: [] },
);

function expected(rows: readonly Row[], asked: RolloutQuery) {
  const { runs = ['a', 'b'], sort = 'step', descending = false, offset = 0, limit = 100 } = asked;
  const has = (row: Row, part: string) =>
    row.response.toLowerCase().includes(part.toLowerCase()) || row.id === part;
  const meant = rows.filter(
    (row) =>
      runs.includes(row.run) &&
      (asked.step === undefined || row.step === asked.step) &&
      (asked.query === undefined || row.query === asked.query) &&
      (asked.search === undefined || has(row, asked.search)) &&
      row.score >= (asked.minScore ?? Number.NEGATIVE_INFINITY) &&
      row.score <= (asked.maxScore ?? Number.POSITIVE_INFINITY),
  );
  const lacking = descending ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const key = (row: Row) => row[sort] ?? lacking;
  const sorted = meant.toSorted((x, y) => {
    const way = key(x) === key(y) ? 0 : key(x) < key(y) === descending ? 1 : -1;
    return way || runs.indexOf(x.run) - runs.indexOf(y.run) || x.step - y.step || x.row - y.row;
  });
  return { total: meant.length, rows: sorted.slice(offset, offset + limit) };
}

test('a window is what filtering and sorting all rows gives', async () => {
  const law = fc.asyncProperty(
    fc.tuple(run, run),
    fc.array(query, { minLength: 1, maxLength: 20 }),
    async (runs, queries) => {
      const folder = await newFolder();
      const all: Row[] = [];
      for (const [i, steps] of runs.entries()) {
        const id = 'ab'[i];
        await log(join(folder, id), started());
        for (const [at, drawn] of steps.entries()) {
          const rows = drawn.map(({ value, entropy, ...over }, row) =>
            rollout(at + 1, row, {
              ...over,
              ...(value !== undefined && { value }),
              ...(entropy !== undefined && { entropy }),
            }),
          );
          await keep(join(folder, id), at + 1, rows);
          all.push(...rows.map(({ tokens: _, ...row }) => ({ ...row, run: id })));
        }
      }
      const index = await openIndex(folder);
      onTestFinished(() => index.close());
      for (const asked of queries) {
        const { rows, total } = await index.rollouts(asked);
        expect({ total, rows }).toEqual(expected(all, asked));
      }
    },
  );
  await fc.assert(law, { numRuns: 25, seed: 1 });
}, 60_000);
