import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Sample } from '../../../src/comparison.ts';
import type { ComparedQuery } from '../../../src/store/run-index/queries.ts';
import { openIndex } from '../../../src/store/run-index/run-index.ts';
import { keepSamples, log, newFolder, started } from './folders.ts';

function sample(id: string, over: Partial<Sample> = {}): Sample {
  const texts = { id, query: `prompt ${id}`, response: `response ${id}` };
  return { ...texts, toxicity: 0.5, reward: 0, tokens: 4, truncated: false, ...over };
}

const before = [
  sample('2', { group: 'B', toxicity: 0.9, rouge1: 0.5 }),
  sample('10', { group: 'A', toxicity: 0.4, response: 'Straße 100 %' }),
  sample('1', { group: 'B', toxicity: 0.2, rouge1: 0.2 }),
];
const after = [
  sample('2', { group: 'B', toxicity: 0.1, rouge1: 0.4, reward: 1 }),
  sample('10', { group: 'A', toxicity: 0.3, response: '안녕', reward: 1, tokens: 9 }),
  sample('1', { group: 'B', toxicity: 0.25, rouge1: 0.3, reward: 1 }),
];

async function opened() {
  const folder = await newFolder();
  await log(join(folder, 'a'), started());
  await keepSamples(join(folder, 'a'), before, after);
  await log(join(folder, 'b'), started());
  const index = await openIndex(folder);
  onTestFinished(() => index.close());
  return { folder, index };
}

test('a row is both samples as they were measured', async () => {
  const { index } = await opened();
  const { rows, total, groups } = await index.compared({ runs: ['a'], limit: 1 });
  expect(rows).toEqual([{ run: 'a', before: before[2], after: after[2] }]);
  expect([total, groups]).toEqual([3, ['A', 'B']]);
});

test.each<[ComparedQuery, string[]]>([
  [{}, ['1', '2', '10']],
  [{ descending: true }, ['10', '2', '1']],
  [{ sort: 'toxicity' }, ['2', '1', '10']],
  [{ sort: 'toxicityChange' }, ['2', '10', '1']],
  [{ sort: 'toxicityChange', descending: true }, ['1', '10', '2']],
  [{ sort: 'rouge1', descending: true }, ['2', '1', '10']],
  [{ sort: 'rouge1Change' }, ['2', '1', '10']],
  [{ sort: 'reward' }, ['2', '10', '1']],
  [{ sort: 'tokensChange', descending: true }, ['10', '2', '1']],
  [{ group: 'B' }, ['1', '2']],
  [{ search: 'STRASSE' }, []],
  [{ search: 'straße' }, ['10']],
  [{ search: '안' }, ['10']],
  [{ search: 'PROMPT 1' }, ['1', '10']],
  [{ search: '10' }, ['10']],
  [{ search: 'prompt', group: 'A' }, ['10']],
  [{ search: "%' OR 1" }, []],
  [{ runs: ['b'] }, []],
  [{ offset: 1 }, ['2', '10']],
])('%j gives %j', async (query, ids) => {
  const { index } = await opened();
  const { rows, total } = await index.compared(query);
  expect(rows.map((row) => row.before.id)).toEqual(ids);
  expect(total).toBe(ids.length + (query.offset ?? 0));
});

test('samples that were measured again take the place of those of before', async () => {
  const { folder, index } = await opened();
  await index.compared({});
  await keepSamples(join(folder, 'a'), before.slice(0, 1), after.slice(0, 1));
  await keepSamples(join(folder, 'b'), before, []);
  const { rows, groups } = await index.compared({});
  expect(rows).toEqual([{ run: 'a', before: before[0], after: after[0] }]);
  expect(groups).toEqual(['B']);
});

test('a line that is no sample hides no other', async () => {
  const { folder, index } = await opened();
  const lines = after.map((one) => JSON.stringify(one));
  const damaged = ['{nope', 'null', lines[2]].map((line) => `${line}\n`).join('');
  await writeFile(join(folder, 'a', 'samples-after.jsonl'), damaged);
  expect((await index.compared({ runs: ['a'] })).rows.map((row) => row.after.id)).toEqual(['1']);
});
