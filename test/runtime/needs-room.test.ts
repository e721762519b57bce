/** Weights that make room for a run that takes much memory, and come back. */
import { open, readFile } from 'node:fs/promises';
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

/** How much of a file is mapped and there: the whole process's memory has that of other tests. */
async function megabytesOf(file: string): Promise<number> {
  const maps = (await readFile('/proc/self/smaps', 'utf8')).split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const own = maps.filter((map) => map.split('\n')[0].endsWith(file));
  const kilobytes = own.map((map) => Number(/^Rss: +(\d+)/m.exec(map)![1]));
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024;
}

/** A file of zeros, but for the first weight. */
async function weights() {
  const file = join(await newFolder(), 'weights.bin');
  const handle = await open(file, 'w');
  await handle.write(new Uint8Array(Float32Array.of(3).buffer));
  await handle.truncate(4 * rows * width);
  await handle.close();
  const place = { file, offset: 0, length: 4 * rows * width, dtype: 'float32' } as const;
  return { file, source: inFiles(() => place) };
}

function product(name: string, shape: readonly number[], source: 'input' | 'weight'): Graph {
  const graph = new Graph();
  const w = source === 'input' ? graph.input(name, 'float32', shape) : graph.weight(name, shape);
  const x = graph.input('x', 'float32', [1, shape[1]]);
  graph.output('y', gemm(x, w, { transA: false, transB: true }));
  return graph;
}

test.skipIf(process.platform !== 'linux')(
  'a run that needs room has that of weights which others read; these come back',
  async () => {
    const { file, source } = await weights();
    const engine = await openEngine('onnxruntime', { threads: 1 });
    const judge = await engine.compile(product('judge', [rows, width], 'weight'), {
      weights: source,
    });
    const learner = await engine.compile(product('learns', [1, 1], 'input'), { needsRoom: true });
    const x = float32(new Float32Array(width).fill(2), [1, width]);
    const judged = async () => {
      expect(numbers((await judge.run({ x })).y).slice(0, 2)).toEqual([6, 0]);
      return megabytesOf(file);
    };
    const learn = async () => {
      const { y } = await learner.run({ x: float32([2], [1, 1]), learns: float32([5], [1, 1]) });
      expect(numbers(y)).toEqual([10]);
      return megabytesOf(file);
    };
    const [before, between, after] = [await judged(), await learn(), await judged()];
    expect(before).toBeGreaterThan(200);
    expect(between).toBe(0);
    expect(after).toBeGreaterThan(200);
    await engine.close();
  },
);
