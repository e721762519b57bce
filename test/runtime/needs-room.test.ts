/** Weights that make room for a run that takes much memory, and come back. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import { gemm } from '../../src/graph/ops/linear.ts';
import { inFiles } from '../../src/runtime/weight-source.ts';
import { float32 } from '../../src/tensor.ts';
import { openEngine } from '../engine.ts';
import { numbers } from '../graph/run.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();
const [rows, width] = [66_000, 1000];
const megabytes = () => process.memoryUsage.rss() / 2 ** 20;

/** A file of zeros, but for the first weight. */
async function weights() {
  const file = join(await newFolder(), 'weights.bin');
  const handle = await open(file, 'w');
  await handle.write(new Uint8Array(Float32Array.of(3).buffer));
  await handle.truncate(4 * rows * width);
  await handle.close();
  return inFiles(() => ({ file, offset: 0, length: 4 * rows * width, dtype: 'float32' }));
}

function product(name: string, shape: readonly number[], source: 'input' | 'weight'): Graph {
  const graph = new Graph();
  const w = source === 'input' ? graph.input(name, 'float32', shape) : graph.weight(name, shape);
  const x = graph.input('x', 'float32', [1, shape[1]]);
  graph.output('y', gemm(x, w, { transA: false, transB: true }));
  return graph;
}

test('a run that needs room has that of weights which others read; these come back', async () => {
  const engine = await openEngine('onnxruntime', { threads: 1 });
  const judge = await engine.compile(product('judge', [rows, width], 'weight'), {
    weights: await weights(),
  });
  const learner = await engine.compile(product('learns', [1, 1], 'input'), { needsRoom: true });
  const x = float32(new Float32Array(width).fill(2), [1, width]);
  const first = async () => numbers((await judge.run({ x })).y).slice(0, 2);
  const learn = async () => {
    const { y } = await learner.run({ x: float32([2], [1, 1]), learns: float32([5], [1, 1]) });
    expect(numbers(y)).toEqual([10]);
    return megabytes();
  };
  const judged = async () => {
    expect(await first()).toEqual([6, 0]);
    return megabytes();
  };
  await judged();
  await learn(); // what other tests have left in the process goes with the first
  const [before, between, after] = [await judged(), await learn(), await judged()];
  expect(before - between).toBeGreaterThan(200);
  expect(after - between).toBeGreaterThan(200);
  await engine.close();
});
