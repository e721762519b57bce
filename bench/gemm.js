import { Graph } from '../dist/graph/graph.js';
import { gemm } from '../dist/graph/ops/linear.js';
import { float32 } from '../dist/tensor.js';

/** [m, k, n] of FLAN-T5-base's layers for a minibatch of 704 tokens. */
const sizes = [
  [704, 768, 768],
  [704, 768, 2048],
  [704, 2048, 768],
];
const runs = 5;

/**
 * How fast the engine multiplies matrices, each weight as it is and transposed: what the arithmetic
 * of a model can be compared with. Operands and result stay with the engine.
 * @returns `round`, which measures, and `rate`: GFLOP/s at the best times of all rounds
 */
export async function gemmRate(engine) {
  const cases = [];
  for (const [m, k, n] of sizes) {
    for (const transB of [false, true]) {
      const graph = new Graph();
      const a = graph.input('a', 'float32', [m, k]);
      const b = graph.input('b', 'float32', transB ? [n, k] : [k, n]);
      graph.output('y', gemm(a, b, { transA: false, transB }));
      const name = `gemm ${m}x${k}x${n}${transB ? ' transposed' : ''}`;
      const session = await engine.compile(graph, { name, keep: { y: 'y' } });
      const state = await engine.state({ a: numbers(a.shape), b: numbers(b.shape) });
      cases.push({ session, state, flops: 2 * m * k * n, best: Number.POSITIVE_INFINITY });
    }
  }
  return {
    async round() {
      for (const one of cases) {
        for (let i = 0; i < runs; i++) {
          const start = performance.now();
          await one.session.run({}, one.state);
          one.best = Math.min(one.best, (performance.now() - start) / 1000);
        }
      }
    },
    rate() {
      const sum = (name) => cases.reduce((total, one) => total + one[name], 0);
      return sum('flops') / sum('best') / 1e9;
    },
    async close() {
      for (const { session, state } of cases) {
        await session.close();
        await state.close();
      }
    },
  };
}

/** Numbers within [-1, 1] that are neither all the same nor tiny. */
function numbers(shape) {
  const data = Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i));
  return float32(data, shape);
}
