/** Redis killed with and without its data, a network that is cut, slow and silent, at moments of TACTFUL_MACHINES_SEED. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { type DemoRuns, demoRuns, endOf } from './demo-runs.ts';
import { outcomeOf } from './outcome.ts';
import { redisServer } from './redis-server.ts';
import { wire } from './wire.ts';
import { crew } from './worker-processes.ts';

const seed = Number(process.env.TACTFUL_MACHINES_SEED ?? 0);
const words = ['--steps', '10'];

let runs: DemoRuns;
let alone: Awaited<ReturnType<DemoRuns['alone']>>;
beforeAll(async () => {
  runs = await demoRuns();
  alone = await runs.alone(words);
});
afterAll(() => runs.close());

test(`five restarts of Redis at the moments of seed ${seed}, with and without its data, change no byte`, async () => {
  const redis = await redisServer();
  onTestFinished(redis.close);
  const url = `redis://127.0.0.1:${redis.port}`;
  const workers = await crew(url, 2);
  onTestFinished(workers.close);
  const { run, output } = runs.over(url, words);
  await run.begun(output);
  const stream = randomStream(seed, ['restarts']);
  const restarts: string[] = [];
  for (const memory of ['kept', 'lost', 'kept', 'lost', 'lost'] as const) {
    const wait = Math.round(3000 * stream.next());
    await Promise.race([setTimeout(wait), run.ended]);
    if (run.child.exitCode !== null) break;
    restarts.push(`${memory} after ${wait} ms`);
    await redis.restart(memory, 1000 * stream.next());
  }
  await endOf(run);
  expect(restarts, 'the run was over before').toHaveLength(5);
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
  const { run, output } = runs.over(`redis://127.0.0.1:${ofDriver.port}`, words);
  await run.begun(output);
  const stream = randomStream(seed, ['wire']);
  const faults: string[] = [];
  while (run.child.exitCode === null) {
    const one = stream.pick([ofDriver, ofWorkers]);
    const [kind, length] = [stream.pick(['cut', 'hang', 'delay'] as const), 1500 * stream.next()];
    faults.push(`${kind} of the ${one === ofDriver ? 'driver' : 'workers'}, ${length.toFixed(0)}`);
    if (kind === 'delay') one.delay(length / 30);
    else await one[kind](length);
    await Promise.race([setTimeout(1000 * stream.next()), run.ended]);
  }
  await endOf(run);
  expect(ofDriver.counts.cuts + ofWorkers.counts.cuts).toBeGreaterThan(3);
  expect(await outcomeOf(output), faults.join('; ')).toEqual(alone);
});
