import { afterAll, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph, reachable, type Value } from '../../src/graph/graph.ts';
import { withNarrowProducts } from '../../src/graph/narrow.ts';
import { castTo } from '../../src/graph/ops/cast.ts';
import { add, exp, mul } from '../../src/graph/ops/elementwise.ts';
import { gatherElements } from '../../src/graph/ops/gather.ts';
import { gemm, likeProduct, matmul } from '../../src/graph/ops/linear.ts';
import { reduceSum, reshape, transpose } from '../../src/graph/ops/shape.ts';
import type { Feeds } from '../../src/runtime/feeds.ts';
import { float32, int64 } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { numbers } from './run.ts';

const engine = await testEngine();
afterAll(() => engine.close());
const straight = { transA: false, transB: false };

/** What a graph gives, as it is and with narrow products. */
async function bothWays(build: (graph: Graph) => Record<string, Value>, feeds: Feeds) {
  const graph = new Graph();
  for (const [name, value] of Object.entries(build(graph))) graph.output(name, value);
  const run = async (one: Graph) => {
    const session = await engine.compile(one);
    return session.run(feeds);
  };
  return { plain: await run(graph), narrow: await run(withNarrowProducts(graph, 'float32')) };
}

const types = (graph: Graph) =>
  reachable(graph.outputs.values()).flatMap(({ source, dtype }) =>
    source.kind === 'op' ? [`${source.op.onnx} ${dtype}`] : [],
  );

test('operands of products are bfloat16, and results and sums of them are not', async () => {
  const { plain, narrow } = await bothWays(
    (graph) => {
      const x = graph.input('x', 'float32', [1, 1]);
      const y = gemm(x, graph.input('w', 'float32', [1, 1]), straight);
      return { y, sum: add(y, x) };
    },
    { x: float32([1 + 3 / 512], [1, 1]), w: float32([3], [1, 1]) },
  );
  expect(numbers(plain.y)).toEqual([3 + 9 / 512]);
  // x goes to 1 + 4/512; three of them, 3 + 12/512, lie between two bfloat16 and stay there
  expect(numbers(narrow.y)).toEqual([3 + 12 / 512]);
  expect(numbers(narrow.sum)).toEqual([4 + 15 / 512]); // x itself is what it was
});

test('a product that is exact, its gradient too, is left in float32', async () => {
  const { plain, narrow } = await bothWays(
    (graph) => {
      const x = graph.input('x', 'float32', [1, 1]);
      const y = gemm(x, x, { ...straight, exact: true });
      const loss = reduceSum(y);
      return { y, dx: gradients(loss, [x])[0] };
    },
    { x: float32([1 + 3 / 512], [1, 1]) },
  );
  expect(narrow).toEqual(plain);
});

test('what equals an element of a product is that element', async () => {
  const build = (graph: Graph) => {
    const x = graph.input('x', 'float32', [1, 2]);
    const w = graph.input('w', 'float32', [3, 2]);
    const all = gemm(x, w, { transA: false, transB: true });
    const row = graph.input('row', 'float32', [1, 2]);
    const own = reduceSum(mul(x, row), { axis: 1 });
    const chosen = gatherElements(all, graph.input('label', 'int64', [1, 1]));
    return { all, chosen: likeProduct(own, reshape(chosen, [1])) };
  };
  const w = [0.1, 0.2, 0.3, 0.7, 0.5, 0.6];
  const { plain, narrow } = await bothWays(build, {
    x: float32([0.123, 0.456], [1, 2]),
    w: float32(w, [3, 2]),
    row: float32(w.slice(2, 4), [1, 2]),
    label: int64([1], [1, 1]),
  });
  expect(numbers(narrow.chosen)).toEqual([numbers(narrow.all)[1]]);
  expect(numbers(narrow.chosen)).not.toEqual(numbers(plain.chosen));
  expect(numbers(plain.chosen)[0]).toBeCloseTo(numbers(plain.all)[1], 6);
});

test('what is moved from product to product is never widened', () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['n', 4]);
  const y = gemm(x, graph.weight('w', [4, 4]), straight);
  const heads = transpose(reshape(y, ['n', 2, 2]), { perm: [1, 0, 2] });
  const scores = matmul(heads, transpose(heads, { perm: [0, 2, 1] }));
  graph.output('scores', exp(scores));
  const { outputs } = withNarrowProducts(graph, 'bfloat16');
  expect(outputs.get('scores')!.dtype).toBe('float32');
  expect(types(withNarrowProducts(graph, 'bfloat16')).sort()).toEqual(
    [
      ...['Cast bfloat16', 'Cast bfloat16', 'Cast bfloat16', 'Gemm float32', 'MatMul float32'],
      ...['Reshape bfloat16', 'Transpose bfloat16', 'Transpose bfloat16', 'Exp float32'],
    ].sort(),
  );
});

test('whole numbers and graphs without products stay as they are', () => {
  const graph = new Graph();
  const ids = graph.input('ids', 'int64', ['n']);
  graph.output('y', add(castTo(ids, 'float32'), graph.scalar(1)));
  graph.output('ids', reshape(ids, ['n', 1]));
  expect(types(withNarrowProducts(graph, 'bfloat16'))).toEqual(types(graph));
});
