import { setTimeout as after } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { version } from '../../src/disk/version.ts';
import { InputError, InternalError, UnavailableError } from '../../src/errors.ts';
import { Graph } from '../../src/graph/graph.ts';
import { add, mul } from '../../src/graph/ops/elementwise.ts';
import { keysOf, newId, protocol } from '../../src/machines/protocol.ts';
import { openQueue } from '../../src/machines/queue.ts';
import { connect } from '../../src/machines/redis.ts';
import { openRegistry } from '../../src/machines/registry.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { startEngine } from '../../src/runtime/select.ts';
import { float32, int64, type Tensor } from '../../src/tensor.ts';
import { driver, worker } from './crew.ts';
import { type RedisServer, redisServer } from './redis-server.ts';

interface Place {
  readonly server: RedisServer;
  readonly redis: string;
  readonly engine: Engine;
}

/** A Redis and an engine of a test's own. */
async function place(...words: readonly string[]): Promise<Place> {
  const server = await redisServer(...words);
  const engine = await startEngine({ engine: 'onnxruntime', threads: 1 });
  onTestFinished(async () => {
    await engine.close();
    await server.close();
  });
  return { server, redis: `redis://127.0.0.1:${server.port}`, engine };
}

/** x + b, x b: elements beside each other tell whose result it is. */
function sums(): Graph {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['n']);
  const b = graph.input('b', 'float32', ['n']);
  graph.output('sum', add(x, b));
  graph.output('product', mul(x, b));
  return graph;
}

const floats = (size: number, value: number) => float32(new Float32Array(size).fill(value));
const first = (result: Record<string, Tensor>) => [result.sum.data[0], result.product.data[0]];

/** Many runs, some with large arguments and results, while the state changes. */
async function work(engine: Engine, count: number, pause: () => Promise<unknown>) {
  const session = await engine.compile(sums(), { name: 'sums' });
  const results: (number | bigint)[][] = [];
  for (let i = 0; i < count; i++) {
    const size = i % 3 === 0 ? 100_000 : 10;
    const state = await engine.state({ b: floats(size, i) });
    const runs = [1, 2, 3].map((x) => session.run({ x: floats(size, x) }, state));
    await pause();
    results.push(...(await Promise.all(runs)).map(first));
    await state.close();
  }
  return results;
}

const expected = (count: number) =>
  Array.from({ length: count }, (_, i) => [1, 2, 3].map((x) => [x + i, x * i])).flat();

test.each(['kept', 'lost'] as const)(
  'Redis restarted with its data %s: every run has its result',
  async (memory) => {
    const { server, redis, engine } = await place();
    const one = worker(redis, engine);
    const machines = await driver(redis);
    let count = 0;
    const results = await work(machines.engine, 30, async () => {
      if (++count % 8 === 0) await server.restart(memory, 300);
    });
    expect(results).toEqual(expected(30));
    const restored = machines.events.filter(({ type }) => type === 'restored');
    expect(restored.length > 0).toBe(memory === 'lost');
    await machines.engine.close();
    await one.stop();
    expect(await server.ask('KEYS', '*')).toBe('');
  },
);

test('what Redis has thrown away is sent again', async () => {
  const { server, redis, engine } = await place();
  const machines = driver(redis);
  const one = worker(redis, engine);
  onTestFinished(() => one.stop());
  const { engine: remote, run, status } = await machines;
  const session = await remote.compile(sums(), { name: 'sums' });
  await session.run({ x: floats(3, 1), b: floats(3, 1) });
  await one.stop();
  const state = await remote.state({ b: floats(100_000, 2) });
  const result = session.run({ x: floats(100_000, 1) }, state);
  await expect.poll(async () => (await status()).waiting).toBe(1);
  const blobs = await server.ask('KEYS', keysOf('tactful').blob(run, '*'));
  expect(blobs.split('\n')).toHaveLength(3); // the graph, what the state holds, the arguments
  await server.ask('DEL', ...blobs.split('\n'));
  const two = worker(redis, engine);
  onTestFinished(() => two.stop());
  expect(first(await result)).toEqual([3, 2]);
  await remote.close();
});

