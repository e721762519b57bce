import { describe, expect, test } from 'vitest';
import type { T5Config } from '../../src/family/t5/config.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { costOf, multiplierBytes } from '../../src/graph/cost.ts';
import { Graph, reachable, type Value } from '../../src/graph/graph.ts';
import { add, exp, mul, neg, tanh } from '../../src/graph/ops/elementwise.ts';
import { gemm, matmul } from '../../src/graph/ops/linear.ts';
import { concat, indicesAlong, reduceSum, reshape, slice } from '../../src/graph/ops/shape.ts';
import { stopGradient } from '../../src/graph/ops/softmax.ts';
import { concreteShapes } from '../../src/graph/sizes.ts';
import { crossEntropy, gradientGraph, scoreGraph } from '../../src/model/policy-graphs.ts';
import { float32 } from '../../src/tensor.ts';
import { tinyT5 } from '../model/tiny.ts';
import { runGraph } from './run.ts';

/** A graph with some outputs. */
function graphOf(build: (graph: Graph) => Record<string, Value>): Graph {
  const graph = new Graph();
  for (const [name, value] of Object.entries(build(graph))) graph.output(name, value);
  return graph;
}

const plain = { transA: false, transB: false };

describe('flops', () => {
  test('are 2 m n k of each matrix product, whichever side is transposed', () => {
    for (const transA of [false, true]) {
      for (const transB of [false, true]) {
        const graph = graphOf((g) => {
          const a = g.input('a', 'float32', transA ? ['k', 'm'] : ['m', 'k']);
          const b = g.input('b', 'float32', transB ? ['n', 'k'] : ['k', 'n']);
          return { y: gemm(a, b, { transA, transB }) };
        });
        expect(costOf(graph, { m: 3, n: 5, k: 7 }).flops).toBe(2 * 3 * 5 * 7);
      }
    }
  });

  test('of a product of stacks are those of each pair, broadcast ones too', () => {
    const graph = graphOf((g) => {
      const a = g.input('a', 'float32', ['batch', 4, 'rows', 6]);
      return { y: matmul(a, g.weight('b', [1, 1, 6, 5])) };
    });
    expect(costOf(graph, { batch: 2, rows: 3 }).flops).toBe(2 * (2 * 4) * 3 * 5 * 6);
  });

  test('of nodes that no output needs do not count', () => {
    const graph = graphOf((g) => {
      const a = g.input('a', 'float32', ['n', 3]);
      gemm(a, g.weight('w', [3, 1000]), plain);
      return { y: exp(a) };
    });
    expect(costOf(graph, { n: 2 })).toEqual({ flops: 0, peakBytes: 24, weightBytes: 0 });
  });
});

describe('the peak', () => {
  const n = 1000;
  const peak = (build: (x: Value) => Record<string, Value>) =>
    costOf(
      graphOf((graph) => build(graph.input('x', 'float32', ['n']))),
      { n },
    ).peakBytes;

  test('of a chain is two tensors: a value goes after its last use', () => {
    expect(peak((x) => ({ y: neg(tanh(exp(neg(x)))) }))).toBe(2 * 4 * n);
  });

  test('of values that wait for a later one is all of them', () => {
    // a = exp x, b = tanh a, c = neg b, then c + a: a, b and c, and later a, c and the sum
    const build = (x: Value) => {
      const a = exp(x);
      return { y: add(neg(tanh(a)), a) };
    };
    expect(peak(build)).toBe(3 * 4 * n);
  });

  test('has outputs to the end', () => {
    const build = (x: Value) => {
      const a = exp(x);
      return { a, y: neg(tanh(a)) };
    };
    expect(peak(build)).toBe(3 * 4 * n);
  });

  test('counts a reshaped value once, and holds it as long as its original is read', () => {
    const build = (x: Value) => {
      const a = exp(x);
      const square = reshape(a, ['n', 1]);
      return { y: add(stopGradient(reshape(neg(square), ['n'])), a) };
    };
    expect(peak(build)).toBe(3 * 4 * n); // a, its negative, the sum
    expect(peak((x) => ({ y: reshape(x, ['n', 1]) }))).toBe(0); // a view of an input
  });

  test('of masks and ids goes by their own size an element', () => {
    expect(peak((x) => ({ ids: indicesAlong(x, 0) }))).toBe(8 + 8 * n); // the limit, then the ids
  });
});

test('weights that products multiply by count once as they are and once transposed', () => {
  const bytes = (build: (x: Value, w: Value) => Value) =>
    multiplierBytes(
      graphOf((graph) => {
        const x = graph.input('x', 'float32', ['n', 8]);
        return { y: build(x, graph.weight('w', [8, 8])) };
      }),
    );
  const by = (x: Value, w: Value, transB: boolean) => gemm(x, w, { transA: false, transB });
  expect(bytes((x, w) => add(x, reduceSum(w, { axis: 0 })))).toBe(0);
  expect(bytes((x, w) => matmul(matmul(x, w), w))).toBe(4 * 64);
  expect(bytes((x, w) => by(by(x, w, true), w, true))).toBe(4 * 64);
  expect(bytes((x, w) => matmul(by(x, w, true), w))).toBe(2 * 4 * 64);
});

