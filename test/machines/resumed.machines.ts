/** A run on workers whose own process is killed, and one that sleeps too long, end as if nothing had been. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoRuns, demoRuns, endOf } from './demo-runs.ts';
import { outcomeOf } from './outcome.ts';
import { program } from './programs.ts';
import { type RedisServer, redisServer } from './redis-server.ts';
import { type Crew, crew } from './worker-processes.ts';

let redis: RedisServer;
let url: string;
let workers: Crew;
let runs: DemoRuns;
beforeAll(async () => {
  redis = await redisServer();
  url = `redis://127.0.0.1:${redis.port}`;
  workers = await crew(url, 2);
  runs = await demoRuns();
});
afterAll(async () => {
  await workers?.close();
  await redis?.close();
  await runs?.close();
});

test('killed after a step and resumed, with staleness 1, it gives the bytes of one process', async () => {
  const words = ['--steps', '4', '--checkpoint-every', '1', '--staleness', '1'];
  const alone = await runs.alone(words);
  const { run, output } = runs.over(url, words);
  await run.begun(output);
  await run.kill();
  await endOf(program(['resume', output, '--quiet']));
  expect(await outcomeOf(output)).toEqual(alone);
});

test('a worker that sleeps in its work is late: its answers change nothing', async () => {
  const words = ['--steps', '4'];
  const alone = await runs.alone(words);
  const { run, output } = runs.over(url, words);
  await run.begun(output);
  const [sleeper] = workers.workers;
  while (run.child.exitCode === null) {
    sleeper.child.kill('SIGSTOP');
    await Promise.race([setTimeout(4000), run.ended]); // twice as long as it takes to have lost its work
    sleeper.child.kill('SIGCONT');
    await Promise.race([setTimeout(1000), run.ended]);
  }
  await endOf(run);
  expect(await outcomeOf(output)).toEqual(alone);
});
