import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../src/family/tokenizer.ts';
import { goldenJson, goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();

interface Golden {
  vocab: number;
  encode: [text: string, withSpecial: number[], without: number[]][];
  pair: number[];
  trunc: number[];
  decode: [ids: number[], without: string, withSpecial: string][];
}
const golden = await goldenJson<Golden>('byt5', 'texts.json');

async function expectGolden(tokenizer: Tokenizer): Promise<void> {
  expect(tokenizer.vocabSize).toBe(golden.vocab);
  expect([tokenizer.padId, tokenizer.eosId, tokenizer.unkId]).toEqual([0, 1, 2]);
  for (const [text, ids, bare] of golden.encode) {
    expect(await tokenizer.encode(text)).toEqual(ids);
    expect(await tokenizer.encode(text, { addSpecialTokens: false })).toEqual(bare);
  }
  expect((await tokenizer.encodePairs([['ab', 'c']]))[0].ids).toEqual(golden.pair);
  expect(await tokenizer.encode('abcdef', { maxLength: 4 })).toEqual(golden.trunc);
  for (const [ids, bare, all] of golden.decode) {
    expect(await tokenizer.decode(ids)).toBe(bare);
    expect(await tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(all);
  }
}

test.each(['4.47.0', '5.24.0'])(
  'a ByT5 that transformers %s saved has its ids and texts',
  async (version) => {
    const folder = await newFolder();
    const config = goldenPath('byt5', `tokenizer_config-${version}.json`);
    await copyFile(config, join(folder, 'tokenizer_config.json'));
    await expectGolden(await loadTokenizer(folder));
  },
);

test('so has one whose model config alone says what it is', async () => {
  const folder = await newFolder();
  const config = { model_type: 't5', tokenizer_class: 'ByT5Tokenizer', vocab_size: 384 };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await expectGolden(await loadTokenizer(folder));
});

test('the mark of an error stays where the text has it', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, 'tokenizer_config.json'), '{"tokenizer_class":"ByT5Tokenizer"}');
  const tokenizer = await loadTokenizer(folder);
  const text = '\ufeffa\ufffdb\ufffd';
  expect(await tokenizer.decode([200, ...(await tokenizer.encode(text)), 230])).toBe(text);
});
