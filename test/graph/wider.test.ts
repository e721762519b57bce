import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph, type Value } from '../../src/graph/graph.ts';
import { add, geluNew, mul, relu } from '../../src/graph/ops/elementwise.ts';
import { gemm } from '../../src/graph/ops/linear.ts';
import { reduceSum } from '../../src/graph/ops/shape.ts';
import { softmax } from '../../src/graph/ops/softmax.ts';
import { wider } from '../../src/graph/wider.ts';
import { encodeModel } from '../../src/runtime/encode.ts';
import { engineOver } from '../../src/runtime/engine.ts';
import { engines } from '../../src/runtime/engines.ts';
import { onnxRuntimeBackend } from '../../src/runtime/onnxruntime.ts';
import { inFiles, type WeightSource } from '../../src/runtime/weight-source.ts';
import { float32, sizeOf } from '../../src/tensor.ts';
import { scratchFolders } from '../hub/folder.ts';
import { numbers } from './run.ts';

/** It widens whatever the processor's cache is. */
const engine = await engineOver(onnxRuntimeBackend({ threads: 1 }), {
  ...engines.onnxruntime,
  async encode(graph, weights, { prepack }) {
    if (prepack) return encodeModel(graph, weights, () => true);
    const { graph: whole, stored } = wider(graph);
    return encodeModel(whole, weights, () => true, stored);
  },
});
afterAll(() => engine.close());
const newFolder = scratchFolders();
const transposed = { transA: false, transB: true };

const shapes = { gate: [1024, 8], up: [1024, 8], bias: [1024], down: [8, 1024] };
type Weights = Record<keyof typeof shapes, Value>;

function weightsOf(graph: Graph): Weights {
  const made = Object.entries(shapes).map(([name, shape]) => [name, graph.weight(name, shape)]);
  return Object.fromEntries(made);
}

const values = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], nth) => [
    name,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * (nth + 1)) / 4),
  ]),
);

const held: WeightSource = { read: async (name) => values[name] };

/** The same weights in one file. */
async function inOneFile(): Promise<WeightSource> {
  const file = join(await newFolder(), 'weights.bin');
  const names = Object.keys(values);
  await writeFile(file, Buffer.concat(names.map((name) => Buffer.from(values[name].buffer))));
  return inFiles((name) => {
    const before = names.slice(0, names.indexOf(name));
    const offset = before.reduce((sum, other) => sum + values[other].byteLength, 0);
    return { file, offset, length: values[name].byteLength, dtype: 'float32' };
  });
}

/** A gated layer, and what flows back to its input. */
function layer(): Graph {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['tokens', 8]);
  const { gate, up, bias, down } = weightsOf(graph);
  const inner = mul(geluNew(add(gemm(x, gate, transposed), bias)), gemm(x, up, transposed));
  const y = gemm(inner, down, transposed);
  const [slope] = gradients(reduceSum(mul(y, y)), [x]);
  graph.output('y', y);
  graph.output('slope', slope);
  return graph;
}

describe('what lies between two layers', () => {
  test('has sixteen columns more where rows would share their place in the cache', () => {
    const { graph, stored } = wider(layer());
    expect(Object.fromEntries(stored)).toEqual(shapes);
    const now = [...graph.weights].map(([name, { shape }]) => [name, shape]);
    expect(Object.fromEntries(now)).toEqual({
      gate: [1040, 8],
      up: [1040, 8],
      bias: [1040],
      down: [8, 1040],
    });
  });

  const x = float32(
    Float32Array.from({ length: 24 }, (_, i) => Math.cos(i)),
    [3, 8],
  );
  test.each([
    ['held', async () => held],
    ['in a file', inOneFile],
  ])('and gives the same bits, with weights %s', async (_, open) => {
    const run = async (weights: WeightSource, prepack: boolean) => {
      const session = await engine.compile(layer(), { weights, prepack });
      return session.run({ x });
    };
    // a session that may have weights of its own has them as they are
    const [wide, plain] = [await run(await open(), false), await run(held, true)];
    for (const name of ['y', 'slope']) expect(numbers(wide[name])).toEqual(numbers(plain[name]));
    expect(Math.max(...numbers(wide.slope))).toBeGreaterThan(0.01);
  });
});

describe('widths that stay', () => {
  const staying: Record<string, (inner: Value, weights: Weights) => Value> = {
    'what is read along its width': (inner, { down }) =>
      gemm(softmax(inner, { axis: 1 }), down, transposed),
    'what meets something that is given': (inner, { down }) =>
      gemm(mul(inner, inner.graph.input('mask', 'float32', [1024])), down, transposed),
    'what a weight that learns reads': (inner) =>
      gemm(inner, inner.graph.input('learns', 'float32', [8, 1024]), transposed),
    'a result': (inner) => inner,
  };
  test.each(Object.entries(staying))('%s', (_, use) => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', ['tokens', 8]);
    const weights = weightsOf(graph);
    graph.output('y', use(relu(gemm(x, weights.gate, transposed)), weights));
    const same = wider(graph);
    expect(same.stored.size).toBe(0);
    expect(same.graph).toBe(graph);
  });
});
