import fc from 'fast-check';
import { expect, test } from 'vitest';
import { difference, wordsOf } from '../src/difference.ts';

const word = fc.constantFrom(
  'the',
  'bed',
  'is',
  ' ',
  '.',
  ', ',
  '\n',
  '#Person1#',
  '안녕',
  '你好世界',
  '😀',
);
const text = fc.array(word, { maxLength: 30 }).map((words) => words.join(''));

test('without what is new it is the first text, without what is gone the second', () => {
  const property = fc.property(text, text, (before, after) => {
    const parts = difference(before, after);
    const without = (kind: string) =>
      parts.flatMap((part) => (part.kind === kind ? [] : part.text)).join('');
    expect(without('new')).toBe(before);
    expect(without('gone')).toBe(after);
  });
  fc.assert(property);
});

test('words stay whole, and blanks between two changes belong to them', () => {
  expect(difference('#Person1# calls him a fool.', '#Person1# asks her, kindly.')).toEqual([
    { kind: 'same', text: '#Person1# ' },
    { kind: 'gone', text: 'calls him a fool' },
    { kind: 'new', text: 'asks her, kindly' },
    { kind: 'same', text: '.' },
  ]);
});

test('a text that stays is one part, and two empty ones are none', () => {
  expect(difference('all the same', 'all the same')).toEqual([
    { kind: 'same', text: 'all the same' },
  ]);
  expect(difference('', '')).toEqual([]);
});

test('as many words as possible stay', () => {
  const kept = difference('a b c d e f', 'b d x f g').filter(({ kind }) => kind === 'same');
  const words = kept.flatMap(({ text }) => wordsOf(text)).filter((one) => one.trim() !== '');
  expect(words).toEqual(['b', 'd', 'f']);
});

test('scripts without blanks are taken apart into words', () => {
  expect(wordsOf('你好世界').length).toBeGreaterThan(1);
  expect(wordsOf('안녕 세상')).toEqual(['안녕', ' ', '세상']);
});

test('texts of ten thousand words are told as one piece', () => {
  const long = (name: string) => Array.from({ length: 10_000 }, (_, i) => `${name}${i}`).join(' ');
  const parts = difference(`x ${long('a')} y`, `x ${long('b')} y`);
  expect(parts.map(({ kind }) => kind)).toEqual(['same', 'gone', 'new', 'same']);
});
