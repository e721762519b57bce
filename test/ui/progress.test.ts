/** Curves of a run out of its events. */
import { expect, test } from 'vitest';
import type { LiveEvent } from '../../src/api.ts';
import {
  after,
  curveOf,
  namesIn,
  nothingYet,
  secondsLeft,
  thinned,
} from '../../src/ui/progress.ts';

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

test('a thinned curve keeps its peaks and gaps, and a short one is as it was', () => {
  const steps = Array.from({ length: 10_000 }, (_, i) => i + 1);
  const values = steps.map((step) => (step === 5003 ? 99 : step === 7001 ? -99 : Math.sin(step)));
  const [thinSteps, thinValues] = thinned([steps, values], 800);
  expect(thinSteps.length).toBeLessThanOrEqual(800);
  expect(thinSteps).toEqual(thinSteps.toSorted((a, b) => a - b));
  expect(thinValues[thinSteps.indexOf(5003)]).toBe(99);
  expect(thinValues[thinSteps.indexOf(7001)]).toBe(-99);
  const short: Parameters<typeof thinned>[0] = [
    [1, 2],
    [1, null],
  ];
  expect(thinned(short, 800)).toEqual(short);
  expect(thinned([steps, steps.map(() => null)], 800)[1].every((value) => value === null)).toBe(
    true,
  );
});

test('what is looked at first comes first', () => {
  const progress = after(nothingYet, [step(1, { a: 1, 'objective/kl': 1, 'env/reward_mean': 1 })]);
  expect(namesIn(progress)).toEqual(['env/reward_mean', 'objective/kl', 'a']);
});
