import { expect, test } from 'vitest';
import { Graph, type Value } from '../../src/graph/graph.ts';
import { gemm, matmul } from '../../src/graph/ops/linear.ts';
import { usedBothWays } from '../../src/runtime/openvino-graph.ts';

type Build = (graph: Graph, x: Value) => Value;
const byRows = { transA: false, transB: true };
const plain = { transA: false, transB: false };
const square = (graph: Graph) => graph.weight('w', [5, 5]);

const namesOf = (build: Build) => {
  const graph = new Graph();
  graph.output('y', build(graph, graph.input('x', 'float32', ['n', 5])));
  return [...usedBothWays(graph)].map(({ source }) => (source as { name: string }).name);
};

test.each<[string, Build]>([
  ['only transposed', (g, x) => gemm(x, square(g), byRows)],
  ['only as it is', (g, x) => gemm(x, square(g), plain)],
  [
    'both ways, but is no square',
    (g, x) => {
      const w = g.weight('w', [3, 5]);
      return gemm(gemm(x, w, byRows), w, plain);
    },
  ],
])('a weight that is used %s has one address', (_, build) => {
  expect(namesOf(build)).toEqual([]);
});

test.each<[string, Build]>([
  ['both ways', (g, x) => gemm(gemm(x, square(g), byRows), square(g), plain)],
  ['in products of more axes too', (g, x) => gemm(matmul(x, square(g)), square(g), byRows)],
])('a square weight that is used %s has two', (_, build) => {
  expect(namesOf(build)).toEqual(['w']);
});
