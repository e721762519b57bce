import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import { add } from '../../src/graph/ops/elementwise.ts';
import { matmul } from '../../src/graph/ops/linear.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { startEngine } from '../../src/runtime/select.ts';
import { inFiles } from '../../src/runtime/weight-source.ts';
import { float32 } from '../../src/tensor.ts';
import { driver, worker } from './crew.ts';
import { type RedisServer, redisServer } from './redis-server.ts';

let server: RedisServer;
let local: Engine;
let folder: string;
let redis: string;
beforeAll(async () => {
  server = await redisServer();
  redis = `redis://127.0.0.1:${server.port}`;
  local = await startEngine({ engine: 'onnxruntime', threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'tactful-machines-'));
});
afterAll(async () => {
  await local?.close();
  await server?.close();
  if (folder) await rm(folder, { recursive: true });
});

const size = 8;
/** x W + b, where W lies in a file and b in a state. */
function product(): Graph {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['rows', size]);
  const b = graph.input('b', 'float32', [size]);
  graph.output('y', add(matmul(x, graph.weight('W', [size, size])), b));
  return graph;
}

async function weightFile(): Promise<{ file: string; weights: ReturnType<typeof inFiles> }> {
  const file = join(folder, `${randomBytes(4).toString('hex')}.bin`);
  const values = Float32Array.from({ length: size * size }, (_, i) => Math.sin(i));
  await writeFile(file, values);
  // models' files tell more of a tensor than where it lies
  const more = { shape: [size, size] };
  const place = { file, offset: 0, length: values.byteLength, dtype: 'float32', ...more } as const;
  return { file, weights: inFiles(() => place) };
}

const x = (rows: number) =>
  float32(
    Float32Array.from({ length: rows * size }, (_, i) => Math.cos(i)),
    [rows, size],
  );
const b = (shift: number) => float32(Float32Array.from({ length: size }, (_, i) => i + shift));

/** What an engine gives for one and many rows, before and after the state has changed. */
async function results(engine: Engine, weights: ReturnType<typeof inFiles>) {
  const session = await engine.compile(product(), { name: 'product', weights });
  const state = await engine.state({ b: b(0) });
  const before = [await session.run({ x: x(1) }, state), await session.run({ x: x(5000) }, state)];
  const under = session.run({ x: x(3) }, state);
  await state.write({ b: b(0.5) });
  const after = [await under, await session.run({ x: x(3) }, state)];
  await state.close();
  await session.close();
  return [...before, ...after];
}

test('an engine of other machines gives the same bits as one here, and leaves nothing behind', async () => {
  const { file, weights } = await weightFile();
  const one = worker(redis, local, { files: [file] });
  onTestFinished(() => one.stop());
  const machines = await driver(redis);
  const theirs = await results(machines.engine, weights);
  expect(theirs).toEqual(await results(local, weights));
  await expect.poll(async () => (await machines.status()).workers).toHaveLength(1);
  expect(machines.counted.kinds.get('product')).toMatchObject({
    jobs: 4,
    retries: 0,
    duplicates: 0,
  });
  await machines.engine.close();
  await one.stop();
  expect(await server.ask('KEYS', '*')).toBe('');
});

test('two workers share the work of two lanes', async () => {
  const { file, weights } = await weightFile();
  const other = await startEngine({ engine: 'onnxruntime', threads: 1 });
  const workers = [
    worker(redis, local, { files: [file] }),
    worker(redis, other, { files: [file] }),
  ];
  const machines = await driver(redis);
  onTestFinished(async () => {
    await machines.engine.close();
    for (const one of workers) await one.stop();
    await other.close();
  });
  await expect.poll(() => machines.engine.lanes).toBe(2);
  const session = await machines.engine.compile(product(), { name: 'product', weights });
  const state = await machines.engine.state({ b: b(0) });
  const runs = Array.from({ length: 40 }, (_, i) => session.run({ x: x(i + 1) }, state));
  const theirs = await Promise.all(runs);
  const here = await local.compile(product(), { weights });
  const stateHere = await local.state({ b: b(0) });
  for (const [i, result] of theirs.entries()) {
    expect(result).toEqual(await here.run({ x: x(i + 1) }, stateHere));
  }
  const status = await machines.status();
  expect(status.workers.map(({ done }) => done?.jobs ?? 0).every((jobs) => jobs > 0)).toBe(true);
});
