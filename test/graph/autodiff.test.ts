import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShapeError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph, reachable, readBy, type Value } from '../../src/graph/graph.ts';
import { encodeOnnx } from '../../src/graph/onnx.ts';
import { castTo } from '../../src/graph/ops/cast.ts';
import * as e from '../../src/graph/ops/elementwise.ts';
import { gatherElements, scatterAdd } from '../../src/graph/ops/gather.ts';
import { reduceMax, reduceMean } from '../../src/graph/ops/reduce.ts';
import { reduceSum } from '../../src/graph/ops/shape.ts';
import { stopGradient } from '../../src/graph/ops/softmax.ts';
import { float32, int64 } from '../../src/tensor.ts';
import { operatorsOf } from './protobuf-reader.ts';
import { centralDifferences, elementwise, type Nd } from './reference.ts';
import { numbers, runGraph } from './run.ts';

const x = [-2, -0.5, 0.25, 3];
const float32Rounding = { atol: 1e-6, rtol: 1e-6 };

/** d sum(f(x)) / dx at the numbers above. */
async function slopes(f: (x: Value) => Value, at = x): Promise<number[]> {
  const build = (graph: Graph) => {
    const input = graph.input('x', 'float32', ['n']);
    return { slope: gradients(reduceSum(f(input)), [input])[0] };
  };
  return numbers((await runGraph(build, { x: float32(at) })).slope);
}

/** Operators of the model whose only outputs are `outputs`. */
function operators(graph: Graph, outputs: Value[]): string[] {
  for (const [i, value] of outputs.entries()) graph.output(`out${i}`, value);
  const weights = () => ({ location: 'w', offset: 0, length: 0, dtype: 'float32' }) as const;
  return operatorsOf(encodeOnnx(graph, weights));
}

test('the gradient of a value that is used several times is the sum over its uses', async () => {
  const found = await slopes((v) =>
    e.add(e.mul(v, v), e.add(e.mul(v, v.graph.scalar(3)), e.exp(v))),
  );
  const expected = x.map((v) => 2 * v + 3 + Math.exp(v));
  expect(found).toBeAllClose(expected, float32Rounding);
});

test('the gradient of a gradient is the second derivative', async () => {
  const cube = (v: Value) => reduceSum(e.mul(v, e.mul(v, v)));
  const found = await slopes((v) => gradients(cube(v), [v])[0]);
  const expected = x.map((v) => 6 * v);
  expect(found).toBeAllClose(expected, float32Rounding);
});

test('the gradient of the loss itself is 1', async () => {
  const { slope } = await runGraph((graph) => {
    const loss = reduceSum(e.exp(graph.input('x', 'float32', ['n'])));
    return { slope: gradients(loss, [loss])[0] };
  });
  expect(slope).toEqual(float32([1], []));
});

test('a value that the loss does not depend on has a gradient of zeros in its own shape', async () => {
  const build = (graph: Graph) => {
    const [a, b] = ['a', 'b'].map((name) => graph.input(name, 'float32', [name, 2]));
    return { db: gradients(reduceSum(a), [b])[0] };
  };
  const { db } = await runGraph(build, { b: float32([1, 2, 3, 4, 5, 6], [3, 2]) });
  expect(db).toEqual(float32([0, 0, 0, 0, 0, 0], [3, 2]));
});

test('gradients come in the order that they are asked for, and may be asked for intermediate values', async () => {
  const build = (graph: Graph) => {
    const a = graph.input('a', 'float32', []);
    const square = e.mul(a, a);
    const [da, dSquare] = gradients(e.mul(square, square), [a, square]);
    return { da, dSquare };
  };
  const { da, dSquare } = await runGraph(build, { a: float32([3], []) });
  expect([numbers(da), numbers(dSquare)]).toEqual([[108], [18]]); // 4 a^3, 2 a^2
});

test('nothing flows into a frozen branch: its gradient leaves no node in the model', () => {
  const graph = new Graph();
  const trained = graph.input('trained', 'float32', ['n']);
  const frozen = e.tanh(e.exp(graph.weight('w', [1])));
  const loss = reduceSum(e.mul(frozen, trained));
  const found = operators(graph, [loss, ...gradients(loss, [trained])]);
  // d loss / d trained = frozen * ones: no slope of tanh or exp, no sum for w
  const added = ['Reshape', 'Shape', 'Expand', 'Mul'];
  expect(found.sort()).toEqual(['Exp', 'Tanh', 'Mul', 'ReduceSum', ...added].sort());
});

