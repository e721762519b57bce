import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { RolloutRow } from '../../src/rollouts.ts';
import { dropRollouts, rolloutWriter } from '../../src/store/rollout-writer.ts';
import { keptSteps, readQueries, readRollouts } from '../../src/store/rollouts.ts';

const folders: string[] = [];
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-rollouts-'));
  folders.push(folder);
});
afterAll(() => Promise.all(folders.map((each) => rm(each, { recursive: true }))));

const rowsOf = (step: number): RolloutRow[] =>
  ['left\u2028', '안녕 \u{1f600}\n'].map((response, row) => ({
    ...{ step, row, id: `${row}`, query: `q${step % 2}`, response, length: 1, truncated: false },
    ...{ score: 0.1 + step, kl: -1e-9, logprob: -1, refLogprob: -1, advantage: 0 },
    tokens: {
      ...{ ids: [step], texts: ['a'], logprobs: [-1], refLogprobs: [-1], kls: [0] },
      advantages: [0],
    },
  }));
const queriesOf = (step: number) => new Map([[`q${step % 2}`, `query ${step % 2}`]]);

/** Writes steps one after the other. */
async function write(
  steps: readonly number[],
  keep?: number,
  writer = rolloutWriter(folder, keep),
) {
  for (const step of steps) await writer.write(step, rowsOf(step), queriesOf(step));
  return writer;
}

async function bytes() {
  const names = (await readdir(join(folder, 'rollouts'))).sort();
  const read = async (name: string) => [
    name,
    await readFile(join(folder, 'rollouts', name), 'base64'),
  ];
  return Object.fromEntries(await Promise.all(names.map(read)));
}

const haveTokens = async (steps: readonly number[]) =>
  Promise.all(
    steps.map(async (step) => (await readRollouts(folder, step))[0].tokens !== undefined),
  );

test('what was written is read, a file a step and each query once', async () => {
  await write([1, 2, 3]);
  expect(await keptSteps(folder)).toEqual([1, 2, 3]);
  expect(await readRollouts(folder, 2)).toEqual(rowsOf(2));
  expect(await readFile(join(folder, 'rollouts', 'queries.jsonl'), 'utf8')).toBe(
    '{"query":"q1","text":"query 1"}\n{"query":"q0","text":"query 0"}\n',
  );
});

test('of steps before the last ones the tokens go, and nothing else', async () => {
  await write([1, 2, 3, 4], 2);
  expect(await haveTokens([1, 2, 3, 4])).toEqual([false, false, true, true]);
  const plain = rowsOf(1).map(({ tokens, ...row }) => row);
  expect(await readRollouts(folder, 1)).toEqual(plain);
});

test('a writer that goes on with fewer steps in full takes the tokens of all before', async () => {
  await write([1, 2, 3, 4]);
  await write([5], 2);
  expect(await haveTokens([1, 2, 3, 4, 5])).toEqual([false, false, false, true, true]);
});

test('killed at any step and gone back, the bytes are those of a run never stopped', async () => {
  await write([1, 2, 3, 4, 5], 3);
  const undisturbed = await bytes();
  const queries = join(folder, 'rollouts', 'queries.jsonl');
  for (const step of [4, 3, 1]) {
    await appendFile(queries, '{"query":"half');
    const name = '.step-000009.jsonl.gz.01234567-89ab-cdef-0123-456789abcdef.tmp';
    await writeFile(join(folder, 'rollouts', name), 'half');
    await dropRollouts(folder, step);
    expect(await keptSteps(folder)).toEqual(Array.from({ length: step }, (_, i) => i + 1));
    await write([1, 2, 3, 4, 5].slice(step), 3);
    // what had lost its tokens when the kill came has lost them
    const now = await bytes();
    expect(now).toEqual(undisturbed);
  }
});

test('a run that begins anew has none of before', async () => {
  await write([1, 2]);
  await dropRollouts(folder, 0);
  expect(await readdir(folder)).toEqual([]);
  await dropRollouts(folder, 0); // nor minds that there are none
  await dropRollouts(folder, 3);
  expect(await readdir(folder)).toEqual([]);
});

test('a torn query is left out by readers and written again', async () => {
  await write([1]);
  await appendFile(join(folder, 'rollouts', 'queries.jsonl'), '{"query":"q0","te');
  expect([...(await readQueries(folder)).keys()]).toEqual(['q1']);
  await dropRollouts(folder, 1);
  await write([2]);
  expect([...(await readQueries(folder)).keys()]).toEqual(['q1', 'q0']);
});
