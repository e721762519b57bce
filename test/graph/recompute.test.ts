import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { costOf } from '../../src/graph/cost.ts';
import { Graph, type Value } from '../../src/graph/graph.ts';
import { encodeOnnx } from '../../src/graph/onnx.ts';
import { add, exp, mul, sigmoid, tanh } from '../../src/graph/ops/elementwise.ts';
import { gather } from '../../src/graph/ops/gather.ts';
import { gemm } from '../../src/graph/ops/linear.ts';
import { indicesAlong, reduceSum } from '../../src/graph/ops/shape.ts';
import { stopGradient } from '../../src/graph/ops/softmax.ts';
import { recompute } from '../../src/graph/recompute.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { operatorsOf } from './protobuf-reader.ts';
import { numbers, runGraph } from './run.ts';

/** How a part of a graph is built: as a segment, or just so. */
type Part = typeof recompute;
const plain: Part = (inputs, build) => build(...inputs);

const rows = 3;
const width = 4;
const layers = 4;
const wave = (length: number, phase: number) =>
  Float32Array.from({ length }, (_, i) => 0.7 * Math.sin(phase + 1.9 * i));

/** A few residual layers, each with a weight of its own and one that they share. */
function network(graph: Graph, part: Part) {
  const x = graph.input('x', 'float32', ['rows', width]);
  const shared = graph.input('shared', 'float32', [width, width]);
  const scale = exp(graph.input('scale', 'float32', [width])); // made outside, read inside
  const weights: Value[] = [];
  let h = x;
  for (let i = 0; i < layers; i++) {
    h = part([h], (h) => {
      const w = graph.input(`w${i}`, 'float32', [width, width]);
      weights[i] = w;
      const inner = tanh(gemm(h, w, { transA: false, transB: true }));
      const more = sigmoid(gemm(mul(inner, scale), shared, { transA: false, transB: false }));
      return add(h, mul(more, tanh(mul(inner, inner))));
    });
  }
  return {
    loss: reduceSum(mul(h, h)),
    h,
    wanted: [x, shared, graph.inputs.get('scale')!, ...weights],
  };
}

/** Loss and gradients of the network, by name. */
function trained(graph: Graph, part: Part): Record<string, Value> {
  const { loss, wanted } = network(graph, part);
  const slopes = gradients(loss, wanted).map((slope, i) => [`slope${i}`, slope]);
  return { loss, ...Object.fromEntries(slopes) };
}

const feeds: Record<string, Tensor> = {
  x: float32(wave(rows * width, 0), [rows, width]),
  shared: float32(wave(width * width, 1), [width, width]),
  scale: float32(wave(width, 2), [width]),
  ...Object.fromEntries(
    Array.from({ length: layers }, (_, i) => [
      `w${i}`,
      float32(wave(width * width, 3 + i), [width, width]),
    ]),
  ),
};

function graphOf(build: (graph: Graph) => Record<string, Value>): Graph {
  const graph = new Graph();
  for (const [name, value] of Object.entries(build(graph))) graph.output(name, value);
  return graph;
}

describe('a network in segments', () => {
  test('has the gradients of the same network without', async () => {
    const expected = await runGraph((graph) => trained(graph, plain), feeds);
    const found = await runGraph((graph) => trained(graph, recompute), feeds);
    expect(Object.keys(found)).toHaveLength(4 + layers);
    for (const [name, tensor] of Object.entries(expected)) {
      expect(found[name].shape).toEqual(tensor.shape);
      // the same operations on the same numbers; the engine may fuse others
      expect(numbers(found[name])).toBeAllClose(numbers(tensor), { atol: 1e-6, rtol: 1e-6 });
    }
  });

  test('keeps one tensor a segment: more layers cost it little', () => {
    const peak = (part: Part) =>
      costOf(
        graphOf((graph) => trained(graph, part)),
        { rows: 1000 },
      ).peakBytes;
    expect(peak(recompute)).toBeLessThan(0.65 * peak(plain));
  });

  test('computes its products once more, but for the last of each segment', () => {
    const flops = (part: Part) =>
      costOf(
        graphOf((graph) => trained(graph, part)),
        { rows },
      ).flops;
    // forward 2, backward 4 products a layer; both forward ones are needed again
    expect(flops(recompute) / flops(plain)).toBeCloseTo(8 / 6);
  });

  test('is the same forward', () => {
    const operators = (part: Part) => {
      const graph = graphOf((own) => ({ loss: network(own, part).loss }));
      return operatorsOf(encodeOnnx(graph, () => expect.fail()));
    };
    expect(operators(recompute)).toEqual(operators(plain));
  });

  test('has the second derivatives of the same network without', async () => {
    const twice = (part: Part) => (graph: Graph) => {
      const { loss, wanted } = network(graph, part);
      const [slope] = gradients(loss, wanted);
      return { second: gradients(reduceSum(mul(slope, slope)), wanted)[0] };
    };
    const [expected, found] = await Promise.all([
      runGraph(twice(plain), feeds),
      runGraph(twice(recompute), feeds),
    ]);
    expect(numbers(found.second)).toBeAllClose(numbers(expected.second), {
      atol: 1e-5,
      rtol: 1e-5,
    });
  });

  test('is made again once, however often gradients are asked for', () => {
    const graph = new Graph();
    const { loss, wanted } = network(graph, recompute);
    expect(gradients(loss, wanted)).toEqual(gradients(loss, wanted));
    const [first] = gradients(loss, wanted.slice(0, 1));
    expect(first).toBe(gradients(loss, wanted)[0]);
  });
});

