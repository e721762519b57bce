/**
 * Runs whose workers and Redis are killed and whose network is cut, slow and silent, at moments that a seed
 * draws. TACTFUL_MACHINES_SEED says which, TACTFUL_MACHINES_KILLS how many workers are killed (20).
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { randomStream } from '../../src/random.ts';
import { type DemoRuns, demoRuns, endOf } from './demo-runs.ts';
import { moments } from './moments.ts';
import { countsOf, outcomeOf } from './outcome.ts';
import { place } from './place.ts';
import { program } from './programs.ts';
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
let counted: Awaited<ReturnType<typeof countsOf>>['counted'];
beforeAll(async () => {
  runs = await demoRuns();
  alone = await runs.alone(words);
  const redis = await redisServer();
  const url = `redis://127.0.0.1:${redis.port}`;
  const workers = await crew(url, 2);
  const { run, output } = runs.over(url, words);
  await endOf(run);
  ({ counted } = await countsOf(output));
  await workers.close();
  await redis.close();
});
afterAll(() => runs.close());

/** The bytes of one process, and each job counted as often as in a run that nothing disturbs. */
async function expectSame(output: string, disturbed?: readonly string[]): Promise<void> {
  const told = disturbed?.join('; ');
  expect(await outcomeOf(output), told).toEqual(alone);
  expect((await countsOf(output)).counted, told).toEqual(counted);
}

test(`${kills} kills of workers at the moments of seed ${seed} change no byte, and no job counts twice`, async () => {
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
  await expectSame(output, killed);
});

test(`five restarts of Redis at the moments of seed ${seed}, with and without its data, change no byte, and no job counts twice`, async () => {
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
  await expectSame(output, restarts);
});

test(`a network that is cut, slow and silent at the moments of seed ${seed} changes no byte, and no job counts twice`, async () => {
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
  await expectSame(output, told);
});

test('a worker that sleeps in its work is late: its answer is counted as late, and changes nothing', async () => {
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
  await expectSame(output);
  expect((await countsOf(output)).late).toBeGreaterThan(0);
});

test('a worker whose engine breaks ends, and another one does its work', async () => {
  const { url } = await place(1);
  const file = join(runs.folder, 'break');
  const preload = new URL('disturb-thread.js', import.meta.url);
  const line = ['worker', '--redis', url, '--threads', '1', '--json'];
  const broken = program(line, { NODE_OPTIONS: `--import ${preload}`, BREAK: file });
  await broken.says(/"type":"ready"/);
  const { run, output, reaches } = runs.over(url, words);
  await reaches(1.5);
  await writeFile(file, '');
  expect(await broken.ended).toBe(1);
  expect(broken.text()).toContain('the engine thread ended: broken on purpose');
  await endOf(run);
  await expectSame(output);
});
