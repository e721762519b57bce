import { expect, test } from 'vitest';
import type { JobEvent } from '../../src/events.ts';
import { inNewWords } from '../../src/store/old-comparison.ts';

const fallen = { before: 0.73, after: 0.44, limit: 0.15, pValue: 0.0001 };
const told = (verdict: string, more = {}) =>
  ({ type: 'compared', comparison: { slices: [], rows: [], verdict, ...more } }) as never;
const converted = (event: JobEvent) =>
  (inNewWords(event) as Extract<JobEvent, { type: 'compared' }>).comparison;

test.each([
  ['less toxic', 'improved'],
  ['more toxic', 'worse'],
  ['no provable change', 'no provable change'],
])('an earlier version said "%s", this one "%s"', (before, now) => {
  expect(converted(told(before))).toEqual({ slices: [], rows: [], verdict: now });
});

test('a collapse was a cost', () => {
  const collapse = [
    { measure: 'rouge1', ...fallen },
    { measure: 'duplicates', ...fallen },
  ];
  const costs = [
    { of: 'quality', measure: 'rouge1', ...fallen },
    { of: 'diversity', measure: 'duplicates', ...fallen },
  ];
  const comparison = converted(told('less toxic, but collapsed', { collapse }));
  expect(comparison).toEqual({ slices: [], rows: [], verdict: 'improved at a cost', costs });
  // quality lost and nothing won is worse; it had no word of its own
  expect(converted(told('no provable change', { collapse })).verdict).toBe('worse');
});

test.each(['improved', 'improved at a cost', 'no provable change', 'worse'])(
  'what this version says, "%s", stays as it is, and so do other events',
  (verdict) => {
    const costs = [{ of: 'quality', measure: 'rouge1', ...fallen }];
    expect(inNewWords(told(verdict, { costs }))).toEqual(told(verdict, { costs }));
    const step: JobEvent = { type: 'step', step: 1, steps: 2, metrics: {} };
    expect(inNewWords(step)).toBe(step);
  },
);
