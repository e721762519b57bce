/** The graph that shows whether an engine is to be trusted: small, with the ops that training uses. */
import { gradients } from '../graph/autodiff.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { add, div, mul, sigmoid, sqrt, sub } from '../graph/ops/elementwise.ts';
import { gather } from '../graph/ops/gather.ts';
import { gemm, matmul } from '../graph/ops/linear.ts';
import { reduceMean } from '../graph/ops/reduce.ts';
import { reduceSum, reshape, swapLast, transpose } from '../graph/ops/shape.ts';
import { logSumExp, softmax } from '../graph/ops/softmax.ts';
import { randomStream } from '../random.ts';
import { float32, int64, type Tensor } from '../tensor.ts';

/** Sizes of the graph. */
export interface TestSizes {
  readonly width: number;
  /** A divisor of the width. */
  readonly heads: number;
  readonly inner: number;
  readonly vocabulary: number;
  /** Of the adapters. */
  readonly rank: number;
  readonly blocks: number;
}

const small = { width: 64, heads: 4, inner: 96, vocabulary: 128, rank: 4, blocks: 2 };

/** A graph, the shapes of its weights, and what to feed. */
export interface SelfTestGraph {
  readonly graph: Graph;
  readonly weights: ReadonlyMap<string, readonly number[]>;
  /** For a number of tokens. */
  feeds(tokens: number): Readonly<Record<string, Tensor>>;
}

/**
 * T5-like blocks with adapters, and the loss of a language model: `logits`, `loss`, and the
 * gradient of every adapter weight. Square weights are used forward and backward.
 */
export function selfTestGraph(sizes: TestSizes = small): SelfTestGraph {
  const { width, heads, inner, vocabulary, rank, blocks } = sizes;
  const graph = new Graph();
  const adapters = new Map<string, Value>();
  const weight = (name: string, ...shape: number[]) => graph.weight(name, shape);
  const adapter = (name: string, ...shape: number[]) => {
    const value = graph.input(name, 'float32', shape);
    adapters.set(name, value);
    return value;
  };
  const byRows = { transA: false, transB: true };
  const norm = (name: string, x: Value) => {
    const deviation = sqrt(
      add(reduceMean(mul(x, x), { axis: -1, keepDims: true }), graph.scalar(1e-6)),
    );
    return mul(div(x, deviation), weight(name, width));
  };
  const linear = (name: string, x: Value, outputs: number) =>
    gemm(x, weight(name, outputs, x.shape[1] as number), byRows);
  const adapted = (name: string, x: Value) => {
    const low = gemm(x, adapter(`${name}.a`, rank, width), byRows);
    return add(linear(name, x, width), gemm(low, adapter(`${name}.b`, width, rank), byRows));
  };
  // [tokens, width] -> [heads, tokens, width / heads]
  const split = (x: Value) =>
    transpose(reshape(x, [x.shape[0], heads, width / heads]), { perm: [1, 0, 2] });
  const attention = (name: string, x: Value) => {
    const query = split(adapted(`${name}.q`, x));
    const key = split(linear(`${name}.k`, x, width));
    const value = split(adapted(`${name}.v`, x));
    const scores = mul(matmul(query, swapLast(key)), graph.scalar((width / heads) ** -0.5));
    const weights = softmax(scores, { axis: -1 });
    const merged = transpose(matmul(weights, value), { perm: [1, 0, 2] });
    return linear(`${name}.o`, reshape(merged, [x.shape[0], width]), width);
  };
  const feedForward = (name: string, x: Value) => {
    const gate = linear(`${name}.gate`, x, inner);
    const h = mul(mul(gate, sigmoid(gate)), linear(`${name}.in`, x, inner));
    return linear(`${name}.out`, h, width);
  };

  const table = weight('table', vocabulary, width);
  const labels = graph.input('labels', 'int64', ['tokens']);
  let x = gather(table, graph.input('ids', 'int64', ['tokens']));
  for (let i = 0; i < blocks; i++) {
    x = add(x, attention(`block.${i}`, norm(`block.${i}.norm`, x)));
    x = add(x, feedForward(`block.${i}`, norm(`block.${i}.norm2`, x)));
  }
  const hidden = norm('norm', x);
  const logits = gemm(hidden, table, byRows);
  const chosen = reduceSum(mul(hidden, gather(table, labels)), { axis: 1 });
  const loss = reduceMean(sub(logSumExp(logits), chosen));
  graph.output('logits', logits);
  graph.output('loss', loss);
  const parts = gradients(loss, [...adapters.values()]);
  for (const [i, name] of [...adapters.keys()].entries()) graph.output(`d ${name}`, parts[i]);

  const shapes = [...graph.weights].map(([name, { shape }]) => [name, shape as number[]] as const);
  return {
    graph,
    weights: new Map(shapes),
    feeds(tokens) {
      const ids = (name: string) => {
        const { integer } = randomStream(1, ['self-test', name, tokens]);
        return int64(Array.from({ length: tokens }, () => integer(vocabulary)));
      };
      const values = [...adapters].map(([name, { shape }]) => {
        return [name, float32(noise(name, shape as number[]), shape as number[])] as const;
      });
      return { ids: ids('ids'), labels: ids('labels'), ...Object.fromEntries(values) };
    },
  };
}

/** Different numbers of a tensor, a prime: those of a larger one come again. */
const most = 65_537;

/** Normal numbers that keep the size of what they multiply: [outputs, inputs], or ones and a bit. */
export function noise(name: string, shape: readonly number[]): Float32Array {
  const { normal } = randomStream(1, ['self-test', name]);
  const size = shape.reduce((all, dim) => all * dim, 1);
  const [scale, shift] = shape.length > 1 ? [shape[1] ** -0.5, 0] : [0.1, 1];
  const some = Float32Array.from({ length: Math.min(size, most) }, () => shift + scale * normal());
  if (size <= most) return some;
  const all = new Float32Array(size);
  for (let start = 0; start < size; start += most) {
    all.set(some.subarray(0, Math.min(most, size - start)), start);
  }
  return all;
}
