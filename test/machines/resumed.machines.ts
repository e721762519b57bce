/** A run on workers whose own process is killed ends as if nothing had been. */
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
  const { run, output, reaches } = runs.over(url, words);
  await reaches(1.5);
  await run.kill();
  await endOf(program(['resume', output, '--quiet']));
  expect(await outcomeOf(output)).toEqual(alone);
});
