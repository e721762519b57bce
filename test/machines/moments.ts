/** I/O: moments of a run by how far it is, which a fast machine and a slow one have alike. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { RandomStream } from '../../src/random.ts';
import type { Program } from './programs.ts';

/**
 * Moments in order, in steps that the run has done: 3.4 is between the third and the fourth.
 * @param before all of them are earlier: two steps or more before the last, they come before the run's end
 */
export function moments(stream: RandomStream, count: number, before: number): number[] {
  const drawn = Array.from({ length: count }, () => 1 + (before - 1) * stream.next());
  return drawn.sort((one, other) => one - other);
}

/**
 * Waits for moments of a run: until its log has the step, and then for the rest, as a share of its quickest
 * step so far.
 */
export function momentsOf(run: Program, output: string): (moment: number) => Promise<void> {
  const log = join(output, 'events.jsonl');
  const seen = new Map<number, number>();
  return async (moment) => {
    const step = Math.floor(moment);
    for (;;) {
      const isOver = run.child.exitCode !== null || run.child.signalCode !== null;
      const times = stepTimes(await readFile(log, 'utf8').catch(() => ''));
      if (times.length > step) return;
      if (times.length === step) {
        const since = seen.get(step) ?? performance.now();
        seen.set(step, since);
        const rest = 1000 * (moment - step) * Math.min(...times);
        return setTimeout(since + rest - performance.now());
      }
      if (isOver) throw new Error(`the run was over before step ${step}:\n${run.text()}`);
      await setTimeout(20);
    }
  };
}

/** What each step of a log took, in seconds. */
function stepTimes(log: string): number[] {
  const steps = log.matchAll(/"type":"step".*"time\/step":([\d.e-]+)/g);
  return Array.from(steps, ([, seconds]) => Number(seconds));
}
