import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { foundRollouts, rolloutsText, sortedRollouts } from '../../src/report/rollouts.ts';
import type { RolloutRow } from '../../src/rollouts.ts';
import { rolloutWriter } from '../../src/store/rollout-writer.ts';
import { tactful } from './io.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tactful-samples-'));
});
afterEach(() => rm(folder, { recursive: true }));

const texts = ['Tom is a \u001b[31mfool.', '안녕하세요', ''];
const rowsOf = (step: number): RolloutRow[] =>
  texts.map((response, row) => ({
    ...{ step, row, id: `d${row}`, query: `q${row}`, response, length: 4, truncated: row === 0 },
    ...{ score: [-1.5, 2, 0][row], parts: { classifier: row, 'mine.ts': 0.5 }, kl: 0.25 },
    ...{ logprob: -3, refLogprob: -2, advantage: 1, ...(row > 0 && { entropy: row }) },
    tokens: { ids: [1], texts: ['a'], logprobs: [0], refLogprobs: [0], kls: [0], advantages: [1] },
  }));

async function run(steps: readonly number[]) {
  await writeFile(join(folder, 'events.jsonl'), '{"type":"started"}\n');
  const writer = rolloutWriter(folder);
  const prompts = texts.map(
    (_, i) => [`q${i}`, `Summarize.\n\nAnn: number ${i}\n\nSummary:`] as const,
  );
  for (const step of steps) await writer.write(step, rowsOf(step), new Map(prompts));
}

test('the last step, in the order of the batch', async () => {
  await run([1, 2]);
  const { code, out } = await tactful(['samples', folder]);
  expect(code).toBe(0);
  expect(out).toMatchInlineSnapshot(`
    "step 2: 3 responses

    0   d0 · score −1.500 · classifier 0.000 · mine.ts 0.500 · kl 0.250 · advantage
        1.000 · 4 tokens, cut off
        > Ann: number 0
        Tom is a [31mfool.

    1   d1 · score 2.000 · classifier 1.000 · mine.ts 0.500 · kl 0.250 · advantage
        1.000 · entropy 1.000 · 4 tokens
        > Ann: number 1
        안녕하세요

    2   d2 · score 0.000 · classifier 2.000 · mine.ts 0.500 · kl 0.250 · advantage
        1.000 · entropy 2.000 · 4 tokens
        > Ann: number 2
        (nothing)
    "
  `);
});

test('a step of before, the worst first, so many', async () => {
  await run([1, 2]);
  const words = ['samples', folder, '--step', '1', '--sort', 'score', '--limit', '2'];
  const { out } = await tactful(words);
  const [head, , ...rest] = out.split('\n');
  expect(head).toBe('step 1: 3 responses, by score, the first 2');
  expect(rest.filter((line) => /^\d/.test(line)).map((line) => line[0])).toEqual(['0', '2']);
});

test('in JSON the rows with all that is kept, and their prompts', async () => {
  await run([3, 4]);
  const words = ['samples', folder, '--sort', 'entropy', '--descending', '--json'];
  const { directory, step, kept, found, rows } = JSON.parse((await tactful(words)).out);
  expect({ directory, step, kept, found }).toEqual({
    ...{ directory: folder, step: 4, kept: { first: 3, last: 4 }, found: 3 },
  });
  const [first, second, third] = rowsOf(4).map((row, i) => ({
    ...row,
    prompt: `Summarize.\n\nAnn: number ${i}\n\nSummary:`,
  }));
  expect(rows).toEqual([third, second, first]);
});

test('what is looked for stands in prompt or response', async () => {
  await run([1]);
  const found = async (text: string) => {
    const { out } = await tactful(['samples', folder, '--search', text, '--json']);
    return JSON.parse(out).rows.map(({ row }: RolloutRow) => row);
  };
  expect(await found('NUMBER 1')).toEqual([1]);
  expect(await found('fool')).toEqual([0]);
  expect(await found('nowhere')).toEqual([]);
  const { out } = await tactful(['samples', folder, '--search', 'nowhere']);
  expect(out).toContain('3 responses, 0 with "nowhere"');
});

test('what is not there is told, with what is', async () => {
  const ask = async (...words: string[]) => (await tactful(['samples', folder, ...words])).err;
  expect(await ask()).toContain('expected a run with its events.jsonl, got none. Name the folder');
  await run([]);
  expect(await ask()).toContain('expected a run that keeps its rollouts, got none of them.');
  expect(await ask()).toContain('Use --as ragas for the answers of a finished run');
  await writeFile(join(folder, 'events.jsonl'), '{"type":"started","job":"sft"}\n');
  expect(await ask()).toContain('none of them. sft has none: it learns from given texts.');
  await run([2, 3]);
  expect(await ask('--step', '9')).toContain(
    '--step: expected one of the steps that are kept, 2 to 3, got 9. Use --step 3.',
  );
  expect(await ask('--output', 'x')).toContain('--output: needs --as');
  expect(await ask('--as', 'ragas', '--step', '2')).toContain('has nothing to do with --as');
});

test('rows without a number come last, equal ones stay in the order of the batch', () => {
  const order = (name: 'entropy' | 'kl', descending: boolean) =>
    sortedRollouts(rowsOf(1), { order: name, descending }).map(({ row }) => row);
  expect(order('entropy', false)).toEqual([1, 2, 0]);
  expect(order('entropy', true)).toEqual([2, 1, 0]);
  expect(order('kl', true)).toEqual([0, 1, 2]);
});

test('long texts keep to the width, wide characters and controls of a text too', () => {
  const rows = rowsOf(1).map((row) => ({
    ...row,
    response: '안녕 '.repeat(50),
    prompt: 'x\u001b[2J',
  }));
  for (const line of rolloutsText(rows, 40).split('\n')) {
    expect(line).not.toContain('\u001b');
    expect(line.length).toBeLessThanOrEqual(40);
  }
  expect(foundRollouts(rows, '안녕')).toHaveLength(3);
});

test.each([
  Buffer.alloc(0),
  gzipSync('{"step":1}\n').subarray(0, 12),
  Buffer.from('{}'),
  gzipSync('{'),
])('a file that is damaged is named, and what to do does it', async (bytes) => {
  await run([1, 2]);
  const path = join(folder, 'rollouts', 'step-000002.jsonl.gz');
  await writeFile(path, bytes);
  const { code, err } = await tactful(['samples', folder]);
  expect(code).toBe(1);
  expect(err).toMatch(`error: ${path}: expected gzipped JSON Lines, got a damaged file (`);
  expect(err).toMatch(/Remove it: the run is then read without this step\.\n$/);
  await rm(path);
  expect((await tactful(['samples', folder])).out).toMatch(/^step 1: 3 responses/);
});
