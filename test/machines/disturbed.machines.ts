/**
 * Runs whose workers and Redis are killed and whose network is cut, slow and silent, at moments that a seed
 * draws. TACTFUL_MACHINES_SEED says which, TACTFUL_MACHINES_KILLS how many workers are killed (20).
 */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { type DemoRuns, demoRuns, endOf } from './demo-runs.ts';
import { moments } from './moments.ts';
import { outcomeOf } from './outcome.ts';
import { redisServer } from './redis-server.ts';
import { type Wire, wire } from './wire.ts';
import { crew } from './worker-processes.ts';

const kills = Number(process.env.TACTFUL_MACHINES_KILLS ?? 20);
const seed = Number(process.env.TACTFUL_MACHINES_SEED ?? 0);
const steps = 10;
const words = ['--steps', `${steps}`];
/** Whatever comes before has the run still before it. */
const late = steps - 2;

let runs: DemoRuns;
let alone: Awaited<ReturnType<DemoRuns['alone']>>;
beforeAll(async () => {
  runs = await demoRuns();
  alone = await runs.alone(words);
});
afterAll(() => runs.close());

/** A Redis, and workers that meet there. */
async function place(size: number) {
  const redis = await redisServer();
  onTestFinished(redis.close);
  const url = `redis://127.0.0.1:${redis.port}`;
  const workers = await crew(url, size);
  onTestFinished(workers.close);
  return { redis, url, workers };
}

test(`${kills} kills of workers at the moments of seed ${seed} change no byte`, async () => {
  const { url, workers } = await place(3);
  const { run, output, reaches } = runs.over(url, words);
  const stream = randomStream(seed, ['kills']);
  const killed: string[] = [];
  for (const moment of moments(stream, kills, late)) {
    await reaches(moment);
    killed.push(`${await workers.killOne(stream)} after ${moment.toFixed(2)} steps`);
    expect(run.child.exitCode, 'the run was over before').toBe(null);
  }
  await endOf(run);
  expect(await outcomeOf(output), killed.join(', ')).toEqual(alone);
});

test(`five restarts of Redis at the moments of seed ${seed}, with and without its data, change no byte`, async () => {
  const { redis, url } = await place(2);
  const { run, output, reaches } = runs.over(url, words);
  const stream = randomStream(seed, ['restarts']);
  const restarts: string[] = [];
  const memories = stream.shuffle(['kept', 'lost', 'kept', 'lost', 'lost'] as const);
  for (const [i, moment] of moments(stream, memories.length, late).entries()) {
    await reaches(moment);
    expect(run.child.exitCode, 'the run was over before').toBe(null);
    restarts.push(`${memories[i]} after ${moment.toFixed(2)} steps`);
    await redis.restart(memories[i], 1000 * stream.next());
  }
  await endOf(run);
  expect(await outcomeOf(output), restarts.join(', ')).toEqual(alone);
});

test(`a network that is cut, slow and silent at the moments of seed ${seed} changes no byte`, async () => {
  const redis = await redisServer();
  const [ofDriver, ofWorkers] = await Promise.all([wire(redis.port), wire(redis.port)]);
  onTestFinished(async () => {
    await ofDriver.close();
    await ofWorkers.close();
    await redis.close();
  });
  const workers = await crew(`redis://127.0.0.1:${ofWorkers.port}`, 2);
  onTestFinished(workers.close);
  const { run, output, reaches } = runs.over(`redis://127.0.0.1:${ofDriver.port}`, words);
  const stream = randomStream(seed, ['wire']);
  const wires: [string, Wire][] = [
    ['driver', ofDriver],
    ['workers', ofWorkers],
  ];
  const kinds = ['cut', 'hang', 'delay', 'cut', 'hang', 'delay'] as const;
  const faults = stream.shuffle(
    wires.flatMap((one) => kinds.map((kind) => [kind, ...one] as const)),
  );
  const told: string[] = [];
  for (const [i, moment] of moments(stream, faults.length, late).entries()) {
    const [kind, who, one] = faults[i];
    const length = 1500 * stream.next();
    await reaches(moment);
    expect(run.child.exitCode, 'the run was over before').toBe(null);
    told.push(`${kind} of the ${who}, ${length.toFixed(0)}, after ${moment.toFixed(2)} steps`);
    if (kind === 'delay') one.delay(length / 30);
    else await one[kind](length);
  }
  await endOf(run);
  for (const [who, { counts }] of wires) expect(counts.cuts, who).toBeGreaterThan(1);
  expect(await outcomeOf(output), told.join('; ')).toEqual(alone);
});

test('a worker that sleeps in its work is late: its answer changes nothing', async () => {
  const { redis, url, workers } = await place(1);
  const { run, output, reaches } = runs.over(url, words);
  await reaches(1.5);
  const [{ child: sleeper }] = workers.workers;
  do {
    sleeper.kill('SIGCONT');
    await setTimeout(20);
    expect(run.child.exitCode, 'the run was over before').toBe(null);
    sleeper.kill('SIGSTOP');
    await setTimeout(50); // what it had sent has arrived
  } while ((await redis.ask('KEYS', 'tactful:*:active')) === ''); // it has nothing in hand
  const other = await crew(url, 1);
  onTestFinished(other.close);
  await reaches(4); // the other one has done what it had
  sleeper.kill('SIGCONT');
  await endOf(run);
  expect(await outcomeOf(output)).toEqual(alone);
});
