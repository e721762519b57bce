import { describe, expect, test } from 'vitest';
import { isSafePattern } from '../../src/hub/pattern.ts';
import { checkTokenizer } from '../../src/hub/tokenizer-check.ts';
import { readTokenizerFiles } from '../../src/hub/tokenizer-files.ts';
import { goldenJson, goldenPath } from '../golden.ts';

const words = { type: 'WordLevel', vocab: { a: 0, '<unk>': 1 }, unk_token: '<unk>' };
const check = (parts: object) => () => checkTokenizer({ model: words, ...parts }, 'tokenizer.json');
const replace = (pattern: object) => ({ type: 'Replace', pattern, content: '' });
const template = (single: object[], special_tokens = {}) => ({
  type: 'TemplateProcessing',
  single,
  pair: [],
  special_tokens,
});
const nested = (depth: number): object =>
  depth === 0 ? { type: 'NFC' } : { type: 'Sequence', normalizers: [nested(depth - 1)] };
const base64 = (bytes: number[]) => Buffer.from(bytes).toString('base64');
const table = (bytes: number[]) => ({ type: 'Precompiled', precompiled_charsmap: base64(bytes) });

// The library of version 0.23.2 aborts the process at each of these, when it reads it or at a text.
test.each<[string, object, string]>([
  ['a table of too few bytes', { normalizer: table([]) }, 'a table of normalised characters'],
  ['a table without a trie', { normalizer: table([0, 0, 0, 0]) }, 'with a trie of 0'],
  ['a trie that is cut off', { normalizer: table([8, 0, 0, 0, 1, 1, 1, 1]) }, 'with a trie of 8'],
  ['a trie that leads nowhere', { normalizer: table([4, 0, 0, 0, 7, 7, 7, 7]) }, 'out of itself'],
  ['no base64', { normalizer: { type: 'Precompiled', precompiled_charsmap: 'ab' } }, 'base64'],
  ['an empty text to replace', { normalizer: replace({ String: '' }) }, 'some text'],
  ['a pattern that finds nothing', { normalizer: replace({ Regex: 'x*' }) }, 'cannot run wild'],
  [
    'a pattern that runs wild',
    { pre_tokenizer: { ...replace({ Regex: '(a+)+$' }), type: 'Split' } },
    'cannot run wild',
  ],
  [
    'pieces of no length',
    { pre_tokenizer: { type: 'FixedLength', length: 0 } },
    'type: expected one of',
  ],
  [
    'a text B of one text',
    { post_processor: template([{ Sequence: { id: 'B' } }]) },
    'texts and special tokens, got "B"',
  ],
  [
    'a special token without id',
    { post_processor: template([{ SpecialToken: { id: '[X]' } }]) },
    'got "[X]"',
  ],
  [
    'a decoder that strips ends',
    { decoder: { type: 'Strip', content: 'a', start: 0, stop: 1 } },
    'stop: expected 0, got 1',
  ],
  [
    'a merge to no token',
    { model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [['a', 'b']] } },
    'pairs of the vocabulary, got ["a","b"]',
  ],
  [
    'a merge without its prefix',
    {
      model: {
        type: 'BPE',
        vocab: { a: 0, b: 1, ab: 2 },
        merges: ['a b'],
        continuing_subword_prefix: '##',
      },
    },
    'pairs of the vocabulary, got "a b"',
  ],
  ['an unknown part', { normalizer: { type: 'toString' } }, 'type: expected one of NFC'],
  ['a part without a type', { normalizer: {} }, 'got nothing'],
  ['sequences in each other', { normalizer: nested(30) }, 'at most 8 sequences in each other'],
])('%s is refused', (_, parts, message) => {
  expect(check(parts)).toThrow(message);
  expect(check(parts)).toThrow(/^tokenizer\.json: /);
});

describe('the goldens', () => {
  test.each(['t5', 't5_converted', 'roberta'])('tokenizer.json of %s passes', async (name) => {
    const json = await goldenJson<Record<string, unknown>>('tokenizers', name, 'tokenizer.json');
    expect(() => checkTokenizer(json, name)).not.toThrow();
  });

  test.each(['spiece', 'wordpiece'])('what is made of %s passes', async (name) => {
    const { json } = await readTokenizerFiles(goldenPath(name));
    expect(() => checkTokenizer(json, name)).not.toThrow();
  });
});

test.each<[string, boolean]>([
  [' {2,}', true],
  ['\\s+', true],
  ['\\p{L}+|\\p{N}| ?[^\\s]', true],
  ['[a|b]|\\|', true],
  ['\\s+(?!\\S)', true],
  ["'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", true],
  ['', false],
  ['a|', false],
  ['a?', false],
  ['a{0,3}', false],
  ['^', false],
  ['(?=a)', false],
  ['(a+)+', false],
  ['a*a*b', false],
  ['a{1,99}a{1,99}b', false],
  ['(a|a)*', false],
  ['(?<=a)b', false],
  ['\\1', false],
  ['a'.repeat(300), false],
])('the pattern "%s" is safe: %s', (pattern, safe) => {
  expect(isSafePattern(pattern)).toBe(safe);
});