describe('sizes', () => {
  test('that the graph cannot know are asked for by name', () => {
    const graph = graphOf((g) => ({ y: exp(g.input('x', 'float32', ['batch*time', 2])) }));
    expect(costOf(graph, { batch: 3, time: 5 }).peakBytes).toBe(4 * 3 * 5 * 2);
    expect(costOf(graph, { 'batch*time': 4 }).peakBytes).toBe(4 * 4 * 2);
    expect(() => costOf(graph, { batch: 3 })).toThrow(
      'internal: the size of "time" is not known; given: batch',
    );
  });

  test('of joined and cut axes follow from the parts', () => {
    const graph = graphOf((g) => {
      const [past, now] = [g.input('past', 'float32', ['p', 2]), g.input('now', 'float32', [1, 2])];
      const keys = concat(past, now, { axis: 0, dim: 'keys' });
      const cut = slice(keys, { axis: 0, start: 2, end: 100, dim: 'cut' });
      return { y: exp(cut) };
    });
    expect(costOf(graph, { p: 6 }).peakBytes).toBe(4 * 2 * (7 + 5)); // keys and cut, cut and y
  });

  test('are those that the engine finds, in a graph with its gradients', async () => {
    const outputs: Record<string, Value> = {};
    const found = await runGraph(
      (graph) => {
        const x = graph.input('x', 'float32', ['a', 'b']);
        const more = concat(x, mul(x, x), { axis: 1, dim: 'twice' });
        const part = slice(tanh(more), { axis: 1, start: 1, end: 4 });
        const rows = reshape(part, ['a*3']);
        const [slope] = gradients(reduceSum(mul(rows, rows)), [x]);
        return Object.assign(outputs, { more, part, rows, slope });
      },
      { x: float32([1, 2, 3, 4, 5, 6], [2, 3]) },
    );
    const shapes = concreteShapes(reachable(Object.values(outputs)), { a: 2, b: 3 });
    for (const [name, value] of Object.entries(outputs)) {
      expect(shapes.get(value)).toEqual(found[name].shape);
    }
  });
});

describe('a T5', () => {
  const sizes = {
    ...{ prompts: 2, source: 11, sourceTokens: 17, readers: 2 },
    ...{ batch: 3, target: 7, tokens: 15 },
  };
  const rank = 2;
  const lora = { rank, scale: 1, targetModules: ['q', 'v'] };

  /** Flops by kind: see Raffel et al. 2020 for the layers, each product being 2 m n k. */
  function parts({ dModel, dFf, heads, dKv, vocabSize, layers, decoderLayers }: T5Config) {
    const { prompts, batch, source, target } = sizes;
    const inner = heads * dKv;
    const [fromSource, fromTarget] = [2 * sizes.sourceTokens, 2 * sizes.tokens];
    const attention = (rows: number, queries: number, keys: number) =>
      2 * 2 * rows * inner * queries * keys;
    const square = dModel * inner;
    const mlp = 3 * dModel * dFf; // gated: two in, one out
    const low = rank * (dModel + inner);
    return {
      linear:
        layers * fromSource * (4 * square + mlp) +
        decoderLayers * (fromTarget * (6 * square + mlp) + fromSource * 2 * square) +
        fromTarget * dModel * vocabSize,
      attention:
        layers * attention(prompts, source, source) +
        decoderLayers * (attention(batch, target, target) + attention(batch, target, source)),
      lora:
        layers * fromSource * 2 * low + decoderLayers * (fromTarget * 3 * low + fromSource * low),
      // q, k, v and the keys of both first blocks: below them nothing trains
      belowTheFirstAdapter:
        (fromSource + fromTarget) * (3 * square + 2 * rank * dModel) +
        (attention(prompts, source, source) + attention(batch, target, target)) / 2,
    };
  }

  test('costs forward what its layers say', () => {
    const { linear, attention, lora: low } = parts(tinyT5);
    const { graph } = scoreGraph({ config: tinyT5, valueHead: false });
    expect(costOf(graph, sizes).flops).toBe(linear + attention);
    const adapted = scoreGraph({ config: tinyT5, valueHead: false, lora });
    expect(costOf(adapted.graph, sizes).flops).toBe(linear + attention + low);
  });

  test('costs three times that to train, all of it', () => {
    const { linear, attention } = parts(tinyT5);
    const shape = { config: tinyT5, valueHead: false, variable: () => true };
    const { graph } = gradientGraph(shape, crossEntropy);
    expect(costOf(graph, sizes)).toMatchObject({ flops: 3 * (linear + attention), weightBytes: 0 });
  });

  test('costs twice its frozen layers, and three times the rest, to train an adapter', () => {
    const { linear, attention, lora: low, belowTheFirstAdapter } = parts(tinyT5);
    const { graph } = gradientGraph({ config: tinyT5, valueHead: false, lora }, crossEntropy);
    const expected = 2 * linear + 3 * (attention + low) - belowTheFirstAdapter;
    expect(costOf(graph, sizes).flops).toBe(expected);
  });

  test('has its weights once, the tied ones too', () => {
    const { dModel, dFf, heads, dKv, vocabSize, layers, decoderLayers, relativeBuckets } = tinyT5;
    const { graph } = scoreGraph({ config: tinyT5, valueHead: false });
    const mlp = 3 * dModel * dFf;
    const square = dModel * heads * dKv;
    const blocks =
      layers * (4 * square + mlp + 2 * dModel) + decoderLayers * (8 * square + mlp + 3 * dModel);
    const rest = vocabSize * dModel + 2 * relativeBuckets * heads + 2 * dModel;
    expect(costOf(graph, sizes).weightBytes).toBe(4 * (blocks + rest));
  });

  test('keeps more when it trains than when it scores, and more for more tokens', () => {
    const shape = { config: tinyT5, valueHead: false, lora };
    const [score, train] = [scoreGraph(shape), gradientGraph(shape, crossEntropy)];
    const scored = costOf(score.graph, sizes).peakBytes;
    const trained = costOf(train.graph, sizes).peakBytes;
    expect(trained).toBeGreaterThan(3 * scored);
    const twice = { ...sizes, prompts: 4, sourceTokens: 34, batch: 6, tokens: 30 };
    expect(costOf(train.graph, twice).peakBytes / trained).toBeCloseTo(2, 1);
  });
});
