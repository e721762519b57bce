/** A process of its own: the mode of its threads is set once. */
import { createRequire } from 'node:module';
import type * as Ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import { encodeOnnx } from '../../src/graph/onnx.ts';
import { exp } from '../../src/graph/ops/elementwise.ts';
import { startWorker } from '../../src/runtime/remote.ts';
import { flushed } from './denormals.ts';

test('where the library has served another before, no thread flushes denormal numbers', async () => {
  const graph = new Graph();
  graph.output('y', exp(graph.input('x', 'float32', [1])));
  const ort: typeof Ort = createRequire(import.meta.url)('onnxruntime-node');
  await ort.InferenceSession.create(encodeOnnx(graph, () => 'input'));
  const engine = await startWorker({ engine: 'onnxruntime', threads: 3 });
  expect(await flushed(engine)).toBe(0);
  await engine.close();
});