test('nothing flows below the lowest value that is wanted', () => {
  const graph = new Graph();
  const deep = e.exp(graph.input('x', 'float32', [3]));
  const loss = reduceSum(e.mul(deep, deep));
  const found = operators(graph, [loss, ...gradients(loss, [deep])]);
  const added = ['Reshape', 'Mul', 'Add'];
  expect(found.sort()).toEqual(['Exp', 'Mul', 'ReduceSum', ...added].sort());
});

test('nothing flows through stopGradient, conditions and masks', async () => {
  const zero = (v: Value) => v.graph.scalar(0);
  expect(await slopes((v) => e.mul(v, stopGradient(v)))).toEqual(x);
  expect(await slopes((v) => e.where(e.less(v, zero(v)), e.mul(v, v), v))).toEqual([-4, -1, 1, 1]);
  const mask = (v: Value) => castTo(e.less(zero(v), v), 'float32');
  expect(await slopes((v) => e.mul(v, mask(v)))).toEqual([0, 0, 1, 1]);
});

test('at a kink, the gradient is the one that the op documents', async () => {
  const zero = (v: Value) => v.graph.scalar(0);
  expect(await slopes(e.abs, [0])).toEqual([0]);
  expect(await slopes(e.relu, [0])).toEqual([0]);
  expect(await slopes((v) => e.max(v, zero(v)), [0])).toEqual([1]);
  expect(await slopes((v) => e.max(zero(v), v), [0])).toEqual([0]);
  expect(await slopes((v) => e.min(v, zero(v)), [0])).toEqual([1]);
  expect(await slopes((v) => e.max(v, v), [2])).toEqual([1]);
  expect(await slopes((v) => reduceMax(v), [3, 1, 3])).toEqual([0.5, 0, 0.5]);
});

test('an axis that turns out to be empty has an empty gradient', async () => {
  expect(await slopes((v) => e.mul(v, v), [])).toEqual([]);
});

test('only a scalar has gradients', () => {
  const graph = new Graph();
  const vector = graph.input('x', 'float32', ['n', 2]);
  const call = () => gradients(vector, [vector]);
  expect(call).toThrow(ShapeError);
  expect(call).toThrow('gradients: expected a scalar loss, got [n,2].');
});

test('an op without a gradient rule on the way to a wanted value is an error that names it', () => {
  const graph = new Graph();
  const [a, b] = ['a', 'b'].map((name) => graph.input(name, 'float32', [3, 2]));
  const loss = reduceSum(scatterAdd(a, graph.constant(int64([0, 0], [1, 2])), b));
  const call = () => gradients(loss, [b]);
  expect(call).toThrow('internal: ScatterElements has no gradient rule, but needs one');
});

test('equal nodes are made once, whether the forward or the backward pass makes them', () => {
  const graph = new Graph();
  const v = graph.input('x', 'float32', ['n']);
  expect(e.exp(v)).toBe(e.exp(v));
  expect(graph.scalar(2)).toBe(graph.scalar(2));
  expect(graph.scalar(0)).not.toBe(graph.scalar(-0));
  expect(graph.integers([1])).not.toBe(graph.integers(1));
  const [first] = gradients(reduceSum(e.tanh(e.exp(v))), [v]);
  const [second] = gradients(reduceSum(e.tanh(e.exp(v))), [v]);
  expect(first).toBe(second);
});

test('ops that differ in an attribute alone are different nodes', () => {
  const graph = new Graph();
  const v = graph.input('x', 'float32', [2, 2]);
  const places = graph.input('places', 'int64', [2, 2]);
  expect(reduceSum(v, { axis: 0 })).not.toBe(reduceSum(v, { axis: 1 }));
  const [slope] = gradients(reduceSum(gatherElements(v, places)), [v]); // scatters along axis 1
  expect(slope.source.kind === 'op' && slope.source.attributes).toEqual({ axis: 1 });
});

test('values of two graphs do not mix', () => {
  const [a, b] = [new Graph(), new Graph()].map((graph) => graph.input('x', 'float32', []));
  expect(() => e.add(a, b)).toThrow('internal: Add: an input belongs to another graph');
});

