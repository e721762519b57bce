import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph, type Value } from '../../src/graph/graph.ts';
import { mul, tanh } from '../../src/graph/ops/elementwise.ts';
import { gemm, matmul } from '../../src/graph/ops/linear.ts';
import { reduceSum } from '../../src/graph/ops/shape.ts';
import { separateSquares } from '../../src/runtime/openvino-graph.ts';
import { inFiles, type WeightLocation } from '../../src/runtime/weight-source.ts';
import { float32 } from '../../src/tensor.ts';
import { openEngine } from '../engine.ts';

const engine = await openEngine('onnxruntime', { threads: 1 });
afterAll(() => engine.close());

let file = '';
const values = Float32Array.from({ length: 25 }, (_, i) => Math.sin(i));
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-squares-'));
  file = join(folder, 'w.bin');
  await writeFile(file, new Uint8Array(values.buffer));
  return () => rm(folder, { recursive: true });
});
const locate = (): WeightLocation => ({ file, offset: 0, length: 100, dtype: 'float32' });

/** y = tanh(x W^T), and the gradient of its sum of squares, which multiplies by W. */
function squareGraph(): Graph {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['n', 5]);
  const w = graph.weight('w', [5, 5]);
  const y = tanh(gemm(x, w, { transA: false, transB: true }));
  const loss = reduceSum(mul(y, y));
  graph.output('loss', loss);
  graph.output('dx', gradients(loss, [x])[0]);
  return graph;
}

test('a square weight that is used both ways becomes two constants, and no result changes', async () => {
  const graph = squareGraph();
  const separate = separateSquares(graph, locate);
  expect([...separate.graph.weights.keys()]).toEqual(['w', 'w rows 0 to 2', 'w rows 2 to 5']);
  const at = (name: string) => separate.locate(name);
  expect(at('w rows 0 to 2')).toEqual({ file, offset: 0, length: 40, dtype: 'float32' });
  expect(at('w rows 2 to 5')).toEqual({ file, offset: 40, length: 60, dtype: 'float32' });
  expect(at('w')).toEqual(locate());

  const x = float32([0.1, -0.2, 0.3, 0.4, -0.5, 1, 2, 3, 4, 5], [2, 5]);
  const [one, other] = await Promise.all([
    engine.compile(graph, { weights: inFiles(locate) }),
    engine.compile(separate.graph, { weights: inFiles(separate.locate) }),
  ]);
  expect(await other.run({ x })).toEqual(await one.run({ x }));
});

type Build = (graph: Graph, x: Value) => Value;
const byRows = { transA: false, transB: true };
const plain = { transA: false, transB: false };

test.each<[string, Build]>([
  ['only transposed', (g, x) => gemm(x, g.weight('w', [5, 5]), byRows)],
  ['only as it is', (g, x) => gemm(x, g.weight('w', [5, 5]), plain)],
  [
    'both ways, but is no square',
    (g, x) => {
      const w = g.weight('w', [3, 5]);
      return gemm(gemm(x, w, byRows), w, plain);
    },
  ],
])('a weight that is used %s stays as it is', (_, build) => {
  const graph = new Graph();
  graph.output('y', build(graph, graph.input('x', 'float32', ['n', 5])));
  expect(separateSquares(graph, locate)).toEqual({ graph, locate });
});

test('products of more axes count too, and each square weight has one copy', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['n', 5]);
  const w = graph.weight('w', [5, 5]);
  const y = gemm(matmul(x, w), w, byRows);
  graph.output('y', gemm(y, w, plain));
  const separate = separateSquares(graph, locate);
  expect([...separate.graph.weights.keys()].sort()).toEqual([
    'w',
    'w rows 0 to 2',
    'w rows 2 to 5',
  ]);
});