/** d sum(f(x)) / dx at some numbers, by name. */
async function slopes(build: (x: Value) => Record<string, Value>, at: readonly number[]) {
  const found = await runGraph((graph) => build(graph.input('x', 'float32', ['n'])), {
    x: float32(at),
  });
  return Object.fromEntries(Object.entries(found).map(([name, tensor]) => [name, numbers(tensor)]));
}

test('segments may hold segments', async () => {
  const build = (x: Value) => {
    const y = recompute([x], (a) => {
      const inner = recompute([exp(a)], (b) => tanh(mul(b, b)));
      return mul(inner, a);
    });
    return { slope: gradients(reduceSum(y), [x])[0] };
  };
  const at = [-1, 0.2, 0.5];
  const f = (x: number) => x * Math.tanh(Math.exp(2 * x));
  const expected = at.map((x) => (f(x + 1e-5) - f(x - 1e-5)) / 2e-5);
  expect((await slopes(build, at)).slope).toBeAllClose(expected, { atol: 1e-5 }); // differences
});

test('a value inside a segment has its gradient too, and the segment is then kept', async () => {
  const build = (x: Value) => {
    let inner = x;
    const y = recompute([x], (a) => {
      inner = mul(a, a);
      return mul(inner, inner);
    });
    const [dx, dInner, dy] = gradients(reduceSum(mul(y, y)), [x, inner, y]);
    return { dx, dInner, dy };
  };
  // y = x^4 and the loss is x^8 = inner^4
  expect(await slopes(build, [2])).toEqual({ dx: [8 * 2 ** 7], dInner: [4 * 4 ** 3], dy: [32] });
});

test('what a segment takes from outside has its gradient, made in it or before it', async () => {
  const build = (x: Value) => {
    const before = mul(x, x);
    const y = recompute([x], (a) => {
      const table = gather(exp(before), indicesAlong(x, 0)); // hangs on no input
      return mul(mul(a, table), before);
    });
    const [dx, dBefore] = gradients(reduceSum(y), [x, before]);
    return { dx, dBefore };
  };
  const found = await slopes(build, [0.5, -1]);
  // y = x b e^b with b = x^2: dy/db = x (1 + b) e^b, dy/dx = b e^b + 2 x dy/db
  const dBefore = [0.5, -1].map((x) => x * (1 + x * x) * Math.exp(x * x));
  const dx = [0.5, -1].map((x, i) => x * x * Math.exp(x * x) + 2 * x * dBefore[i]);
  expect(found.dBefore).toBeAllClose(dBefore, { atol: 1e-6, rtol: 1e-6 });
  expect(found.dx).toBeAllClose(dx, { atol: 1e-6, rtol: 1e-6 });
});

test('a gradient that is not finite stays where it is', async () => {
  const build = (x: Value) => {
    const y = recompute([x], (a) => tanh(mul(a, a)));
    const slope = gradients(reduceSum(mul(y, x.graph.input('weights', 'float32', ['n']))), [x])[0];
    return { slope };
  };
  const { slope } = await runGraph((graph) => build(graph.input('x', 'float32', ['n'])), {
    x: float32([0.5, 0.25]),
    weights: float32([Infinity, 1]),
  });
  const expected = 0.5 * (1 - Math.tanh(0.0625) ** 2);
  expect(numbers(slope)[0]).toBeNaN(); // as without a segment: infinity - infinity
  expect(numbers(slope)[1]).toBeCloseTo(expected, 6); // the first element does not reach it
});

test('degenerate segments are no segments', async () => {
  const build = (x: Value) => {
    const itself = recompute([x], (a) => a);
    const constant = recompute([x], (a) => a.graph.scalar(3));
    const detached = recompute([x], (a) => stopGradient(exp(a)));
    const ids = recompute([indicesAlong(x, 0)], (i) => gather(mul(x, x), i)); // no float input
    const y = add(mul(itself, constant), mul(detached, ids));
    return { slope: gradients(reduceSum(y), [x])[0] };
  };
  const [a, b] = [0.5, -1];
  const expected = [a, b].map((v) => 3 + Math.exp(v) * 2 * v);
  expect((await slopes(build, [a, b])).slope).toBeAllClose(expected, { atol: 1e-6, rtol: 1e-6 });
});

test('a segment without elements has a gradient without elements', async () => {
  const build = (x: Value) => {
    const y = recompute([x], (a) => tanh(mul(a, a)));
    return { slope: gradients(reduceSum(y), [x])[0] };
  };
  expect((await slopes(build, [])).slope).toEqual([]);
});