/** A random expression over x and y: what it is in the graph, and what it is in numbers. */
interface Tree {
  readonly text: string;
  build(x: Value, y: Value): Value;
  value(x: number, y: number): number;
}

const unary: Record<string, [(x: Value) => Value, (x: number) => number]> = {
  tanh: [e.tanh, Math.tanh],
  sigmoid: [e.sigmoid, (v) => 1 / (1 + Math.exp(-v))],
  neg: [e.neg, (v) => -v],
  exp: [(v) => e.exp(e.tanh(v)), (v) => Math.exp(Math.tanh(v))],
  sqrt: [(v) => e.sqrt(e.add(e.mul(v, v), v.graph.scalar(1))), (v) => Math.sqrt(v * v + 1)],
  log: [(v) => e.log(e.add(e.exp(v), v.graph.scalar(1))), (v) => Math.log(Math.exp(v) + 1)],
};
const binary: Record<string, [(a: Value, b: Value) => Value, (a: number, b: number) => number]> = {
  '+': [e.add, (a, b) => a + b],
  '-': [e.sub, (a, b) => a - b],
  '*': [e.mul, (a, b) => a * b],
  '/': [(a, b) => e.div(a, e.add(e.mul(b, b), b.graph.scalar(1))), (a, b) => a / (b * b + 1)],
};

const half = (v: Value) => v.graph.scalar(0.5);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Tree>(
      { text: 'x', build: (a) => a, value: (a) => a },
      { text: 'y', build: (_, b) => b, value: (_, b) => b },
      { text: '½', build: half, value: () => 0.5 },
    ),
    fc.tuple(fc.constantFrom(...Object.entries(unary)), tie('tree')).map(
      ([[name, [op, f]], inner]): Tree => ({
        text: `${name}(${inner.text})`,
        build: (a, b) => op(inner.build(a, b)),
        value: (a, b) => f(inner.value(a, b)),
      }),
    ),
    fc.tuple(fc.constantFrom(...Object.entries(binary)), tie('tree'), tie('tree')).map(
      ([[name, [op, f]], left, right]): Tree => ({
        text: `(${left.text} ${name} ${right.text})`,
        build: (a, b) => op(left.build(a, b), right.build(a, b)),
        value: (a, b) => f(left.value(a, b), right.value(a, b)),
      }),
    ),
  ),
}));

test('any small expression has the gradient that central differences find', async () => {
  const [a, b]: Nd[] = [
    { shape: [2, 1], data: [-0.75, 0.5] },
    { shape: [3], data: [0.25, -0.5, 1.25] },
  ];
  const property = fc.asyncProperty(tree, async ({ build, value }) => {
    const f = elementwise(value);
    const { da, db } = await runGraph(
      (graph) => {
        const left = graph.input('a', 'float32', ['rows', 1]);
        const right = graph.input('b', 'float32', ['columns']);
        const nothing = e.mul(e.add(left, right), graph.scalar(0)); // [rows, columns]
        const y = e.add(build(left, right), nothing);
        const [da, db] = gradients(reduceSum(y), [left, right]);
        return { da, db };
      },
      { a: float32(a.data, a.shape), b: float32(b.data, b.shape) },
    );
    const ones = [1, 1, 1, 1, 1, 1];
    // float32 through a few levels; each may double its error
    const tolerance = { atol: 2e-5, rtol: 2e-5 };
    expect(numbers(da)).toBeAllClose(centralDifferences(f, [a, b], 0, ones), tolerance);
    expect(numbers(db)).toBeAllClose(centralDifferences(f, [a, b], 1, ones), tolerance);
  });
  await fc.assert(property, { seed: 4, numRuns: 100 });
});

test('a sum gives its gradient by broadcasting, and keeps nothing for its size', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['n', 4]);
  const square = e.mul(x, x);
  const loss = reduceSum(e.exp(reduceMean(square, { axis: 1, keepDims: true })));
  const [dx] = gradients(loss, [x]);
  const readers = reachable([dx]).filter((value) => readBy(value).includes(square));
  expect(readers.map(({ source }) => source.kind === 'op' && source.op.onnx)).toEqual([
    'ReduceMean',
  ]);
  expect(operators(graph, [dx])).not.toContain('Expand');
});
