import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadTokenizer, usualClass } from '../../src/family/tokenizer.ts';
import { readTokenizerFiles } from '../../src/tokenizer/tokenizer-files.ts';
import { goldenJson, goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();

interface Golden {
  texts: string[];
  runs: {
    config: Record<string, unknown>;
    size: number;
    ids: number[][];
    pair: number[];
    decoded: string[];
  }[];
}

/** A folder with one file of a golden folder, and a tokenizer_config.json. */
async function folderWith(name: string, file: string, config?: object): Promise<string> {
  const folder = await newFolder();
  await copyFile(goldenPath(name, file), join(folder, file));
  if (config) await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  return folder;
}

// Expected values: transformers 4.47.0 (test/golden/README.md).
describe.each([
  ['spiece', 'spiece.model'],
  ['wordpiece', 'vocab.txt'],
])('%s/%s alone', async (name, file) => {
  const { texts, runs } = await goldenJson<Golden>(name, 'expected.json');

  test.each(runs)('with $config gives the ids and texts of transformers', async (run) => {
    const tokenizer = await loadTokenizer(await folderWith(name, file, run.config));
    expect(tokenizer.vocabSize).toBe(run.size);
    expect(await tokenizer.encodeBatch(texts)).toEqual(run.ids);
    expect((await tokenizer.encodePairs([['a b', 'c d']]))[0].ids).toEqual(run.pair);
    expect(await tokenizer.decodeBatch(run.ids)).toEqual(run.decoded);
  });

  test('its files give the same tokenizer in another folder', async () => {
    const { files } = await loadTokenizer(await folderWith(name, file, runs[2].config));
    const folder = await newFolder();
    for (const [own, content] of files) await writeFile(join(folder, own), content);
    const copy = await loadTokenizer(folder);
    expect(await copy.encodeBatch(texts)).toEqual(runs[2].ids);
  });

  test('written as tokenizer.json it gives the same ids', async () => {
    const { json } = await readTokenizerFiles(await folderWith(name, file));
    const folder = await newFolder();
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json));
    expect(await (await loadTokenizer(folder)).encodeBatch(texts)).toEqual(runs[0].ids);
  });
});

describe('special tokens', () => {
  test('of a T5 are at their usual ids, the sentinels behind the pieces in reverse', async () => {
    const tokenizer = await loadTokenizer(await folderWith('spiece', 'spiece.model'));
    const { padId, eosId, unkId, vocabSize } = tokenizer;
    expect([padId, eosId, unkId]).toEqual([0, 1, 2]);
    expect(tokenizer.tokens([vocabSize - 1, vocabSize - 100])).toEqual([
      '<extra_id_0>',
      '<extra_id_99>',
    ]);
    expect(tokenizer.specialIds).toContain(vocabSize - 1);
  });

  test('of a BERT are those that its config names, else the usual ones', async () => {
    const tokenizer = await loadTokenizer(await folderWith('wordpiece', 'vocab.txt'));
    expect(tokenizer.tokens([tokenizer.padId, tokenizer.unkId!])).toEqual(['[PAD]', '[UNK]']);
    expect(tokenizer.eosId).toBeUndefined();
    // two tokens come twice, so that two ids belong to none
    expect(tokenizer.idCount - tokenizer.vocabSize).toBe(2);
    const config = { cls_token: 'hello', pad_token: '[unused0]' };
    const own = await loadTokenizer(await folderWith('wordpiece', 'vocab.txt', config));
    expect(own.tokens([own.padId])).toEqual(['[unused0]']);
    expect(own.tokens((await own.encode('a')).slice(0, 1))).toEqual(['hello']);
  });

  test('that a vocabulary lacks are named', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'vocab.txt'), '[PAD]\n[UNK]\n[SEP]\na\n');
    await expect(loadTokenizer(folder)).rejects.toThrow('expected the token [CLS], got none.');
  });
});

test("a BERT tokenizer's config wins over its tokenizer.json, as in BertTokenizerFast", async () => {
  const { json } = await readTokenizerFiles(await folderWith('wordpiece', 'vocab.txt'));
  const folder = await newFolder();
  const write = (name: string, value: object) =>
    writeFile(join(folder, name), JSON.stringify(value));
  const lowerCase = async () => {
    const { normalizer } = (await readTokenizerFiles(folder, usualClass)).json;
    return (normalizer as { lowercase: boolean }).lowercase;
  };
  await write('tokenizer.json', {
    ...json,
    normalizer: { ...(json.normalizer as object), lowercase: false },
  });
  expect(await lowerCase()).toBe(false);
  await write('tokenizer_config.json', { tokenizer_class: 'BertTokenizer', do_lower_case: true });
  expect(await lowerCase()).toBe(true);
  await write('tokenizer_config.json', { tokenizer_class: 'PreTrainedTokenizerFast' });
  expect(await lowerCase()).toBe(false);
  await write('tokenizer_config.json', {});
  await write('config.json', { model_type: 'distilbert' });
  expect(await lowerCase()).toBe(true); // BertTokenizerFast's default
});

describe('a spiece.model', () => {
  test('of another algorithm is refused', async () => {
    const folder = await newFolder();
    const bytes = await readFile(goldenPath('spiece', 'spiece.model'));
    const trainer = Buffer.from([0x12, 2, 0x18, 2]); // trainer_spec { model_type: BPE }
    await writeFile(join(folder, 'spiece.model'), Buffer.concat([bytes, trainer]));
    await expect(loadTokenizer(folder)).rejects.toThrow('expected a unigram model, got a bpe one.');
  });

  test('of no pieces, and one that is no protobuf, are refused', async () => {
    const folder = await newFolder();
    for (const bytes of [[], [0xff], [0x0a, 0x7f, 1], [0x0b]]) {
      await writeFile(join(folder, 'spiece.model'), Buffer.from(bytes));
      await expect(loadTokenizer(folder)).rejects.toThrow(join(folder, 'spiece.model'));
    }
  });
});
