/** The demo on one, two and three workers ends as in one process, to the last byte. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoRuns, demoRuns, endOf } from './demo-runs.ts';
import { countsOf, outcomeOf } from './outcome.ts';
import { type RedisServer, redisServer } from './redis-server.ts';
import { type Crew, crew } from './worker-processes.ts';

let redis: RedisServer;
let runs: DemoRuns;
let url: string;
let alone: Awaited<ReturnType<DemoRuns['alone']>>;
const crews: Crew[] = [];

beforeAll(async () => {
  redis = await redisServer();
  url = `redis://127.0.0.1:${redis.port}`;
  runs = await demoRuns();
});
afterAll(async () => {
  await Promise.all(crews.map((one) => one.close()));
  await redis.close();
  await runs.close();
});

const ppo = ['--steps', '2'];
const others = {
  grpo: [...ppo, '--algorithm', 'grpo'],
  rloo: [...ppo, '--algorithm', 'rloo'],
  'five rows a run': [...ppo, '--rows-per-run', '5'],
};

test('PPO: as in one process', async () => {
  alone = await runs.alone(ppo);
  expect(Object.keys(alone.files)).toContain('adapter/adapter_model.safetensors');
  for (const count of [1, 2, 3]) {
    crews.push(await crew(url, 1)); // one more
    expect(await runs.on(url, ppo), `${count} workers`).toEqual(alone);
  }
});

test.each(Object.entries(others))(
  '%s: three workers give the bytes of one process',
  async (_, words) => {
    const alone = await runs.alone(words);
    expect(await runs.on(url, words)).toEqual(alone);
  },
);

test('--versus: both of its runs are as in one process, and their logs tell of workers', async () => {
  const trl = await runs.alone([...ppo, '--compat', 'trl-0.8.0']);
  const { run, output } = runs.over(url, [...ppo, '--versus', 'compat']);
  await endOf(run);
  const [plain, compat] = ['default', 'trl-0.8.0'].map((name) => join(output, name));
  expect(await outcomeOf(plain)).toEqual(alone);
  expect(await outcomeOf(compat)).toEqual(trl);
  for (const folder of [plain, compat]) {
    expect((await countsOf(folder)).counted.generate).toBeGreaterThan(0);
  }
});
