import { describe, expect, test } from 'vitest';
import { isSafePattern } from '../../src/tokenizer/pattern.ts';
import { checkTokenizer } from '../../src/tokenizer/tokenizer-check.ts';
import { readTokenizerFiles } from '../../src/tokenizer/tokenizer-files.ts';
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

// Where such a check is missing, version 0.23.2 of the library aborts the process: at a table of
// characters, a template or merges that are damaged, when it reads them. None of these is such a file:
// the library reads it, or refuses it in good order, and the check refuses it all the same.
test.each<[string, object, string]>([
  [
    'a pattern that looks behind',
    { normalizer: replace({ Regex: '(?<=a)b' }) },
    'cannot run wild, got "(?<=a)b"',
  ],
  [
    'a pattern with a group that repeats',
    { pre_tokenizer: { ...replace({ Regex: '(ab)+' }), type: 'Split' } },
    'cannot run wild, got "(ab)+"',
  ],
  [
    'a pre-tokenizer that is not on the list',
    { pre_tokenizer: { type: 'FixedLength', length: 5 } },
    'type: expected one of',
  ],
  [
    'a text C',
    { post_processor: template([{ Sequence: { id: 'C' } }]) },
    'texts and special tokens, got "C"',
  ],
  [
    'a special token that is no text',
    { post_processor: template([{ SpecialToken: { id: 5 } }]) },
    'texts and special tokens, got 5',
  ],
  ['a template that is a text', { post_processor: { ...template([]), single: '$A' } }, 'a list'],
  [
    'a decoder without an end',
    { decoder: { type: 'Strip', content: 'a', start: 0 } },
    'stop: expected 0, got nothing',
  ],
  [
    'a merge of three',
    { model: { type: 'BPE', vocab: { a: 0, b: 1 }, merges: ['a b c'] } },
    'pairs of the vocabulary, got "a b c"',
  ],
  ['merges that are a text', { model: { type: 'BPE', vocab: { a: 0 }, merges: 'a b' } }, 'a list'],
  ['a vocabulary that is none', { model: { type: 'Unigram', vocab: { a: 0 } } }, 'a list'],
  ['an unknown part', { normalizer: { type: 'toString' } }, 'type: expected one of NFC'],
  ['a part without a type', { normalizer: {} }, 'got nothing'],
  ['sequences in each other', { normalizer: nested(30) }, 'at most 8 sequences in each other'],
])('%s is refused', (_, parts, message) => {
  expect(check(parts)).toThrow(message);
  expect(check(parts)).toThrow(/^tokenizer\.json: /);
});

test('a merge may have the prefix of what continues a word', () => {
  const vocab = { a: 0, '##b': 1, ab: 2 };
  const merged = { type: 'BPE', vocab, merges: ['a ##b'], continuing_subword_prefix: '##' };
  expect(check({ model: merged })).not.toThrow();
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
  ['(ab)+', false],
  ['a+b+', false],
  ['a{1,3}b{1,3}', false],
  ['a?b?c?d', false],
  ['(?<=a)b', false],
  ['(a)\\1', false],
  ['a'.repeat(300), false],
])('the pattern "%s" is safe: %s', (pattern, safe) => {
  expect(isSafePattern(pattern)).toBe(safe);
});
