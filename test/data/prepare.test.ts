import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codePoints, filterByLength, splitExamples } from '../../src/data/prepare.ts';
import { buildPrompt } from '../../src/data/prompt.ts';
import { readExamples } from '../../src/data/read.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { goldenJson, goldenPath } from '../golden.ts';

interface Build {
  min_length: number;
  max_length: number;
  kept: number;
  kept_ids: string[];
  train_ids: string[];
  test_ids: string[];
  token_counts: number[];
  sha256_of_all_input_ids_json: string;
  first5: { id: string; prompt: string; input_ids: number[]; query: string }[];
}
interface Golden {
  rows: number;
  char_lengths: number[];
  builds: Build[];
}
interface SplitSizes {
  test_size: number;
  cases: { n: number; train: number; test: number; first_test: number }[];
}

// Source: the lab's build_dataset under transformers 4.47.0 (test/golden/README.md, data/)
describe.each(['dev', 'test'])('the %s part of DialogSum-shaped data', async (part) => {
  const golden = await goldenJson<Golden>('data', `${part}.json`);
  const { examples } = await readExamples(goldenPath('data', `dialogsum.${part}.jsonl`));
  const tokenizer = await loadTokenizer(goldenPath('tokenizers', 't5'));
  const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);

  test('has the rows and lengths that Python sees', () => {
    expect(examples.length).toBe(golden.rows);
    expect(examples.map(({ dialogue }) => codePoints(dialogue))).toEqual(golden.char_lengths);
  });

  for (const build of golden.builds) {
    const name = `${build.min_length} to ${build.max_length}`;
    const kept = filterByLength(examples, { minimum: build.min_length, maximum: build.max_length });

    test(`keeps and splits the dialogues of length ${name} as the lab does`, () => {
      expect(kept.length).toBe(build.kept);
      expect(ids(kept)).toEqual(build.kept_ids);
      const { train, test: held } = splitExamples(kept);
      expect(ids(train)).toEqual(build.train_ids);
      expect(ids(held)).toEqual(build.test_ids);
    });

    test(`gives the lab's token ids for length ${name}`, async () => {
      const prompts = kept.map(({ dialogue }) => buildPrompt(dialogue));
      const all = await Promise.all(prompts.map((prompt) => tokenizer.encode(prompt)));
      expect(all.map((encoded) => encoded.length)).toEqual(build.token_counts);
      const hash = createHash('sha256').update(JSON.stringify(all)).digest('hex');
      expect(hash).toBe(build.sha256_of_all_input_ids_json);
      for (const [i, first] of build.first5.entries()) {
        expect(kept[i].id).toBe(first.id);
        expect(prompts[i]).toBe(first.prompt);
        expect(all[i]).toEqual(first.input_ids);
        // the lab decodes with special tokens: its query ends in </s>
        expect(await tokenizer.decode(all[i], { skipSpecialTokens: false })).toBe(first.query);
      }
    });
  }
});

test('the split has the sizes of train_test_split without shuffling', async () => {
  const { test_size, cases } = await goldenJson<SplitSizes>('data', 'split_sizes.json');
  for (const { n, train, test: held, first_test } of cases) {
    const parts = splitExamples([...Array(n).keys()], test_size);
    expect([parts.train.length, parts.test.length, parts.test[0]]).toEqual([
      train,
      held,
      first_test,
    ]);
  }
});

test('the length filter leaves out the minimum and keeps the maximum', () => {
  const examples = [200, 201, 1000, 1001].map((n) => ({ dialogue: 'x'.repeat(n) }));
  expect(filterByLength(examples).map(({ dialogue }) => dialogue.length)).toEqual([201, 1000]);
});

test('an emoji counts as one, as in Python', () => {
  const dialogue = '😀'.repeat(150); // 300 UTF-16 units
  expect(codePoints(dialogue)).toBe(150);
  expect(filterByLength([{ dialogue }])).toEqual([]);
});

test('the length is the number of code points, whatever the text', () => {
  const property = fc.property(fc.string({ unit: 'binary' }), (text) => {
    expect(codePoints(text)).toBe([...text].length);
    expect(codePoints(text)).toBeLessThanOrEqual(text.length);
  });
  fc.assert(property);
});

test('a split is a partition in order, and neither part is empty', () => {
  const property = fc.property(
    fc.array(fc.integer(), { minLength: 2 }),
    fc.double({ min: 0.01, max: 0.5, noNaN: true }),
    (items, share) => {
      const { train, test: held } = splitExamples(items, share);
      expect([...train, ...held]).toEqual(items);
      expect(Math.min(train.length, held.length)).toBeGreaterThan(0);
      expect(held.length - share * items.length).toBeGreaterThanOrEqual(0);
      expect(held.length - share * items.length).toBeLessThan(1);
    },
  );
  fc.assert(property);
});

test('a split that would leave a part empty is an error', () => {
  expect(() => splitExamples([1])).toThrow(
    'splitExamples: expected examples for training and for testing, got 1 in all.',
  );
  expect(() => splitExamples([], 0.5)).toThrow('got 0 in all');
  expect(() => splitExamples([1, 2], 1)).toThrow(
    '`testShare`: expected a number between 0 and 1, got 1.',
  );
  expect(() => splitExamples([1, 2], Number.NaN)).toThrow('got NaN');
});
