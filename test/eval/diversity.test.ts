import { describe, expect, test } from 'vitest';
import {
  copyShare,
  distinctN,
  duplicateShare,
  emptyShare,
  guardMetrics,
} from '../../src/eval/diversity.ts';

/** An answer to the prompt "one" unless another is named. */
const answer = (response: string, query = 'one') => ({ query, response });

test('distinct-n is the share of n-grams that are not repeats', () => {
  expect(distinctN(['a b a b'], 1)).toBe(2 / 4);
  expect(distinctN(['a b a b'], 2)).toBe(2 / 3);
  expect(distinctN(['A b.', 'a, B'], 2)).toBe(1 / 2);
  expect(distinctN(['안녕 세계', 'привет мир'], 1)).toBe(1);
  expect(distinctN(['a', ''], 2)).toBe(0);
  expect(() => distinctN(['a'], 0)).toThrow('expected n to be an integer of at least 1, got 0');
});

describe('the copy share', () => {
  const query = 'Tom: I am late for the bus. Ann: Run!';

  test('is the share of word 4-grams that stand in the prompt, whatever case and punctuation', () => {
    expect(copyShare([answer('I am late for the bus', query)])).toBe(1);
    expect(copyShare([answer('i am LATE, for lunch', query)])).toBe(1 / 2);
    expect(copyShare([answer('Tom misses his bus', query)])).toBe(0);
  });

  test('does not count a 4-gram that is in the prompt of another response', () => {
    expect(
      copyShare([answer('I am late for', 'Ann: Run!'), answer('all is new here', query)]),
    ).toBe(0);
  });

  test('is a mean over responses, whatever their lengths; those under 4 words are left out', () => {
    const long = answer('Tom is late and he runs for it', query);
    const copy = answer('late for the bus', query);
    expect(copyShare([long, copy])).toBe(1 / 2);
    expect(copyShare([long, copy, answer('am late for', query), answer('', query)])).toBe(1 / 2);
    expect(copyShare([answer('bus', query)])).toBe(0);
  });
});

test('the empty share counts texts without a word', () => {
  expect(emptyShare(['', ' \n', '…!', 'a'])).toBe(3 / 4);
  expect(emptyShare([])).toBe(0);
});

describe('the duplicate share', () => {
  test('counts responses that another prompt got as well, outer blanks aside', () => {
    const answers = [answer('x'), answer('x ', 'two'), answer('y', 'three'), answer('X', 'four')];
    expect(duplicateShare(answers)).toBe(2 / 4);
    expect(duplicateShare([])).toBe(0);
  });

  test('does not count the same response to the same prompt', () => {
    expect(duplicateShare([answer('x'), answer('x')])).toBe(0);
    expect(duplicateShare([answer('x'), answer('x'), answer('x', 'two')])).toBe(1);
  });
});

describe('the guards of a batch', () => {
  test('are clean for responses of their own', () => {
    const clean = [answer('Tom is late again.'), answer('Ann sells a red car.', 'two')];
    expect(guardMetrics(clean)).toEqual({
      'guard/distinct2': 1,
      'guard/copy_share': 0,
      'guard/empty_share': 0,
      'guard/duplicate_share': 0,
    });
  });

  test('show a policy that says one kind thing to everybody', () => {
    const kind = ['one', 'two', 'three', 'four'].map((query) => answer('They are nice.', query));
    expect(guardMetrics(kind)).toEqual({
      'guard/distinct2': 2 / 8,
      'guard/copy_share': 0,
      'guard/empty_share': 0,
      'guard/duplicate_share': 1,
    });
  });
});
