/**
 * Workers that are killed with SIGKILL at random moments while a run goes on. TACTFUL_MACHINES_KILLS says
 * how often (20), TACTFUL_MACHINES_SEED which moments.
 */
import { expect, onTestFinished, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { demoRuns, endOf } from './demo-runs.ts';
import { outcomeOf } from './outcome.ts';
import { redisServer } from './redis-server.ts';
import { crew, killing } from './worker-processes.ts';

const kills = Number(process.env.TACTFUL_MACHINES_KILLS ?? 20);
const seed = Number(process.env.TACTFUL_MACHINES_SEED ?? 0);

test(`${kills} kills of workers at the moments of seed ${seed} change no byte`, async () => {
  const redis = await redisServer();
  onTestFinished(redis.close);
  const runs = await demoRuns();
  onTestFinished(runs.close);
  const url = `redis://127.0.0.1:${redis.port}`;
  const words = ['--steps', `${4 + 2 * kills}`];
  const alone = await runs.alone(words);
  const workers = await crew(url, 3);
  onTestFinished(workers.close);
  const { run, output } = runs.over(url, words);
  const stream = randomStream(seed, ['kills']);
  const killed = await killing(workers, { kills, stream, pause: 2000, done: run.ended });
  await endOf(run);
  expect(killed, 'the run was over before').toHaveLength(kills);
  expect(await outcomeOf(output), killed.join(', ')).toEqual(alone);
});
