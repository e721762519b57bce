/** Curves of a run out of its events. */
import { expect, test } from 'vitest';
import type { LiveEvent } from '../../src/api.ts';
import type { Guarded } from '../../src/events.ts';
import { History, secondsLeft } from '../../src/ui/history.ts';

function step(number: number, metrics: Record<string, number>): LiveEvent {
  return { type: 'step', step: number, steps: 10, metrics };
}

const resumed: LiveEvent = {
  ...{ type: 'resumed', step: 1, time: '', version: '', engine: '', notes: [] },
};
const guarded: Guarded = {
  ...{ type: 'guarded', step: 2, guard: 'kl', reads: 'rollouts', action: 'warned', samples: [] },
  numbers: { before: 0, now: 9, limit: 5, relative: false, n: 32 },
};
const evaluated = { type: 'evaluated', when: 'before', toxicity: { n: 5, mean: 0.5, std: 1 } };

function historyOf(...events: readonly (LiveEvent | object)[]): History {
  const history = new History();
  history.add(events as LiveEvent[]);
  return history;
}

test('a line has a point a step from the first that has the metric, and a gap where a step lacks it', () => {
  const history = historyOf(step(1, { a: 1 }), step(2, { b: 5, c: Infinity }), step(3, { a: 3 }));
  expect(history.lines.get('a')).toEqual({ steps: [1, 2, 3], values: [1, null, 3] });
  expect(history.lines.get('b')).toEqual({ steps: [2, 3], values: [5, null] });
  expect(history.lines.get('c')?.values).toEqual([null, null]);
  expect([history.step, history.steps]).toEqual([3, 10]);
});

test('what is measured on held-out prompts has lines of its own, from step 0', () => {
  const checked = { type: 'checked', step: 2, well: true, n: 64, seconds: 3, toxicity: 0.2 };
  const after = { ...evaluated, when: 'after', toxicity: { mean: 0.1 } };
  const history = historyOf(evaluated, step(1, { a: 1 }), step(2, {}), checked, after);
  expect(history.lines.get('held-out/toxicity')).toEqual({ steps: [0, 2], values: [0.5, 0.1] });
  expect([...history.lines.keys()]).toEqual(['held-out/toxicity', 'a']);
});

test('the workers are those that were told last, and none where a run goes on without', () => {
  const told = (jobs: number) => {
    const one = { name: 'a', host: 'h', engine: 'e', jobs, perMinute: 2, busy: 1, memory: 5 };
    const queue = { waiting: 1, active: 1, retries: 0 };
    return { type: 'machines', step: 1, time: '', bits: '', workers: [one], ...queue };
  };
  const history = historyOf(step(1, {}), told(1), step(2, {}), told(2));
  expect(history.machines).toEqual(told(2));
  history.add([resumed]);
  expect(history.machines).toBeUndefined();
});

test('a resumed run drops its later steps and guards, a reset all of them', () => {
  const history = historyOf(
    evaluated,
    step(1, { a: 1 }),
    step(2, { a: 2, b: 1 }),
    guarded,
    resumed,
  );
  expect(history.lines.get('a')).toEqual({ steps: [1], values: [1] });
  expect(history.lines.has('b')).toBe(false);
  expect(history.lines.has('held-out/toxicity')).toBe(true);
  expect([history.step, history.guarded.length]).toEqual([1, 0]);
  history.add([step(2, { a: 20 }), { type: 'reset' }]);
  expect([history.lines.size, history.step, history.steps]).toEqual([0, 0, 0]);
});

test('it is over when the log says so, until it goes on', () => {
  const history = historyOf(step(1, {}), { type: 'stopped', step: 1, reason: 'SIGINT' });
  expect(history.over).toBe(true);
  history.add([resumed]);
  expect(history.over).toBe(false);
});

test('the rest takes as long as the middle one of the last steps', () => {
  const slow = step(1, { 'time/step': 90 });
  const quick = [2, 3].map((number) => step(number, { 'time/step': 2 }));
  expect(secondsLeft(historyOf(slow, ...quick))).toBe(14);
  expect(secondsLeft(historyOf())).toBeUndefined();
});
