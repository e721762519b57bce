import { afterAll, beforeAll, expect, test } from 'vitest';
import { costOf } from '../../src/graph/cost.ts';
import { type LoadPolicyOptions, loadPolicy, policyShape } from '../../src/model/load.ts';
import { crossEntropy, gradientGraph } from '../../src/model/policy-graphs.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { move, tinyLora, tinyModelFolder, tinySequences, tinyT5 } from './tiny.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const sequences = tinySequences();
const weights = sequences.map(({ labels }) => new Float32Array(labels.length).fill(0.05));

/** Loss and gradients of a policy that has moved away from where adapters start. */
async function learnt(options: LoadPolicyOptions) {
  const { policy } = await loadPolicy(engine, options);
  await move(policy);
  const result = await policy.gradient(crossEntropy, sequences, { weights });
  await policy.close();
  return result;
}

test.each([
  ['an adapter', { lora: tinyLora, valueHead: 'zero' }],
  ['every weight', { trainable: 'all' }],
] as const)('%s has the same gradients with and without checkpointing', async (_, trained) => {
  const options = { model: await tinyModelFolder(engine), ...trained };
  const plain = await learnt(options);
  const segments = await learnt({ ...options, gradientCheckpointing: true });
  expect(segments.loss).toBeCloseTo(plain.loss, 6);
  expect([...segments.gradients.keys()]).toEqual([...plain.gradients.keys()]);
  for (const [name, { data }] of plain.gradients) {
    // the same operations, but for what the engine fuses
    expect(segments.gradients.get(name)?.data).toBeAllClose(data, { atol: 1e-6, rtol: 1e-5 });
  }
});

test('with checkpointing, a deeper model takes little more memory to train', () => {
  const sizes = { prompts: 4, source: 320, sourceTokens: 1280, readers: 1 };
  const peak = (layers: number, gradientCheckpointing: boolean) => {
    const sized = { dModel: 64, dKv: 16, dFf: 128, heads: 4 };
    const config = { ...tinyT5, ...sized, layers, decoderLayers: layers };
    const shape = policyShape(config, {
      ...{
        lora: { ...tinyLora, targetModules: ['q', 'v'] },
        trainable: 'adapter',
        valueHead: true,
      },
      gradientCheckpointing,
    });
    const { graph } = gradientGraph(shape, crossEntropy);
    return costOf(graph, { ...sizes, batch: 4, target: 64, tokens: 256 }).peakBytes;
  };
  expect(peak(12, false)).toBeGreaterThan(5 * peak(2, false));
  expect(peak(12, true)).toBeLessThan(1.6 * peak(2, true));
  expect(peak(12, true)).toBeLessThan(0.25 * peak(12, false));
});
