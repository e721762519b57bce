import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { readSamples, writeSamples } from '../../src/eval/samples-file.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();
const sample: Sample = {
  id: 'one',
  query: 'line\nbreak\u2028 "quoted"',
  response: '안녕 \u{1f600}',
  toxicity: Math.fround(0.1),
  reward: -1e-300,
  rouge1: 0.1 + 0.2,
  rougeL: 0,
  tokens: 7,
  truncated: false,
};
const whole: Sample = {
  ...sample,
  ...{ id: 'two', sample: 1, group: 'rude', judges: { words: 1, 'owner/model': 0.1 + 0.2 } },
  ...{ rouge2: 1 / 3, rougeLsum: 0, copied: 0.5, logprob: -12.3, refLogprob: -1e-9, sentinels: 1 },
  ...{ faithfulness: 0.75, coverage: 0.2 },
};
const samples = [sample, whole];

test('samples come back as they were, to the last bit', async () => {
  const path = join(await newFolder(), 'samples.jsonl');
  await writeSamples(path, samples);
  expect(await readSamples(path)).toEqual(samples);
  expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(3);
});

test('a sample has the same bytes in whatever order it was measured', async () => {
  const path = join(await newFolder(), 'samples.jsonl');
  await writeSamples(path, [whole]);
  const bytes = await readFile(path, 'utf8');
  const fields = Object.entries(whole).toReversed();
  await writeSamples(path, [Object.fromEntries(fields) as unknown as Sample]);
  expect(await readFile(path, 'utf8')).toBe(bytes);
});

test('no file holds no samples', async () => {
  expect(await readSamples(join(await newFolder(), 'missing'))).toBeUndefined();
});

test('a line that is no sample is an error that names it', async () => {
  const path = join(await newFolder(), 'samples.jsonl');
  await writeFile(
    path,
    `${JSON.stringify(sample)}\n${JSON.stringify({ ...sample, tokens: 'x' })}\n`,
  );
  await expect(readSamples(path)).rejects.toThrow(
    `${path} line 2: tokens: expected number, got "x".`,
  );
});