test('a job whose worker hangs is given to another one, and its answer counts once', async () => {
  const { redis, engine } = await place();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let hanging = 0;
  const slow: Engine = {
    ...engine,
    async compile(...args) {
      const session = await engine.compile(...args);
      const run: typeof session.run = async (...given) => {
        hanging++;
        await held;
        return session.run(...given);
      };
      return { ...session, run };
    },
  };
  const hangs = worker(redis, slow);
  const machines = await driver(redis, { times: { look: 100, silent: 2000, hanging: 500 } });
  const session = await machines.engine.compile(sums(), { name: 'sums' });
  const result = session.run({ x: floats(2, 3), b: floats(2, 4) });
  await expect.poll(() => hanging).toBe(1);
  const works = worker(redis, engine);
  expect(first(await result)).toEqual([7, 12]);
  release();
  await hangs.stop();
  await expect.poll(() => machines.counted.lateAnswers).toBeGreaterThan(0);
  const sum = machines.counted.kinds.get('sums');
  expect(sum).toMatchObject({ jobs: 1, duplicates: expect.toSatisfy((n) => n >= 1) });
  await machines.engine.close();
  await works.stop();
});

test('an answer that a look found before it was heard of is not late', async () => {
  const { redis, engine } = await place();
  const one = worker(redis, engine);
  const machines = await driver(redis, { times: { look: 1, silent: 2000, hanging: 60_000 } });
  const session = await machines.engine.compile(sums(), { name: 'sums' });
  for (let i = 0; i < 500; i++) {
    expect(first(await session.run({ x: floats(2, i), b: floats(2, 1) }))).toEqual([i + 1, i]);
  }
  expect(machines.counted.lateAnswers).toBe(0);
  await machines.engine.close();
  await one.stop();
});

test('no worker for as long as there is patience: the run stops, and says so', async () => {
  const { redis, engine } = await place();
  await expect(driver(redis, { patience: 300 })).rejects.toThrow(
    /expected a worker that serves this run, got none for 0.3 s/,
  );
  const one = worker(redis, engine);
  const machines = await driver(redis, { patience: 1500 });
  const session = await machines.engine.compile(sums(), { name: 'sums' });
  await one.stop();
  const run = session.run({ x: floats(2, 3), b: floats(2, 4) });
  await expect(run).rejects.toThrow(UnavailableError);
  await expect(run).rejects.toThrow(/got none for 1.5 s.*can be resumed/);
  await machines.engine.close();
});

test('a run whose workers serve another one first waits for its turn, however long', async () => {
  const { redis, engine } = await place();
  const one = worker(redis, engine);
  onTestFinished(() => one.stop());
  const before = await driver(redis);
  const session = await before.engine.compile(sums(), { name: 'sums' });
  await session.run({ x: floats(2, 3), b: floats(2, 4) });
  const machines = await driver(redis, { patience: 800 });
  const later = await machines.engine.compile(sums(), { name: 'sums' });
  const run = later.run({ x: floats(2, 3), b: floats(2, 4) });
  const isTold = () =>
    machines.events.some((e) => e.type === 'waiting' && /another run goes first$/.test(e.why));
  await expect.poll(isTold).toBe(true);
  await after(2000);
  await before.engine.close();
  expect(first(await run)).toEqual([7, 12]);
  await machines.engine.close();
});

test('no Redis for as long as there is patience: the run stops, and says so', async () => {
  const { server, redis, engine } = await place();
  const one = worker(redis, engine);
  const machines = await driver(redis, { patience: 1000 });
  const session = await machines.engine.compile(sums(), { name: 'sums' });
  await server.close();
  const run = session.run({ x: floats(2, 3), b: floats(2, 4) });
  await expect(run).rejects.toThrow(UnavailableError);
  await expect(run).rejects.toThrow(/ECONNREFUSED/);
  await machines.engine.close();
  await one.stop(); // it does not wait for a server that never comes back
});

test('a Redis without room is told by name, and goes on when there is some', async () => {
  const { server, redis, engine } = await place();
  const one = worker(redis, engine);
  onTestFinished(() => one.stop());
  const machines = await driver(redis);
  const session = await machines.engine.compile(sums(), { name: 'sums' });
  await session.run({ x: floats(2, 3), b: floats(2, 4) });
  await server.ask('CONFIG', 'SET', 'maxmemory', '1mb');
  const run = session.run({ x: floats(100_000, 3), b: floats(100_000, 4) });
  const told = () => machines.events.some((e) => e.type === 'trouble' && /maxmemory/.test(e.says));
  await expect.poll(told).toBe(true);
  await server.ask('CONFIG', 'SET', 'maxmemory', '0');
  expect(first(await run)).toEqual([7, 12]);
  await machines.engine.close();
});

