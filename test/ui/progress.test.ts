/** Curves of a run out of its events. */
import { expect, test } from 'vitest';
import type { LiveEvent } from '../../src/api.ts';
import { after, curveOf, namesIn, nothingYet, secondsLeft } from '../../src/ui/progress.ts';

function step(number: number, metrics: Record<string, number>): LiveEvent {
  return { type: 'step', step: number, steps: 10, metrics };
}

const resumed: LiveEvent = {
  type: 'resumed',
  step: 1,
  time: '',
  version: '',
  engine: '',
  notes: [],
};

test('a curve has a point a step, and a gap where a step lacks the metric', () => {
  const progress = after(nothingYet, [step(1, { a: 1 }), step(2, { b: 5 }), step(3, { a: 3 })]);
  expect(curveOf(progress, 'a')).toEqual([
    [1, 2, 3],
    [1, null, 3],
  ]);
  expect(namesIn(progress)).toEqual(['a', 'b']);
  expect(progress.steps).toBe(10);
});

test('a resumed run drops its later steps, a reset all of them', () => {
  const three = after(nothingYet, [step(1, { a: 1 }), step(2, { a: 2 }), step(3, { a: 3 })]);
  const again = after(three, [resumed, step(2, { a: 20 })]);
  expect(curveOf(again, 'a')).toEqual([
    [1, 2],
    [1, 20],
  ]);
  expect(after(three, [{ type: 'reset' }]).metrics.size).toBe(0);
  expect(curveOf(three, 'a')[1]).toEqual([1, 2, 3]);
});

test('the rest takes as long as the middle one of the last steps', () => {
  const slowStart = [step(1, { t: 90 }), step(2, { t: 2 }), step(3, { t: 2 })];
  expect(secondsLeft(after(nothingYet, slowStart), 't')).toBe(14);
  expect(secondsLeft(nothingYet, 't')).toBeUndefined();
});
