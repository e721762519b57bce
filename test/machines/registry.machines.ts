/** Blobs and the registry on a real Redis. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UnavailableError } from '../../src/errors.ts';
import { redisBlobs } from '../../src/machines/blobs.ts';
import { keysOf, newId, protocol, RunCard, WorkerCard } from '../../src/machines/protocol.ts';
import { type Connection, connect } from '../../src/machines/redis.ts';
import { openRegistry } from '../../src/machines/registry.ts';
import { blobContract } from './blobs.contract.ts';
import { type RedisServer, redisServer } from './redis-server.ts';

let server: RedisServer;
let connection: Connection;
beforeAll(async () => {
  server = await redisServer();
  connection = await connect(`redis://127.0.0.1:${server.port}`);
});
afterAll(async () => {
  connection.disconnect();
  await server.close();
});

blobContract('bytes on Redis', async () => ({
  open: async (options) => redisBlobs(connection, 'redis://here', options),
  async damage({ prefix, run }, name) {
    const key = keysOf(prefix).blob(run, name);
    const bytes = await connection.getBuffer(key);
    bytes![500] ^= 1;
    await connection.set(key, bytes!);
  },
}));

test('bytes are on Redis before what is sent behind them, however many they are', async () => {
  const blobs = redisBlobs(connection, 'redis://here', { prefix: 'order', run: 'one' });
  const large = new Uint8Array(2 ** 20).fill(7);
  const [, found] = await Promise.all([blobs.put('large', large), blobs.get('large')]);
  expect(found?.length).toBe(large.length);
});

test('a server whose memory is full is told, with what helps', async () => {
  const small = await redisServer('--maxmemory', '3mb');
  const there = await connect(`redis://127.0.0.1:${small.port}`);
  try {
    const blobs = redisBlobs(there, 'redis://small', { prefix: 'a', run: 'b' });
    const put = blobs
      .put('one', new Uint8Array(4 * 2 ** 20))
      .then(() => blobs.put('two', new Uint8Array(1)));
    await expect(put).rejects.toThrow(UnavailableError);
    await expect(put).rejects.toThrow(/^redis:\/\/small: .*OOM.*`shared`\.$/);
  } finally {
    there.disconnect();
    await small.close();
  }
});

describe('the registry', () => {
  const open = (seconds?: number) => {
    const prefix = `tests:${newId()}`;
    return { prefix, registry: openRegistry(connection, { prefix, ...(seconds && { seconds }) }) };
  };

  test('tells who is there, the oldest first, each as it was told last', async () => {
    const { registry } = open();
    const [older, newer] = [runCard('2026-01-01'), runCard('2026-01-02')];
    await registry.tellRun(newer);
    await registry.tellRun(older);
    await registry.tellRun({ ...newer, bits: 'abc' });
    expect(await registry.runs()).toEqual([older, { ...newer, bits: 'abc' }]);
    const worker = workerCard();
    await registry.tellWorker(worker);
    await registry.tellWorker({ ...worker, jobs: 3 });
    expect(await registry.workers()).toEqual([{ ...worker, jobs: 3 }]);
    await registry.forgetRun(older.id);
    await registry.forgetWorker(worker.id);
    expect(await registry.runs()).toEqual([{ ...newer, bits: 'abc' }]);
    expect(await registry.workers()).toEqual([]);
  });

  test('who falls silent is gone, and is back when it speaks again', async () => {
    const { registry } = open(1);
    const [run, worker] = [runCard(), workerCard()];
    await registry.tellRun(run);
    await registry.tellWorker(worker);
    await setTimeout(1300);
    expect(await registry.runs()).toEqual([]);
    expect(await registry.workers()).toEqual([]);
    expect(await registry.knows(run.id)).toBe(true);
    await registry.tellRun(run);
    await registry.tellWorker(worker);
    expect(await registry.runs()).toEqual([run]);
    expect(await registry.workers()).toEqual([worker]);
  });

  test('who has not told of itself of late is listed, but not among those that are awake', async () => {
    const { registry } = open(3);
    const worker = workerCard();
    await registry.tellWorker(worker);
    expect(await registry.workers(true)).toEqual([worker]);
    await setTimeout(1200);
    expect(await registry.workers(true)).toEqual([]);
    expect(await registry.workers()).toEqual([worker]);
    await registry.tellWorker(worker);
    expect(await registry.workers(true)).toEqual([worker]);
  });

  test('a server that lost its data is noticed, also when the run was told again before anybody asked', async () => {
    const { registry } = open();
    const run = runCard();
    expect(await registry.knows(run.id)).toBe(false);
    await registry.tellRun(run);
    expect(await registry.knows(run.id)).toBe(true);
    await server.restart('kept');
    expect(await registry.knows(run.id)).toBe(true);
    await server.restart('lost');
    await registry.tellRun(run);
    expect(await registry.knows(run.id)).toBe(false);
    await registry.tellRun(run);
    expect(await registry.knows(run.id)).toBe(true);
  });

  test('nothing is left of a run that is forgotten, and all of the others', async () => {
    const { prefix, registry } = open();
    const [one, other] = [runCard(), runCard()];
    for (const run of [one, other]) {
      await registry.tellRun(run);
      const blobs = redisBlobs(connection, 'here', { prefix, run: run.id });
      for (let i = 0; i < 30; i++) await blobs.put(`blob-${i}`, new Uint8Array(10));
    }
    await registry.forgetRun(one.id);
    const keys = await connection.keys(`${prefix}:*`);
    expect(keys.filter((key) => key.includes(one.id))).toEqual([]);
    expect(keys.filter((key) => key.includes(other.id)).length).toBe(32);
    expect(await registry.runs()).toEqual([other]);
  });

  test("what others wrote there, and cards of a version to come, are nobody's", async () => {
    const { prefix, registry } = open();
    const keys = keysOf(prefix);
    const [one, other] = [newId(), newId()];
    await connection.zadd(keys.runs, 1, one, 2, other);
    await connection.set(keys.run(one), 'hello');
    await connection.set(keys.run(other), JSON.stringify({ ...runCard(), more: 1 }));
    expect(await registry.runs()).toEqual([]);
  });

  test('an order that the server refuses is an error', async () => {
    const { prefix, registry } = open();
    await connection.set(keysOf(prefix).runs, 'no sorted set');
    await expect(registry.tellRun(runCard())).rejects.toThrow(/WRONGTYPE/);
  });
});

const now = { protocol, tactful: '0.1.0', host: 'here', pid: 1 } as const;

function runCard(started = '2026-01-03'): RunCard {
  const more = { bits: null, mixed: false, shared: false, files: [] };
  return RunCard.parse({ ...now, id: newId(), name: 'runs/a', started, ...more });
}

function workerCard(): WorkerCard {
  return WorkerCard.parse({
    ...now,
    ...{
      id: newId(),
      name: 'one',
      started: '2026-01-03',
      engine: 'x',
      library: 'x 1',
      device: 'cpu',
    },
    ...{
      precision: 'f32',
      apart: false,
      cpu: 'x',
      bits: 'abc',
      models: [],
      state: 'idle',
      run: null,
    },
    ...{ jobs: 0, busy: 0, rss: 1, refused: [] },
  });
}
