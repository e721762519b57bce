import { expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { add } from '../../src/graph/ops/elementwise.ts';
import { indicesAlong, reduceSum } from '../../src/graph/ops/shape.ts';
import { packedFeeds } from '../../src/model/batch.ts';
import { maskBias, windowBias } from '../../src/nn/layers.ts';
import { firstOf, meanOf } from '../../src/nn/pooling.ts';
import { packingInputs } from '../../src/nn/rows.ts';
import { float32 } from '../../src/tensor.ts';
import { goldenTensors } from '../golden.ts';
import { numbers, runGraph } from '../graph/run.ts';

test('a window hides what transformers hides', async () => {
  // create_bidirectional_sliding_window_mask of transformers 5.24.0, local_attention 6
  const golden = await goldenTensors('families', 'modernbert', 'layers.safetensors');
  const mask = golden.get('mask')!;
  const { bias } = await runGraph(
    (graph) => {
      const real = graph.input('mask', 'float32', ['batch', 'time']);
      return { bias: add(maskBias(real), windowBias(indicesAlong(real, 1), 3)) };
    },
    { mask: float32(Float32Array.from(numbers(mask)), mask.shape) },
  );
  const seen = numbers(bias).map((x) => Number(x === 0));
  expect(bias.shape).toEqual([2, 1, 9, 9]);
  expect(seen).toEqual(numbers(golden.get('window')!));
});

test('texts are pooled without their padding', async () => {
  const rows = [[1, 2, 3], [4]];
  const { textIds: _, ...packing } = packedFeeds('text', rows);
  const { first, mean, gradient } = await runGraph(
    (graph) => {
      const x = graph.input('x', 'float32', ['tokens', 2]);
      const places = packingInputs(graph, 'text', { batch: 'b', time: 't', tokens: 'tokens' });
      const mean = meanOf(x, places);
      const [gradient] = gradients(reduceSum(mean), [x]);
      return { first: firstOf(x, places), mean, gradient };
    },
    { ...packing, x: float32([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]) },
  );
  expect(numbers(first)).toEqual([1, 2, 7, 8]);
  expect(numbers(mean)).toEqual([3, 4, 7, 8]);
  const third = Math.fround(1 / 3);
  expect(numbers(gradient)).toEqual([third, third, third, third, third, third, 1, 1]);
});
