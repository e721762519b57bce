import { expect, test } from 'vitest';
import { ngramsOf } from '../../../src/eval/ngrams.ts';
import { namesOf, wordsOf } from '../../../src/eval/why/words.ts';

test.each([
  ["#Person1# doesn't pay 40 dollars.", ['#person1#', "doesn't", 'pay', '40', 'dollars']],
  ['바보는 갔다', ['바보는', '갔다']],
  ['我喜欢你', ['我', '喜欢', '你']],
  ['...', []],
])('the words of %s', (text, words) => {
  expect(wordsOf(text)).toEqual(words);
});

test('names are tags, numbers and words with a capital within a sentence', () => {
  const text = 'The bill of 20.50 dollars is wrong, says #Person2# to Leo. Then Anna pays 3 w4.';
  expect([...namesOf(text)]).toEqual(['20.50', '#Person2#', 'Leo', 'Anna', '3']);
  expect([...namesOf('Go home. Now!')]).toEqual([]);
});

test('n-grams of fewer words than n are none', () => {
  expect(ngramsOf(['a', 'b', 'c'], 2)).toEqual(['a b', 'b c']);
  expect(ngramsOf(['a'], 2)).toEqual([]);
});
