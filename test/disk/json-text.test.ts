import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withFields } from '../../src/disk/json-text.ts';

// as Python's json.dumps(indent=2) writes it
const text = `{
  "factor": 1.0,
  "epsilon": 1e-06,
  "dtype": "float32",
  "labels": {
    "0": "a, b: {\\"c\\"}"
  },
  "list": [1.0, [2]],
  "size": 100000000000000000001
}
`;

test('fields are set where they stand, new ones come last, and all else stays to the byte', () => {
  expect(withFields(text, { dtype: 'float16', new: { deep: [1] }, gone: undefined })).toBe(
    text.replace('float32', 'float16').replace(
      '01\n}',
      `01,
  "new": {
    "deep": [
      1
    ]
  }
}`,
    ),
  );
  expect(withFields(text, { labels: undefined, list: true })).toBe(
    text.replace(/ {2}"labels"[^}]*"}"\n {2}},\n/, '').replace('[1.0, [2]]', 'true'),
  );
});

test('an empty object, one on one line and one with a field twice are changed too', () => {
  expect(JSON.parse(withFields('{}', { a: 1 }))).toEqual({ a: 1 });
  expect(withFields('{"a": 1.0, "b": {}}', { b: 2, c: [3] })).toBe('{"a": 1.0,"b": 2,"c": [3]}');
  expect(JSON.parse(withFields('{"a": 1, "a": 2}', { a: 3 }))).toEqual({ a: 3 });
  expect(withFields('{"a": 1}', { a: undefined })).toBe('{}');
});

test('whatever the object, the result holds what was asked for, and what was there', () => {
  const key = fc.string({ maxLength: 3 }).filter((name) => name !== '__proto__');
  const object = fc.dictionary(key, fc.jsonValue());
  const indent = fc.constantFrom(undefined, 1, 2, '\t');
  const law = fc.property(object, object, indent, (was, set, space) => {
    const changed = JSON.parse(withFields(JSON.stringify(was, null, space), set));
    expect(changed).toEqual(JSON.parse(JSON.stringify({ ...was, ...set })));
  });
  fc.assert(law, { numRuns: Number(process.env.FUZZ_RUNS ?? 300) });
});