test('a Redis that throws keys away is refused', async () => {
  const { redis } = await place('--maxmemory', '10mb', '--maxmemory-policy', 'allkeys-lru');
  await expect(driver(redis)).rejects.toThrow(
    /expected maxmemory-policy noeviction.*got allkeys-lru/,
  );
});

test('a failure of the job itself comes back as what it is, and is not tried again', async () => {
  const { redis, engine } = await place();
  const one = worker(redis, engine);
  onTestFinished(() => one.stop());
  const { engine: remote, counted } = await driver(redis);
  const none = { sessions: [], states: [] };
  await expect(remote.call?.('generate', { nothing: true }, none)).rejects.toThrow(InputError);
  await expect(remote.call?.('escape', {}, none)).rejects.toThrow(/expected a routine of/);
  const session = await remote.compile(sums(), { name: 'sums' });
  await expect(session.run({ x: floats(2, 1) })).rejects.toThrow(InternalError);
  await expect(session.run({ x: floats(2, 1) })).rejects.toThrow(/"b" is neither fed/);
  for (const count of counted.kinds.values()) expect(count.retries).toBe(0);
  await remote.close();
});

test('who stops waiting takes the job back', async () => {
  const { redis, engine } = await place();
  const one = worker(redis, engine);
  const { engine: remote, status } = await driver(redis);
  await one.stop();
  const stop = new AbortController();
  const none = { sessions: [], states: [] };
  const call = remote.call?.('generate', {}, none, stop.signal);
  await expect.poll(async () => (await status()).waiting).toBe(1);
  stop.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  await expect.poll(async () => (await status()).waiting).toBe(0);
  await remote.close();
});

test('what a killed driver has left is taken off by the worker that served it', async () => {
  const { server, redis, engine } = await place();
  const connection = await connect(redis);
  const run = newId();
  const started = new Date().toISOString();
  await openRegistry(connection, { prefix: 'tactful', seconds: 2 }).tellRun({
    ...{ protocol, tactful: version, id: run, name: 'killed', host: 'there', pid: 1, started },
    ...{ bits: 'the same', mixed: false, shared: false, files: [] },
  });
  const queue = await openQueue(connection, { prefix: 'tactful', run });
  await connection.sadd(keysOf('tactful').open(run), '1');
  const one = worker(redis, engine);
  onTestFinished(() => one.stop());
  await expect.poll(() => one.events.map(({ type }) => type)).toContain('serving');
  const left = () => server.ask('KEYS', `tactful:${run}:*`);
  expect(await left()).not.toBe('');
  await expect.poll(left).toBe('');
  await queue.close();
  connection.disconnect();
});

test('who may not use a Redis is told by name, without the password', async () => {
  const { server } = await place('--requirepass', 'open-sesame');
  const at = (login: string) => `redis://${login}127.0.0.1:${server.port}`;
  await expect(connect(at(''))).rejects.toThrow(/NOAUTH: it wants a password/);
  const wrong: Error = await connect(at(':swordfish@')).catch((error) => error);
  expect(wrong).toBeInstanceOf(UnavailableError);
  expect(wrong.message).toMatch(/WRONGPASS: it knows no such user and password/);
  expect(wrong.message).not.toContain('swordfish');
  const env = { TACTFUL_REDIS_PASSWORD: 'open-sesame' };
  const connection = await connect(at(''), { env });
  expect(await connection.ping()).toBe('PONG');
  connection.disconnect();
});

test('integers come back as they went', async () => {
  const { redis, engine } = await place();
  const one = worker(redis, engine);
  onTestFinished(() => one.stop());
  const { engine: remote } = await driver(redis);
  const graph = new Graph();
  const x = graph.input('x', 'int64', ['n']);
  graph.output('y', add(x, x));
  const session = await remote.compile(graph);
  const { y } = await session.run({ x: int64([1, -2, 2 ** 40]) });
  expect(y).toEqual(int64([2, -4, 2 ** 41]));
  await remote.close();
});
