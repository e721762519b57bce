/** The same bits whatever the number of threads, the same tokens whatever the batching. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { presets } from '../../src/jobs/presets.ts';
import { loadPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import { drawOf, randomStream } from '../../src/random.ts';
import { RlConfig } from '../../src/rl/config.ts';
import { RlLearner } from '../../src/rl/learner.ts';
import { rlSample } from '../../src/rl/sample.ts';
import { placesOf } from '../../src/rl/trl/places.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { openEngine } from '../engine.ts';

// the demo's models: large enough for ONNX Runtime to split their work among threads
const { model, adapter } = presets.demo;
const generation = GenerationConfig.parse({ maxNewTokens: 24 });
const random = randomStream(3, ['determinism']);
/** Queries of many lengths. */
const queries = Array.from({ length: 12 }, () =>
  Array.from({ length: 20 + random.integer(180) }, () => 3 + random.integer(200)),
);
const draw = { seed: 5, key: ['determinism'] };

/** All numbers of one training step, as bytes. */
async function trained(threads: number): Promise<Record<string, Uint8Array>> {
  const engine = await openEngine('onnxruntime', { threads });
  const { policy } = await loadPolicy(engine, { model, adapter, valueHead: 'zero' });
  const config = RlConfig.parse({
    batchSize: 12,
    miniBatchSize: 6,
    learningRate: 1e-3,
    calibrate: 0,
  });
  const reference = await policy.parameters.copy();
  const learner = new RlLearner({ policy, reference, config });
  const generations = await policy.generate(queries, generation, draw);
  const { mask } = placesOf(config);
  const start = policy.shape.config.decoderStartId;
  const samples = generations.map(({ response, truncated }, i) =>
    rlSample(queries[i], [start, ...response], { mask, truncated }),
  );
  const { logprobs } = await learner.step(
    samples,
    generations.map((_, i) => Math.sin(i)),
  );
  const bytesOf = ({ buffer }: Float32Array | Int32Array) => new Uint8Array(buffer.slice(0));
  const bytes = [...policy.parameters.tensors].map(([name, { data }]) => [name, bytesOf(data)]);
  bytes.push(...logprobs.map((row, i) => [`logprobs ${i}`, bytesOf(row)]));
  const tokens = generations.flatMap(({ response }) => response);
  bytes.push(['tokens', bytesOf(Int32Array.from(tokens))]);
  await policy.close();
  await engine.close();
  return Object.fromEntries(bytes);
}

test('one thread, two and three give the same tokens, logprobs and parameters, bit for bit', async () => {
  const alone = await trained(1);
  expect(await trained(2)).toEqual(alone);
  expect(await trained(3)).toEqual(alone);
});

let engine: Engine;
let policy: Policy;
beforeAll(async () => {
  engine = await openEngine('onnxruntime', { threads: 1 });
  ({ policy } = await loadPolicy(engine, { model, adapter }));
});
afterAll(async () => {
  await policy.close();
  await engine.close();
});

test('rollouts have the same tokens one by one, in parts and all together', async () => {
  const together = await policy.generate(queries, generation, draw);
  for (const size of [1, 5]) {
    const parts = [];
    for (let first = 0; first < queries.length; first += size) {
      const own = queries.slice(first, first + size);
      const later = drawOf(
        draw,
        own.map((_, i) => first + i),
      );
      parts.push(...(await policy.generate(own, generation, later)));
    }
    for (const [i, { response, logprobs }] of parts.entries()) {
      expect(response, `${size} at a time`).toEqual(together[i].response);
      // float32 sums in another order
      expect(logprobs).toBeAllClose(together[i].logprobs, { atol: 1e-5, rtol: 1e-5 });
    }
  }
});
