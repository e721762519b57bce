import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { fitted } from '../../src/tokenizer/text-pair.ts';
import { goldenJson, goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();

interface Pair {
  first: string;
  second: string;
  maxLength: number | null;
  ids: number[];
  segments: number[];
}

/** A folder with BERT's vocabulary and a config of its tokenizer. */
async function wordPiece(config: object): Promise<string> {
  const folder = join(await newFolder(), 'tokenizer');
  await mkdir(folder);
  await copyFile(goldenPath('wordpiece', 'vocab.txt'), join(folder, 'vocab.txt'));
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  return folder;
}

// tokenizer(first, second, truncation='longest_first', max_length=…) of transformers 4.47.0 and 5.24.0
test.each(['bert', 'roberta'])(
  'pairs of a %s tokenizer are those of transformers',
  async (name) => {
    const pairs = (await goldenJson<Record<string, Pair[]>>('wordpiece', 'pairs.json'))[name];
    const folder =
      name === 'bert'
        ? await wordPiece({ tokenizer_class: 'BertTokenizer' })
        : goldenPath('roberta', 'model');
    const tokenizer = await loadTokenizer(folder);
    for (const { first, second, maxLength, ids, segments } of pairs) {
      const options = maxLength === null ? {} : { maxLength };
      expect(await tokenizer.encodePairs([[first, second]], options)).toEqual([{ ids, segments }]);
    }
  },
);

test('a tokenizer whose model has no segments gives none', async () => {
  const named = { model_input_names: ['input_ids', 'attention_mask'] };
  for (const config of [{ tokenizer_class: 'DistilBertTokenizer' }, named]) {
    const tokenizer = await loadTokenizer(await wordPiece(config));
    const [{ ids, segments }] = await tokenizer.encodePairs([['a cat', 'one two']]);
    expect(segments).toEqual(ids.map(() => 0));
  }
});

test('a pair is cut at the left where a tokenizer cuts there', () => {
  const texts = [null, 0, 0, 0, 0, null, 1, 1, null];
  const pair = { ids: texts.map((_, i) => i), segments: texts.map((text) => text ?? 0), texts };
  expect(fitted(pair, 6, 'left').ids).toEqual([0, 3, 4, 5, 7, 8]);
  expect(fitted(pair, 6, 'right').ids).toEqual([0, 1, 2, 5, 6, 8]);
  expect(() => fitted(pair, 2, 'right')).toThrow('expected at least 3, the special tokens, got 2.');
});
