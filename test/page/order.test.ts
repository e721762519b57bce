import { expect, test } from 'vitest';
import type { PageSample } from '../../src/page/data.ts';
import { type Choice, chooser } from '../../src/page/order.ts';

const sample = (id: string, more: Partial<PageSample>): PageSample => ({
  ...{ id, query: `about ${id}`, before: 'a fool', after: 'a friend' },
  ...{ toxicity: [0.9, 0.1], reward: [-1, 2], tokens: [3, 3] },
  ...more,
});
const samples = [
  sample('t10', { group: 'rude', rouge1: [0.5, 0.4] }),
  sample('t9', { group: 'polite', reward: [1, 0], toxicity: [0.1, 0.6] }),
  sample('t2', { rouge1: [0.2, 0.9], reward: [0, 0.5], after: 'a fool' }),
];
const all: Choice = {
  ...{ text: '', group: '', change: 'any', flag: 'any', order: 'data', descending: false },
};
const ids = (choice: Partial<Choice>) =>
  chooser(samples)({ ...all, ...choice }).map((place) => samples[place].id);

test('samples are sorted by what they have after training, by the change, and by their names as people read them', () => {
  expect(ids({})).toEqual(['t10', 't9', 't2']);
  expect(ids({ order: 'reward' })).toEqual(['t9', 't2', 't10']);
  expect(ids({ order: 'reward-change', descending: true })).toEqual(['t10', 't2', 't9']);
  expect(ids({ order: 'id' })).toEqual(['t2', 't9', 't10']);
  expect(ids({ order: 'group', descending: true })).toEqual(['t10', 't9', 't2']);
});

test('samples without a number come last, whichever way', () => {
  expect(ids({ order: 'rouge1' })).toEqual(['t10', 't2', 't9']);
  expect(ids({ order: 'rouge1', descending: true })).toEqual(['t2', 't10', 't9']);
});

test('samples are chosen by words, group, change and class, and by all of them together', () => {
  expect(ids({ text: 'FOOL t2' })).toEqual(['t2']);
  expect(ids({ group: 'rude' })).toEqual(['t10']);
  expect(ids({ change: 'paid' })).toEqual(['t10']);
  expect(ids({ change: 'bothRose' })).toEqual(['t2']);
  expect(ids({ change: 'same' })).toEqual(['t2']);
  expect(ids({ change: 'rewardFell' })).toEqual(['t9']);
  expect(ids({ flag: 'raised' })).toEqual(['t9']);
  expect(ids({ flag: 'cleared' })).toEqual(['t10', 't2']);
  expect(ids({ flag: 'cleared', change: 'same', text: 'nobody' })).toEqual([]);
});
