/** Labels of the data under the names that a setting gives them. */
import { expect, test } from 'vitest';
import { classIds } from '../../src/data/classes.ts';
import { renamedLabels } from '../../src/data/label-names.ts';

const textsOf = (...labels: string[]) => labels.map((label, id) => ({ text: 't', label, id }));
const renamed = (labels: string[], names: string[]) =>
  renamedLabels(textsOf(...labels), names).map(({ label }) => label);

test.each([
  [['neg', 'pos', 'neg'], ['neg=NEGATIVE', ' pos = POSITIVE '], 'NEGATIVE,POSITIVE,NEGATIVE'],
  [['neg', 'POSITIVE'], ['neg=NEGATIVE'], 'NEGATIVE,POSITIVE'],
  [['a', 'b'], ['a=b', 'b=a'], 'b,a'], // at once, not one after the other
  [['1', '2', '5'], ['1=bad', '2=bad', '5.0=good'], 'bad,bad,good'],
  [['true', 'false'], ['True=toxic', 'FALSE=fine'], 'toxic,fine'],
  [['x'], ['x=a=b'], 'a=b'],
])('%j by %j are %s', (labels, names, expected) => {
  expect(renamed(labels, names).join()).toBe(expected);
});

test('what is not renamed is as it was, and what is has no class id of the data any more', () => {
  const texts = textsOf('neg', 'pos');
  expect(renamedLabels(texts, [])).toEqual(texts);
  const [first, second] = renamedLabels(texts, ['neg=LABEL_1', 'pos=LABEL_0']);
  expect(first).toEqual({ text: 't', label: 'LABEL_1' });
  expect([...classIds([first, second], ['LABEL_0', 'LABEL_1']).ids]).toEqual([
    ['LABEL_1', 1],
    ['LABEL_0', 0],
  ]);
});

test.each([
  [
    ['negg=NEGATIVE'],
    '`labelNames`: expected a label of the data, one of "neg", "pos", got "negg". Did you mean "neg"?',
  ],
  [['neg=A', 'neg=B'], '`labelNames`: expected each label once, got "neg" as "A" and as "B".'],
])('%j is refused', (names, message) => {
  expect(() => renamed(['neg', 'pos'], names)).toThrow(message);
});

test('labels that the model does not have are refused with how to say which they are', () => {
  expect(() => classIds(textsOf('neg', 'pos'), ['NEGATIVE', 'POSITIVE'])).toThrow(
    'label: expected one of "NEGATIVE", "POSITIVE", got "neg". Say which of these each label of the data is, as in `labelNames` "neg=…".',
  );
});
