import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compilePattern } from '../../src/adapter/module-pattern.ts';
import { TactfulError } from '../../src/errors.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 1000);
const effort = () => ({ left: 1e7 });
const compile = (pattern: string) => compilePattern(pattern, 'alpha_pattern', effort());

/** Names over few characters, so that patterns hit them. */
const name = fc.string({ unit: fc.constantFrom('a', 'b', '1', '.', '_'), maxLength: 8 });

const atom = fc.constantFrom(
  'a',
  'b',
  '1',
  '\\.',
  '.',
  '[ab]',
  '[^a]',
  '[a-b1]',
  '\\d',
  '\\w',
  '_',
);
const count = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?');
const { pattern } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
  pattern: fc
    .array(fc.array(tie('part'), { maxLength: 4 }), { minLength: 1, maxLength: 2 })
    .map((branches) => branches.map((parts) => parts.join('')).join('|')),
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(atom, count).map((parts) => parts.join('')),
    fc.constantFrom('^', '$'),
    fc.tuple(tie('pattern'), count).map(([inside, times]) => `(${inside})${times}`),
  ),
}));

test('what JavaScript matches from the start, and nothing else, is matched', () => {
  const property = fc.property(pattern, name, (text, word) => {
    const expected = new RegExp(`^(?:${text})`).test(word);
    expect(compile(text)(word)).toBe(expected);
  });
  fc.assert(property, { numRuns: runs });
});

describe('time', () => {
  test('no state is gone through twice for a character', () => {
    for (const length of [100, 200, 400]) {
      const effort = { left: 1e6 };
      const matches = compilePattern('(a|b|c)*x', 'alpha_pattern', effort);
      expect(matches('a'.repeat(length))).toBe(false);
      // three letters, their forks and the end
      expect(1e6 - effort.left).toBeLessThanOrEqual(12 * (length + 1));
    }
  });

  test('an effort that is spent ends the matching', () => {
    const matches = compilePattern('(a|b|c)*x', 'alpha_pattern', { left: 1000 });
    expect(matches('a'.repeat(500))).toBe(false);
    expect(() => matches('a')).toThrow('got one that takes too long to match.');
  });
});

test.each([
  ['(?=a)', 'a group with (?'],
  ['(?i)a', 'a group with (?'],
  ['(?P<x>a)', 'a group with (?'],
  ['(a)\\1', '\\1'],
  ['\\bq', '\\b'],
  ['\\', '\\'],
  ['(a', 'a bracket that does not end'],
  ['a)', 'a bracket too many'],
  ['[a', 'a set that does not end'],
  ['*a', '* after nothing'],
  ['a{,3}', '{ after nothing'],
  ['a**', 'a count of a count'],
  ['a{3,1}', 'the count {3,1}'],
  ['a{999}{999}', 'a count of a count'],
  ['((a{999}){999}){999}', 'one too large'],
  ['(((){999}){999}){999}a{999}a{999}a{999}a{999}a{999}a{999}', 'one too large'],
  ['('.repeat(60), 'brackets in more than 50 brackets'],
  ['a'.repeat(1001), 'one of 1001 characters'],
])('%s is refused', (text, message) => {
  expect(() => compile(text)).toThrow(`expected a plain pattern, got ${message}.`);
});

test('any text is an expression or refused', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab.*+?()[]{}|^$\\-,12:d'), maxLength: 20 });
  const property = fc.property(text, name, (expression, word) => {
    try {
      compile(expression)(word);
    } catch (error) {
      expect(error).toBeInstanceOf(TactfulError);
    }
  });
  fc.assert(property, { numRuns: runs });
});
