import { afterAll, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Feeds } from '../../src/runtime/feeds.ts';
import { selfTest, tolerances } from '../../src/runtime/self-test.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { openEngine } from '../engine.ts';

const trusted = await openEngine('onnxruntime', { threads: 1 });
afterAll(() => trusted.close());

/** The engine with other results. */
function changed(change: (name: string, tensor: Tensor) => Tensor): Engine {
  return {
    ...trusted,
    async compile(graph, options) {
      const session = await trusted.compile(graph, options);
      const run = async (feeds: Feeds) => {
        const results = Object.entries(await session.run(feeds));
        return Object.fromEntries(results.map(([name, tensor]) => [name, change(name, tensor)]));
      };
      return { ...session, run };
    },
  };
}

function scaled({ data, shape }: Tensor, factor: number): Tensor {
  return float32(
    (data as Float32Array).map((x) => x * factor),
    shape,
  );
}

test('an engine agrees with itself', async () => {
  const result = await selfTest(trusted, trusted, tolerances.f32);
  expect(result).toEqual({ passed: true, text: 'loss off by 0.0 %, logits by 0.0 %' });
});

test.each([
  ['loss', 1.01, { f32: false, bf16: true }],
  ['loss', 1.03, { f32: false, bf16: false }],
  ['d block.1.v.a', 1.05, { f32: false, bf16: true }],
  ['d block.0.q.b', 1.1, { f32: false, bf16: false }],
  ['logits', 1 + 1e-5, { f32: true, bf16: true }],
])('%s times %d is let pass by what fits the precision', async (name, factor, passes) => {
  const wrong = changed((output, tensor) => (output === name ? scaled(tensor, factor) : tensor));
  for (const precision of ['f32', 'bf16'] as const) {
    const { passed, text } = await selfTest(wrong, trusted, tolerances[precision]);
    expect([precision, passed]).toEqual([precision, passes[precision]]);
    expect(text).toContain(name);
  }
});

test('NaN fails, and is told', async () => {
  const wrong = changed((name, tensor) => (name === 'logits' ? scaled(tensor, NaN) : tensor));
  const { passed, text } = await selfTest(wrong, trusted, tolerances.bf16);
  expect(passed).toBe(false);
  expect(text).toContain('logits by Infinity %');
});

test('an engine that cannot compute it has failed, with its reason', async () => {
  const broken = { ...trusted, compile: async () => Promise.reject(new Error('no such op')) };
  expect(await selfTest(broken, trusted, tolerances.f32)).toEqual({
    passed: false,
    text: 'no such op',
  });
});
