import { appendFile, mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { RolloutOrder } from '../../../src/api.ts';
import type { RolloutRow } from '../../../src/rollouts.ts';
import { stepFile } from '../../../src/store/rollouts.ts';
import type { RolloutQuery } from '../../../src/store/run-index/queries.ts';
import { openIndex, type RunIndex } from '../../../src/store/run-index/run-index.ts';
import { keep, log, newFolder, rollout, started, stepped } from './folders.ts';

async function opened(folder: string, patience = Number.POSITIVE_INFINITY): Promise<RunIndex> {
  const index = await openIndex(folder, { patience });
  onTestFinished(() => index.close());
  return index;
}

/** A folder of two runs, `a` with two steps and `b` with one. */
async function twoRuns(over: (step: number, row: number) => Partial<RolloutRow> = () => ({})) {
  const folder = await newFolder();
  const rows = (step: number) => [0, 1].map((row) => rollout(step, row, over(step, row)));
  await log(join(folder, 'a'), started(), stepped(1), stepped(2));
  await keep(join(folder, 'a'), 1, rows(1));
  await keep(join(folder, 'a'), 2, rows(2));
  await log(join(folder, 'b'), started(), stepped(1));
  await keep(join(folder, 'b'), 1, rows(1));
  return folder;
}

const placesOf = async (index: RunIndex, query: RolloutQuery) =>
  (await index.rollouts(query)).rows.map(({ run, step, row }) => `${run} ${step}.${row}`);

test('a row is what the run kept, to the last bit, without its tokens', async () => {
  const folder = await newFolder();
  const numbers = { score: 0.1, kl: 1e-45, logprob: -16777217.5, refLogprob: 0.30000001192092896 };
  const full = rollout(1, 0, {
    ...{ ...numbers, advantage: -0, value: 5e-324, return: 1 / 3, entropy: 2, truncated: true },
    ...{ response: ',"tokens":{"', parts: { reward: 0.1, 'my.module': -2 } },
  });
  const { tokens, ...head } = full;
  const bare = rollout(1, 1);
  const { tokens: _, ...bareHead } = bare;
  await log(join(folder, 'a'), started(), stepped(1));
  await keep(join(folder, 'a'), 1, [full, bare]);
  const index = await opened(folder);
  const { rows, queries } = await index.rollouts({});
  expect(rows).toEqual([
    { ...head, advantage: 0, run: 'a' },
    { ...bareHead, run: 'a' },
  ]);
  expect(queries).toEqual({ q0: 'prompt of q0', q1: 'prompt of q1' });
  const details = await index.rollout('a', 1, 0);
  const next = { step: 1, row: 1 };
  expect(details).toEqual({ row: { ...full, advantage: 0 }, query: 'prompt of q0', next });
  expect(details?.row.tokens).toEqual(tokens);
  expect(await index.rollout('a', 1, 2)).toBeUndefined();
  expect(await index.rollout('a', 2, 0)).toBeUndefined();
  expect(await index.rollout('../a', 1, 0)).toBeUndefined();
});

test('a response knows those before and after it, across steps of which nothing was kept', async () => {
  const folder = await newFolder();
  await log(join(folder, 'a'), started(), stepped(1), stepped(2), stepped(3), stepped(4));
  await keep(join(folder, 'a'), 1, [rollout(1, 0), rollout(1, 1)]);
  await keep(join(folder, 'a'), 3, [rollout(3, 0), rollout(3, 1)]);
  await writeFile(join(folder, 'a', 'rollouts', 'step-000002.jsonl.gz'), 'damaged');
  const index = await opened(folder);
  const around = async (step: number, row: number) => {
    const { previous, next } = (await index.rollout('a', step, row)) ?? {};
    return [previous, next].map((one) => one && `${one.step}.${one.row}`);
  };
  expect(await around(1, 0)).toEqual([undefined, '1.1']);
  expect(await around(1, 1)).toEqual(['1.0', '3.0']);
  expect(await around(3, 0)).toEqual(['1.1', '3.1']);
  expect(await around(3, 1)).toEqual(['3.0', undefined]);
});

test('ties are by run in the order asked for, by step and by row, whichever way is sorted', async () => {
  const index = await opened(await twoRuns());
  const order = ['b 1.0', 'b 1.1', 'a 1.0', 'a 1.1', 'a 2.0', 'a 2.1'];
  const runs = ['b', 'a'];
  expect(await placesOf(index, { runs, sort: 'score' })).toEqual(order);
  expect(await placesOf(index, { runs, sort: 'score', descending: true })).toEqual(order);
  const byStep = ['b 1.0', 'b 1.1', 'a 1.0', 'a 1.1', 'a 2.0', 'a 2.1'];
  expect(await placesOf(index, { runs })).toEqual(byStep);
  const back = ['a 2.0', 'a 2.1', 'b 1.0', 'b 1.1', 'a 1.0', 'a 1.1'];
  expect(await placesOf(index, { runs, descending: true })).toEqual(back);
});

const orders: RolloutOrder[] = [
  ...(['step', 'score', 'kl', 'advantage'] as const),
  ...(['value', 'entropy', 'length', 'logprob'] as const),
];

test.each(orders)('sorts by %s as sorting all of them does', async (sort) => {
  const number = (step: number, row: number) => ((step * 37 + row * 101) % 13) - 6;
  const over = (step: number, row: number) =>
    sort === 'step' ? {} : { [sort]: number(step, row) };
  const index = await opened(await twoRuns(over));
  for (const descending of [false, true]) {
    const { rows } = await index.rollouts({ sort, descending });
    const values = rows.map((row) => row[sort] as number);
    expect(values).toEqual(values.toSorted((a, b) => (descending ? b - a : a - b)));
    expect(rows).toHaveLength(6);
  }
});

test('what lacks the number comes last either way', async () => {
  const index = await opened(await twoRuns((step, row) => (row === 0 ? {} : { entropy: step })));
  const up = ['a 1.1', 'b 1.1', 'a 2.1', 'a 1.0', 'a 2.0', 'b 1.0'];
  expect(await placesOf(index, { sort: 'entropy' })).toEqual(up);
  const down = ['a 2.1', 'a 1.1', 'b 1.1', 'a 1.0', 'a 2.0', 'b 1.0'];
  expect(await placesOf(index, { sort: 'entropy', descending: true })).toEqual(down);
});

test('filters by run, step, prompt and score, and counts all that match beyond the window', async () => {
  const index = await opened(await twoRuns((step, row) => ({ score: step + row / 10 })));
  const cases: [RolloutQuery, string[]][] = [
    [{ runs: ['a'], step: 2 }, ['a 2.0', 'a 2.1']],
    [{ query: 'q1' }, ['a 1.1', 'b 1.1', 'a 2.1']],
    [{ minScore: 1.1, maxScore: 2 }, ['a 1.1', 'b 1.1', 'a 2.0']],
    [{ runs: ['none'] }, []],
    [{ runs: [] }, []],
  ];
  for (const [query, places] of cases) {
    expect(await placesOf(index, query)).toEqual(places);
    expect((await index.rollouts({ ...query, limit: 1 })).total).toBe(places.length);
  }
  expect(await index.rollouts({ offset: 5, limit: 9 })).toMatchObject({ total: 6, offset: 5 });
  expect(await placesOf(index, { offset: 4, limit: 9 })).toEqual(['a 2.0', 'a 2.1']);
  expect(await placesOf(index, { offset: 9 })).toEqual([]);
});

const said: Readonly<Record<string, string>> = {
  '1.0': 'Die STRASSE ist lang',
  '1.1': '회의는 내일 9시',
  '2.0': 'He said "100 % sure" AND left_',
  '2.1': 'ÄRGER über 100x',
};
test.each([
  ['straSSe', ['1.0']],
  ['내일', ['1.1']],
  ['는 내일 9', ['1.1']],
  ['0 %', ['2.0']],
  ['"100', ['2.0']],
  ['100', ['2.0', '2.1']],
  ['AND', ['2.0']],
  ['t_', ['2.0']],
  ['_', ['2.0']],
  ['ärger', ['2.1']],
  ['ed', []],
  ['response:x', []],
  ['d1', ['1.1', '2.1']],
  ["'; DROP TABLE rollouts; --", []],
  ['\u0000abc', []],
  ['\ud800', []],
])(
  'finds %j wherever a response has it, or the dialogue that is called so',
  async (search, places) => {
    const folder = await twoRuns((step, row) => ({ response: said[`${step}.${row}`] }));
    const index = await opened(folder);
    const expected = places.map((place) => `a ${place}`);
    expect(await placesOf(index, { runs: ['a'], search })).toEqual(expected);
    const { total } = await index.rollouts({ runs: ['a'], search, limit: 0 });
    expect(total).toBe(places.length);
  },
);

test('a search finds what has come since, and two searches at once do not mix', async () => {
  const folder = await twoRuns();
  const index = await opened(folder);
  const both = ['row 0', 'row 1'].map((search) => placesOf(index, { runs: ['a'], search }));
  expect(await Promise.all(both)).toEqual([
    ['a 1.0', 'a 2.0'],
    ['a 1.1', 'a 2.1'],
  ]);
  await keep(join(folder, 'a'), 3, [rollout(3, 1)]);
  expect(await placesOf(index, { search: 'row 1' })).toEqual(['a 1.1', 'b 1.1', 'a 2.1', 'a 3.1']);
});

test('a growing run costs only its new steps', async () => {
  const folder = await twoRuns();
  const index = await opened(folder);
  await index.rollouts({});
  // what was read is not looked at again: an old file may say what it wants
  await keep(join(folder, 'a'), 1, [rollout(1, 0, { response: 'changed' })]);
  await keep(join(folder, 'a'), 3, [rollout(3, 0, { query: 'new' })]);
  const { rows, total, queries } = await index.rollouts({ runs: ['a'] });
  expect(total).toBe(5);
  expect(rows[0].response).toBe('step 1 row 0');
  expect(queries.new).toBe('prompt of new');
});

test('steps that were taken back and came again are read again', async () => {
  const folder = await twoRuns();
  const index = await opened(folder);
  await index.rollouts({});
  const run = join(folder, 'a');
  await keep(run, 2, [rollout(2, 0, { response: 'otherwise' })]);
  const resumed = {
    type: 'resumed',
    step: 1,
    time: '',
    version: '',
    engine: '',
    notes: [],
  } as const;
  await log(run, resumed, stepped(2));
  const { rows } = await index.rollouts({ runs: ['a'], step: 2 });
  expect(rows.map(({ response }) => response)).toEqual(['otherwise']);
  expect(await placesOf(index, { runs: ['a'], search: 'step 2 row 1' })).toEqual([]);
});

test('a folder that was at rest is known by its time alone', async () => {
  const folder = await twoRuns();
  const place = join(folder, 'a/rollouts');
  const earlier = new Date(Date.now() - 60_000);
  await utimes(place, earlier, earlier);
  const index = await opened(folder);
  expect((await index.rollouts({ runs: ['a'] })).total).toBe(4);
  await keep(join(folder, 'a'), 3, [rollout(3, 0)]);
  await utimes(place, earlier, earlier);
  expect((await index.rollouts({ runs: ['a'] })).total).toBe(4);
  await utimes(place, new Date(), new Date());
  expect((await index.rollouts({ runs: ['a'] })).total).toBe(5);
});

test('who does not wait is told how many steps are not read yet, and gets them later', async () => {
  const folder = await newFolder();
  await log(join(folder, 'a'), started(), stepped(1));
  for (let step = 1; step <= 40; step++) await keep(join(folder, 'a'), step, [rollout(step, 0)]);
  const index = await opened(folder, 0);
  const first = await index.rollouts({});
  expect(first.total).toBeLessThan(40);
  expect(first.behind).toBeGreaterThan(0);
  await expect
    .poll(async () => index.rollouts({ limit: 0 }), { timeout: 20_000 })
    .toEqual({ total: 40, offset: 0, rows: [], queries: {} });
});

test('two readers of one folder do not disturb each other', async () => {
  const folder = await twoRuns();
  const [one, other] = [await opened(folder), await opened(folder)];
  const both = await Promise.all([one.rollouts({}), other.rollouts({}), one.list(), other.list()]);
  expect(both[0]).toEqual(both[1]);
  expect(both[0].total).toBe(6);
  await keep(join(folder, 'b'), 2, [rollout(2, 0)]);
  const again = await Promise.all([one.rollouts({}), other.rollouts({}), one.rollouts({})]);
  expect(again.map(({ total }) => total)).toEqual([7, 7, 7]);
});

test('a file that is damaged hides no other', async () => {
  const folder = await twoRuns();
  const path = join(folder, 'a/rollouts', stepFile(2));
  const { writeFile } = await import('node:fs/promises');
  await writeFile(path, 'no gzip');
  const index = await opened(folder);
  expect(await placesOf(index, {})).toEqual(['a 1.0', 'a 1.1', 'b 1.0', 'b 1.1']);
});

test('a run whose files cannot be read hides no other', async () => {
  const folder = await twoRuns();
  await rm(join(folder, 'a', 'rollouts'), { recursive: true });
  await writeFile(join(folder, 'a', 'rollouts'), 'no folder');
  await mkdir(join(folder, 'a', 'samples-before.jsonl'));
  const index = await opened(folder);
  expect(await placesOf(index, {})).toEqual(['b 1.0', 'b 1.1']);
  expect((await index.compared({})).total).toBe(0);
});

test('a damaged line of the queries hides no other', async () => {
  const folder = await twoRuns();
  const path = join(folder, 'b', 'rollouts', 'queries.jsonl');
  await appendFile(path, '{"query\nnull\n{"query":"late","text":"the last"}\n');
  await keep(join(folder, 'b'), 2, [rollout(2, 0, { query: 'late' })]);
  const index = await opened(folder);
  const { queries } = await index.rollouts({ runs: ['b'], step: 2 });
  expect(queries.late).toBeDefined();
  expect((await index.rollout('b', 2, 0))?.query).toBe(queries.late);
});
