/** Our files of responses, read and measured by RAGAS. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { rouge } from '../../src/eval/rouge.ts';
import { ragasLines, ragasRows } from '../../src/export/ragas.ts';
import { scratchFolders } from '../hub/folder.ts';
import { python } from './python.ts';
import '../setup.ts';

const scratch = scratchFolders();

interface Theirs {
  readonly features: readonly string[];
  readonly rows: readonly object[];
  readonly rouge1: readonly (number | null)[];
  readonly rougeL: readonly (number | null)[];
  readonly exact: readonly (number | null)[];
  readonly similarity: readonly (number | null)[];
}

function sample(query: string, response: string, place?: number): Sample {
  const which = place === undefined ? {} : { sample: place };
  const measured = { toxicity: 0, reward: 0, tokens: 3, truncated: false };
  return { id: query, ...which, query, response, ...measured };
}

async function measured(samples: readonly Sample[], references: readonly (readonly string[])[]) {
  const rows = ragasRows(samples, references);
  const path = join(await scratch(), 'ragas.jsonl');
  await writeFile(path, ragasLines(rows));
  // whatever the encoding of the machine
  const settings = { LC_ALL: 'C', PYTHONUTF8: '0', PYTHONCOERCECLOCALE: '0' };
  const [theirs] = await python<Theirs[]>('ragas_dataset.py', [path], settings, 'ragas');
  return { rows, theirs };
}

/** Summaries of the golden cases of ROUGE, with their references. */
async function goldenTexts() {
  const text = await readFile('test/golden/metrics/rouge.json', 'utf8');
  const { pairs } = JSON.parse(text) as {
    pairs: readonly { readonly reference: string; readonly prediction: string }[];
  };
  return pairs;
}

test('RAGAS reads what was written, whatever stands in the texts', async () => {
  const texts = [
    'two\nlines\r\nand a half',
    '민준이 지은에게 사과했다. 😀',
    '<script>alert("x")</script> & "quotes" \\ \u2028 \u0085 \u0000',
    '',
  ];
  const samples = texts.map((text, i) => sample(`dialogue ${i}: ${text}`, text));
  const { rows, theirs } = await measured(samples, [
    texts.slice(0, 1),
    texts.slice(1, 3),
    [],
    ['a'],
  ]);
  expect(theirs.rows).toEqual(rows);
  expect(theirs.rows[1]).toMatchObject({ response: texts[1], reference: texts[1] });
  expect(theirs.exact).toEqual([1, 1, null, 0]);
  expect(theirs.similarity).toEqual([1, 1, null, 0]);
  expect(theirs.features).toEqual(expect.arrayContaining(['user_input', 'response', 'reference']));
});

test('several samples of a prompt are its responses', async () => {
  const samples = [0, 1, 2].flatMap((place) =>
    ['a', 'b'].map((query) => sample(query, `${query}${place}`, place)),
  );
  const { theirs } = await measured(
    samples,
    samples.map(() => []),
  );
  expect(theirs.rows).toMatchObject([
    { user_input: 'a', response: 'a0', multi_responses: ['a0', 'a1', 'a2'] },
    { user_input: 'b', response: 'b0', multi_responses: ['b0', 'b1', 'b2'] },
  ]);
});

test('the ROUGE of RAGAS is ours with the stemmer', async () => {
  const texts = await goldenTexts();
  expect(texts.length).toBeGreaterThan(10);
  const samples = texts.map(({ prediction }, i) => sample(`${i}`, prediction));
  const { theirs } = await measured(
    samples,
    texts.map(({ reference }) => [reference]),
  );
  const ours = texts.map(({ reference, prediction }) =>
    rouge(reference, prediction, { stemmer: true }),
  );
  expect(theirs.rouge1 as number[]).toBeAllClose(
    ours.map(({ rouge1 }) => rouge1.f),
    { atol: 1e-12 },
  );
  expect(theirs.rougeL as number[]).toBeAllClose(
    ours.map(({ rougeL }) => rougeL.f),
    { atol: 1e-12 },
  );
});
