/** A job that takes several times as long as its lock: a worker computes in a thread, and renews the lock meanwhile. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readEvents } from '../../src/store/event-log.ts';
import { demoRuns, endOf } from './demo-runs.ts';
import { countsOf } from './outcome.ts';
import { redisServer } from './redis-server.ts';
import { crew } from './worker-processes.ts';

/** Seconds. */
const lock = 2;

test('a job that takes several times as long as its lock is done once', async () => {
  const redis = await redisServer();
  onTestFinished(redis.close);
  const runs = await demoRuns();
  onTestFinished(runs.close);
  const url = `redis://127.0.0.1:${redis.port}`;
  const workers = await crew(url, 2, ['--lost-after', `${lock}`]);
  onTestFinished(workers.close);
  /** A step of one minibatch, and with it one job. @returns how long that took, in seconds */
  const stepOf = async (rows: number) => {
    const sizes = ['--batch-size', `${rows}`, '--mini-batch-size', `${rows}`];
    const one = ['--steps', '1', '--gradient-accumulation-steps', '1', '--ppo-epochs', '1'];
    const { run, output } = runs.over(url, [...one, ...sizes]);
    await endOf(run);
    const events = await readEvents(join(output, 'events.jsonl'));
    const step = events.find(({ type }) => type === 'step');
    const { metrics } = step as { metrics: Record<string, number> };
    return { seconds: metrics['time/ppo/optimize_step'], ...(await countsOf(output)) };
  };
  const few = 128;
  const { seconds } = await stepOf(few);
  const many = await stepOf(Math.ceil((few * 4 * lock) / seconds));
  expect(many.seconds, 'the job was no longer than its lock').toBeGreaterThan(2 * lock);
  const gradients = Object.keys(many.counted).filter((name) => name.startsWith('gradient'));
  expect(gradients.map((name) => many.counted[name])).toEqual([1]);
  // the other worker, which had nothing to do, did not get it as well
  expect(many.late).toBe(0);
});
