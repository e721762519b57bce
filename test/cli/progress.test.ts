import { describe, expect, test } from 'vitest';
import { createProgress, type ProgressOptions } from '../../src/cli/progress.ts';

function screen(mode: ProgressOptions['mode'], columns = 100, color = false) {
  const written: string[] = [];
  const clock = { time: 0 };
  const stream = { write: (text: string) => void written.push(text), columns };
  const progress = createProgress({ stream, mode, now: () => clock.time, color });
  /** What a terminal shows in the end: a redrawn line replaces the one before. */
  const shown = () =>
    written
      .join('')
      .split('\n')
      .map((line) => line.split('\r\x1b[2K').at(-1)!.trimEnd());
  return { progress, clock, written, shown };
}

function training(at: ReturnType<typeof screen>, steps: number, total = 40, each = 500) {
  for (let done = 0; done <= steps; done++) {
    const status = `kl ${(done / 100).toFixed(2)} · toxic ${50 - done} %`;
    at.progress.update({ phase: 'train', done, total, status });
    if (done < steps) at.clock.time += each;
  }
}

describe('on a terminal', () => {
  test('a phase is one line with bar, count, rate, time left and status', () => {
    const at = screen('bar');
    training(at, 10);
    expect(at.shown()).toEqual([
      'train           ━━━━━━──────────────────  10/40  2.0/s  15 s left  kl 0.10 · toxic 40 %',
    ]);
  });

  test('a full phase keeps its line, and says how long it took', () => {
    const at = screen('bar');
    training(at, 40);
    at.progress.update({ phase: 'evaluate', done: 1, total: 5 });
    expect(at.shown()).toEqual([
      'train           ━━━━━━━━━━━━━━━━━━━━━━━━  40/40  20 s  kl 0.40 · toxic 10 %',
      'evaluate        ━━━━━───────────────────  1/5',
    ]);
  });

  test('a look in passing leaves no line, and the phase that it interrupts comes back', () => {
    const at = screen('bar');
    const look = (done: number) =>
      at.progress.update({ phase: 'guard', done, total: 4, passing: true });
    training(at, 10);
    look(0);
    at.clock.time += 100;
    look(2);
    expect(at.shown()).toEqual([
      expect.stringContaining('guard           ━━━━━━━━━━━━────────────  2/4'),
    ]);
    look(4);
    expect(at.shown()).toEqual([
      expect.stringContaining('train           ━━━━━━──────────────────  10/40'),
    ]);
    at.progress.update({ phase: 'train', done: 40, total: 40 });
    look(0);
    look(4);
    expect(at.shown()).toEqual([expect.stringContaining('40/40'), '']);
  });

  test('slow steps are told in seconds each', () => {
    const at = screen('bar');
    training(at, 3, 100, 2500);
    expect(at.shown()[0]).toContain('3/100  2.5 s each  4 min 3 s left');
  });

  test('a line is not drawn more than every 80 ms', () => {
    const at = screen('bar');
    training(at, 39, 40, 10);
    expect(at.written.length).toBe(5);
  });

  test.each([30, 44, 60, 80])('no line is wider than %i columns', (columns) => {
    const at = screen('bar', columns);
    training(at, 10);
    expect(Math.max(...at.shown().map((line) => line.length))).toBeLessThan(columns);
  });

  test('colours take no room', () => {
    const plain = screen('bar', 80);
    const coloured = screen('bar', 80, true);
    for (const { progress } of [plain, coloured]) {
      progress.update({ phase: 'train', done: 1, total: 6, status: 'kl 0.00 · reward 0.88' });
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are
    const bare = coloured.shown().map((line) => line.replace(/\x1b\[\d+m/g, '').trimEnd());
    expect(bare).toEqual(plain.shown());
  });

  test('with little room the rate goes first, then the bar', () => {
    const status = 'kl 0.04 · reward 2.15 · toxic 19 %';
    const lines = [90, 80, 60].map((columns) => {
      const at = screen('bar', columns);
      at.progress.update({ phase: 'train', done: 0, total: 6 });
      at.clock.time = 3000;
      at.progress.update({ phase: 'train', done: 3, total: 6, status });
      return at.shown()[0];
    });
    expect(lines).toEqual([
      `train           ━━━━━━━━───────  3/6  1.0/s  3 s left  ${status}`,
      `train           ━━━━━━──────  3/6  3 s left  ${status}`,
      'train           3/6  1.0/s  3 s left  kl 0.04 · reward 2.1…',
    ]);
  });

  test('a phase that has not moved leaves no line when another begins', () => {
    const at = screen('bar');
    at.progress.update({ phase: 'train', done: 0, total: 6 });
    at.progress.update({ phase: 'calibrate', done: 0, total: 64 });
    expect(at.shown()).toEqual(['calibrate       ────────────────────────  0/64']);
  });

  test('a phase that another one interrupts counts its time from its beginning', () => {
    const at = screen('bar');
    at.progress.update({ phase: 'train', done: 0, total: 4 });
    for (const done of [2, 4]) {
      at.clock.time += 2000;
      at.progress.update({ phase: 'train', done, total: 4 });
      at.clock.time += 1000;
      at.progress.update({ phase: 'validate', done: 16, total: 16 });
    }
    const [first, , second] = at.shown();
    expect(first).toMatch(/ 2\/4 {2}1\.0\/s {2}2 s left$/);
    expect(second).toMatch(/ 4\/4 {2}5\.0 s$/);
  });

  test('a note stands above the bar', () => {
    const at = screen('bar');
    training(at, 10);
    at.progress.note('finishing the step');
    expect(at.shown()).toEqual(['finishing the step', expect.stringContaining('10/40')]);
  });

  test('closing keeps what was reached, and ends the line', () => {
    const at = screen('bar');
    training(at, 10);
    at.progress.close();
    expect(at.shown()).toEqual([expect.stringContaining('10/40'), '']);
  });
});

describe('in a log', () => {
  test('there is a plain line every 5 seconds and at the end of a phase', () => {
    const at = screen('lines');
    training(at, 40);
    at.progress.update({ phase: 'evaluate', done: 20, total: 20 });
    expect(at.written).toEqual([
      'train 10/40 (25 %), 2.0/s, 15 s left, kl 0.10 · toxic 40 %\n',
      'train 20/40 (50 %), 2.0/s, 10 s left, kl 0.20 · toxic 30 %\n',
      'train 30/40 (75 %), 2.0/s, 5 s left, kl 0.30 · toxic 20 %\n',
      'train 40/40 (100 %), 20 s, kl 0.40 · toxic 10 %\n',
      'evaluate 20/20 (100 %), 0.0 s\n',
    ]);
  });

  test('a phase that is left early shows its last numbers', () => {
    const at = screen('lines');
    training(at, 3);
    at.progress.close();
    expect(at.written).toEqual(['train 3/40 (7 %), 2.0/s, 19 s left, kl 0.03 · toxic 47 %\n']);
  });

  test('an unknown total is no share', () => {
    const at = screen('lines');
    at.progress.update({ phase: 'read', done: 0, total: 0 });
    at.clock.time = 6000;
    at.progress.update({ phase: 'read', done: 12, total: 0 });
    expect(at.written).toEqual(['read 12, 2.0/s\n']);
  });
});

test('quiet means nothing at all', () => {
  const at = screen('none');
  training(at, 40);
  at.progress.note('hello');
  at.progress.close();
  expect(at.written).toEqual([]);
});
