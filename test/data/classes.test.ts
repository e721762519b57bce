import { expect, test } from 'vitest';
import { asClasses, classIds } from '../../src/data/classes.ts';

const texts = (...labels: string[]) => labels.map((label) => ({ text: 't', label }));
const classesOf = (labels: string[], threshold?: number) => {
  const { texts: read, notes } = asClasses(texts(...labels), threshold);
  return { labels: read.map(({ label }) => label).join(), notes: notes.map(({ says }) => says) };
};

test.each([
  [['0.0', '1.0', '0', '1'], '0,1,0,1'], // pandas, where a column had gaps
  [['1.000000e+00', '0.000000e+00'], '1,0'], // numpy.savetxt
  [['True', 'false', 'TRUE'], 'true,false,true'],
  [['01', '02', '10'], '01,02,10'],
  [['-1', '0', '1'], '-1,0,1'],
  [['good', '0.5', 'bad'], 'good,0.5,bad'],
  [['9007199254740993.0', '1'], '9007199254740993.0,1'],
])('the classes of %j are %s', (labels, expected) => {
  expect(classesOf(labels)).toEqual({ labels: expected, notes: [] });
});

test('truth values and bits in one column are two classes, and that is told', () => {
  expect(classesOf(['True', '1.0', '0', 'false'])).toEqual({
    labels: '1,1,0,0',
    notes: ['Labels true and 1 are one class, and so are false and 0.'],
  });
  expect(classesOf(['true', '2', '0']).labels).toBe('true,2,0');
});

test('scores are refused, and cut where a threshold is given', () => {
  expect(() => classesOf(['0.0', '0.37', '1.0'])).toThrow(
    'labels: expected names or whole numbers of classes, got 0.37. These are scores, and a ' +
      'regression is not trained here: set `labelThreshold`, for instance to 0.5,',
  );
  expect(classesOf(['0.0', '0.37', '0.5', '1e0', 'True'], 0.5)).toEqual({
    labels: '0,0,1,1,1',
    notes: ['Labels from 0.5 on are class 1, those below class 0: 3 and 2 texts.'],
  });
  expect(() => classesOf(['0.2', 'hate'], 0.5)).toThrow(
    'labels: expected numbers, to be cut at `labelThreshold`, got "hate".',
  );
});

test.each([
  [['hate', 'nothate'], 'hate 1, nothate 0', ''],
  [['0', '1'], '0 0, 1 1', 'read as class ids: "0" as "nothate", "1" as "hate".'],
  [['LABEL_1', 'LABEL_0'], 'LABEL_1 1, LABEL_0 0', '"LABEL_1" as "hate", "LABEL_0" as "nothate"'],
  [['true', 'false'], 'true 1, false 0', '"true" as "hate", "false" as "nothate"'],
  [['Yes', 'no'], 'Yes 1, no 0', '"Yes" as "hate", "no" as "nothate"'],
])('of two classes %j are %s', (labels, expected, told) => {
  const { ids, notes } = classIds(texts(...labels), ['nothate', 'hate']);
  expect([...ids].map(([label, id]) => `${label} ${id}`).join(', ')).toBe(expected);
  expect(notes.map(({ says }) => says).join()).toContain(told);
  expect(notes).toHaveLength(told === '' ? 0 : 1);
});

test('a name is a name in each of its spellings', () => {
  const { ids, notes } = classIds(texts('true', 'false'), ['False', 'True']);
  expect([...ids.values()]).toEqual([1, 0]);
  expect(notes).toEqual([]);
});

test.each([
  [['hat'], ['nothate', 'hate'], 'label: expected one of "nothate", "hate", got "hat". Did you'],
  [['2'], ['nothate', 'hate'], 'label: expected one of "nothate", "hate", got "2".'],
  [['yes'], ['a', 'b', 'c'], 'label: expected one of "a", "b", "c", got "yes".'],
  [['1', '0'], ['1', '2'], 'labels: expected one name for each class, got "1" and "0" for "1".'],
])('%j of %j are refused', (labels, names, message) => {
  expect(() => classIds(texts(...labels), names)).toThrow(message);
});
