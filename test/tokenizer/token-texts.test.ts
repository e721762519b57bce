import { expect, test } from 'vitest';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { tokenTexts } from '../../src/tokenizer/token-texts.ts';
import { goldenPath } from '../golden.ts';

test.each(['t5', 'roberta'])('tokens of %s joined are the text', async (name) => {
  const tokenizer = await loadTokenizer(goldenPath('tokenizers', name));
  const text = "Tom said: it's 5 o'clock, didn't he?";
  const ids = await tokenizer.encode(text, { addSpecialTokens: false });
  const [texts] = await tokenTexts(tokenizer)([ids]);
  expect(texts.join('').trim()).toBe(text);
  expect(texts).toHaveLength(ids.length);
});

test('a part of a character has a mark in its place', async () => {
  const tokenizer = await loadTokenizer(goldenPath('tokenizers', 'roberta'));
  const ids = await tokenizer.encode('aï', { addSpecialTokens: false });
  expect(await tokenTexts(tokenizer)([ids])).toEqual([['a', '\ufffd', '\ufffd']]);
});

test('the end is told by its name, and an id that there is not is empty', async () => {
  const tokenizer = await loadTokenizer(goldenPath('tokenizers', 't5'));
  const ids = [...(await tokenizer.encode('the')), 32_127];
  expect(await tokenTexts(tokenizer)([ids, [1]])).toEqual([[' the', '</s>', ''], ['</s>']]);
});

test('what was read once is not read again', async () => {
  const asked: number[][][] = [];
  const textsOf = tokenTexts({
    decodeBatch: async (rows) => {
      asked.push(rows.map((row) => [...row]));
      return rows.map((row) => row.join(''));
    },
  });
  await textsOf([[1, 2]]);
  expect(await textsOf([[2, 3, 3]])).toEqual([['2', '3', '3']]);
  expect(asked).toEqual([
    [[1], [2]],
    [
      [1, 1],
      [2, 2],
    ],
    [[3]],
    [[3, 3]],
  ]);
});
