/** The list of runs, and settings beside each other. */
import { expect, test } from 'vitest';
import type { RunSummary } from '../../src/api.ts';
import { byName, type KnownSettings, settingRows } from '../../src/differing.ts';
import { listed } from '../../src/ui/listing.ts';

const base = { job: 'detox', state: 'finished', time: '2026-01-01', step: 5, steps: 10 } as const;
const runs: readonly RunSummary[] = [
  { ...base, id: 'b', seed: 1, model: 'flan', after: { toxicity: 0.1 }, before: { toxicity: 0.4 } },
  { ...base, id: 'a', seed: 2, state: 'running', step: 9, metrics: { 'env/reward_mean': 3 } },
  { ...base, id: 'c', seed: 1, time: '2026-02-01', before: { toxicity: 0.3 } },
];
const all = { search: '', sort: 'id', descending: false } as const;
const ids = (changed: Partial<Parameters<typeof listed>[1]>) =>
  listed(runs, { ...all, ...changed }).map(({ id }) => id);

test('runs are found by all words that are given, and by their state', () => {
  expect(ids({ search: 'seed 1 FLAN' })).toEqual(['b']);
  expect(ids({ search: 'seed 1' })).toEqual(['b', 'c']);
  expect(ids({ state: 'running' })).toEqual(['a']);
  expect(ids({ search: 'zebra' })).toEqual([]);
});

test('a run without a number comes last, whichever way the list is sorted', () => {
  expect(ids({ sort: 'toxicity' })).toEqual(['b', 'c', 'a']);
  expect(ids({ sort: 'toxicity', descending: true })).toEqual(['c', 'b', 'a']);
  expect(ids({ sort: 'reward', descending: true })[0]).toBe('a');
  expect(ids({ sort: 'time', descending: true })).toEqual(['c', 'a', 'b']);
  expect(ids({ sort: 'progress', descending: true })).toEqual(['a', 'b', 'c']);
});

test('settings stand beside each other by name, and what differs is told', () => {
  expect(
    settingRows([
      { b: [1, 2], a: 1 },
      { a: 1, b: [1, 3], c: null },
    ]),
  ).toMatchObject([
    {
      name: 'b',
      values: [
        [1, 2],
        [1, 3],
      ],
      differs: true,
    },
    { name: 'a', values: [1, 1], differs: false },
    { name: 'c', values: [undefined, null], differs: true },
  ]);
  expect(settingRows([])).toEqual([]);
  expect(byName(settingRows([{ b: 1, a: 1 }])).map(({ name }) => name)).toEqual(['a', 'b']);
});

test('what a job does not have makes no difference; what its run leaves out does', () => {
  const training = new Set(['steps', 'adapter', 'seed']);
  const runs = [
    { steps: 3, seed: 1, adapter: 'a' },
    { steps: 4, seed: 1, adapter: 'a' },
    { seed: 1 },
  ];
  const differing = (some: typeof runs, known: KnownSettings) =>
    settingRows(some, known).flatMap(({ name, differs }) => (differs ? name : []));
  const known = [training, training, new Set(['adapter', 'seed'])];
  expect(differing(runs, known)).toEqual(['steps', 'adapter']);
  expect(differing(runs.slice(1), known.slice(1))).toEqual(['adapter']);
  expect(differing(runs.slice(1), [training, undefined])).toEqual(['steps', 'adapter']);
  const strange = settingRows(runs, known).map(({ name, strange: of }) => [name, of]);
  expect(strange).toEqual([
    ['steps', [false, false, true]],
    ['seed', [false, false, false]],
    ['adapter', [false, false, false]],
  ]);
});
