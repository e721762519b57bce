import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import { exp } from '../../src/graph/ops/elementwise.ts';
import { matmul } from '../../src/graph/ops/linear.ts';
import { reduceSum } from '../../src/graph/ops/shape.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { onnxRuntimeBackend } from '../../src/runtime/onnxruntime.ts';
import type { OpenOptions } from '../../src/runtime/record.ts';
import { startWorker } from '../../src/runtime/remote.ts';
import { float32 } from '../../src/tensor.ts';
import { engineContract } from '../contract/engine.ts';
import { openEngine } from '../engine.ts';

const startEngine = (options: OpenOptions = {}) =>
  startWorker({ engine: 'onnxruntime', ...options });

/** The same engine in this thread, and in a worker thread (built: `npm run build`). */
const engines: { name: string; open: (options?: OpenOptions) => Promise<Engine> }[] = [
  {
    name: 'ONNX Runtime in this thread',
    open: (options) => openEngine('onnxruntime', options),
  },
  { name: 'ONNX Runtime in a worker thread', open: startEngine },
];

for (const { name, open } of engines) engineContract(name, () => open({ threads: 1 }));

test.each(engines)('$name tells its device and number of threads', async ({ open }) => {
  const engine = await open({ threads: 2 });
  expect(engine.description).toMatch(/^onnxruntime \d+\.\d+\.\d+ cpu, 2 threads$/);
  await engine.close();
});

/** A graph that takes some hundred million operations. */
function longGraph(): Graph {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [256, 256]);
  let product = x;
  for (let i = 0; i < 40; i++) product = matmul(product, x);
  graph.output('y', reduceSum(product));
  return graph;
}
const identity = float32(
  Array.from({ length: 256 ** 2 }, (_, i) => Number(i % 257 === 0)),
  [256, 256],
);

test('while an engine in a worker thread runs, the event loop of its caller goes on', async () => {
  const engine = await startEngine({ threads: 1 });
  const session = await engine.compile(longGraph());
  let turns = 0;
  let running = true;
  const count = () => {
    turns++;
    if (running) setImmediate(count);
  };
  setImmediate(count);
  const { y } = await session.run({ x: identity });
  running = false;
  // a run in this thread leaves at most one turn before its answer
  expect(turns).toBeGreaterThan(1);
  expect(y).toEqual(float32([256], []));
  await engine.close();
});

test('a close during a run ends it, with its result or an error', async () => {
  const engine = await startEngine({ threads: 1 });
  const session = await engine.compile(longGraph());
  const run = session.run({ x: identity }).then(
    () => 'done',
    () => 'ended',
  );
  await engine.close();
  expect(['done', 'ended']).toContain(await run);
});

test('engines side by side are apart from each other', async () => {
  const [a, b] = await Promise.all([startEngine({ threads: 1 }), startEngine({ threads: 1 })]);
  const graph = new Graph();
  graph.output('y', exp(graph.input('x', 'float32', ['n'])));
  const sessions = await Promise.all([a.compile(graph), b.compile(graph)]);
  await a.close();
  expect((await sessions[1].run({ x: float32([0]) })).y).toEqual(float32([1]));
  await b.close();
});

describe.each(engines)('$name on a device', ({ open }) => {
  test.each(['cuda', 'webgpu'] as const)(
    '%s computes, or says what to do instead',
    async (device) => {
      const compute = async () => {
        const engine = await open({ device });
        try {
          const graph = new Graph();
          graph.output('y', exp(graph.input('x', 'float32', ['n'])));
          return await (await engine.compile(graph)).run({ x: float32([0, 1]) });
        } finally {
          await engine.close();
        }
      };
      const [answer] = await Promise.allSettled([compute()]);
      if (answer.status === 'fulfilled') {
        const y = Array.from(answer.value.y.data, Number);
        expect(y).toBeAllClose([1, Math.E], { rtol: 1e-5 }); // a GPU's float32
      } else {
        const { code, message } = answer.reason;
        expect(code).toBe('UNAVAILABLE');
        expect(message).toContain(`device ${device}: expected a device and driver`);
        expect(message).toMatch(/Choose `device` cpu, which is always there\.$/);
      }
    },
  );
});

test('a graph with more names of Shape nodes than WebGPU takes is refused in words', async () => {
  const { load } = onnxRuntimeBackend({ device: 'webgpu', threads: 1 });
  const nothing = { inputs: [], outputs: [], shared: [], keep: {}, append: {}, folder: undefined };
  const shapeNodes = Array.from({ length: 1000 }, (_, i) => `Shape v${10_000 + i}`);
  const habits = { prepack: false, keepsMemory: false, needsRoom: false };
  const request = { name: 'long', model: new Uint8Array(0), ...nothing, ...habits, shapeNodes };
  await expect(load(request)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('names of 8192 characters, got 12999 characters of names.'),
  });
});

test.runIf(process.platform === 'linux')(
  'an engine that cannot be opened leaves no thread behind',
  async () => {
    const threads = async () => (await readdir('/proc/self/task')).length;
    const before = await threads();
    const attempts = 5;
    for (let i = 0; i < attempts; i++) {
      const opening = startWorker({ engine: 'openvino', library: '/nowhere/libopenvino_c.so' });
      await expect(opening).rejects.toThrow('engine openvino');
    }
    // others may come meanwhile, but not one for each
    await expect.poll(async () => (await threads()) - before).toBeLessThan(attempts);
  },
);
