import { expect, test } from 'vitest';
import { literal } from '../../src/data/python-literal.ts';

// as repr of Python 3.11 (u'…': Python 2), NumPy 2.4.6 in lists and cells, and JSON are written
test.each<[string, unknown]>([
  [`['a', "it's", 'say "no"']`, ['a', "it's", 'say "no"']],
  [`['both \\' and "']`, ['both \' and "']],
  [`['a\\nb\\tc\\r\\\\d', '\\x1b\\xa0\\u200b\\U0001f600é']`, ['a\nb\tc\r\\d', '\x1b\xa0\u200b😀é']],
  [`[None, True, False, nan, 1, -2.5, 1e-05, 1.]`, [null, true, false, null, 1, -2.5, 1e-5, 1]],
  [`[9007199254740993, -12345678901234567890]`, ['9007199254740993', '-12345678901234567890']],
  [`[('A', 'x'), ('B',), ()]`, [['A', 'x'], ['B'], []]],
  [`[u'a', u"it's"]`, ['a', "it's"]],
  [`['a' 'b'\n 'c']`, ['a', 'b', 'c']],
  [`{'a': array(['x', 'y'], dtype=object), 'b': array([1, 2])}`, { a: ['x', 'y'], b: [1, 2] }],
  [`[array([1.5], dtype=float32)]`, [[1.5]]],
  [`[np.float32(1.5), np.str_('a'), array(['x'], dtype='<U1')]`, [1.5, 'a', ['x']]],
  [`{'a': {'b': [1]}, 2: 'c'}`, { a: { b: [1] }, 2: 'c' }],
  [' [ ] ', []],
  [
    '["caf\\u00e9", "\\ud83d\\ude00", "\\/\\b\\f", null, true]',
    ['café', '😀', '/\b\f', null, true],
  ],
])('%s is read', (text, value) => {
  expect(literal(text)).toEqual(value);
});

test.each([
  ...[
    '',
    'a',
    '[',
    ']',
    '[}',
    '{]',
    "['a]",
    "['a\\']",
    "['a']]",
    "[['a']",
    '[a]',
    '[,]',
    "['a',,]",
  ],
  ...["{'a'}", "{'a': }", "{'a': 1 'b': 2}", '[...]', '[1.2.3]', '[Nonea]', "['\\U00110000']"],
  ...['[array(]', '[array(1, dtype=)]', '[f(1)]', '[np.f]', '[1] [2]', '[toString]', "b'a'", '{*}'],
])('%j is none', (text) => {
  expect(literal(text)).toBeUndefined();
});

test('names of objects are fields, whatever they are', () => {
  const value = literal(`{'__proto__': 1, 'constructor': 2}`)!;
  expect(Object.entries(value)).toEqual([
    ['__proto__', 1],
    ['constructor', 2],
  ]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

test('depth is bounded, and length costs only time in proportion', () => {
  expect(literal(`${'['.repeat(11)}${']'.repeat(11)}`)).toBeDefined();
  expect(literal('['.repeat(1e6) + ']'.repeat(1e6))).toBeUndefined();
  expect(literal(`[${"'a\\n' ".repeat(3e5)}]`)).toHaveLength(3e5);
  expect(literal(`['${'\\'.repeat(2e6)}']`)).toEqual(['\\'.repeat(1e6)]);
  expect(literal(`[${'"'.repeat(1e6 + 1)}]`)).toBeUndefined();
});
