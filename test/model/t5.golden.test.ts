import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelConfig } from '../../src/family/config.ts';
import type { T5Config } from '../../src/family/t5/config.ts';
import { relativeBucket } from '../../src/family/t5/position-bias.ts';
import type { Sequence } from '../../src/model/batch.ts';
import { loadPolicy, type Trainable } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { crossEntropy } from '../../src/model/policy-graphs.ts';
import { GenerationConfig, warpLogits } from '../../src/model/sampling.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensor } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { goldenJson, goldenPath, goldenTensors } from '../golden.ts';
import { expectGreedy } from '../greedy.ts';
import { expectGradients, logitsTolerance, ragged, rows2, supervised } from '../tensors.ts';

let engine: Engine;
let policy: Policy;
let config: T5Config;
let forward: Map<string, Tensor>;

async function goldenPolicy(trainable: Trainable) {
  const parts = await loadPolicy(engine, { model: goldenPath('t5', 'model'), trainable });
  return parts.policy;
}

/** Rows of the forward golden; each position is scored for the next decoder id. */
function goldenSequences(): Sequence[] {
  const queries = ragged(forward.get('input_ids')!, forward.get('attention_mask')!);
  const decoders = ragged(
    forward.get('decoder_input_ids')!,
    forward.get('decoder_attention_mask')!,
  );
  return queries.map((query, i) => {
    const inputs = decoders[i];
    return { query, inputs, labels: [...inputs.slice(1), config.eosIds[0]] }; // the last label is ours
  });
}

beforeAll(async () => {
  engine = await testEngine();
  policy = await goldenPolicy('nothing');
  config = (await readModelConfig(goldenPath('t5', 'model'))) as T5Config;
  forward = await goldenTensors('t5', 'forward.safetensors');
});
afterAll(async () => {
  await policy.close();
  await engine.close();
});

test('logits equal those of transformers at every real position', async () => {
  const logits = rows2(forward.get('logits')!);
  for (const [i, sequence] of goldenSequences().entries()) {
    const { data } = await policy.logits(sequence);
    const expected = logits[i].slice(0, sequence.labels.length * config.vocabSize);
    expect(data).toBeAllClose(expected, logitsTolerance);
  }
});

test('logprobs of the response tokens equal those of transformers, for the whole batch', async () => {
  const expected = rows2(forward.get('logprobs_gathered')!);
  const scores = await policy.score(goldenSequences());
  scores.forEach(({ logprobs }, i) => {
    const known = logprobs.slice(0, -1);
    expect(known).toBeAllClose(expected[i].slice(0, known.length), logitsTolerance);
  });
});

test('a batch of one gives the same logprobs as a batch of n', async () => {
  const sequences = goldenSequences();
  const together = await policy.score(sequences);
  for (const [i, sequence] of sequences.entries()) {
    const [alone] = await policy.score([sequence]);
    // float32 sums in another order
    expect(alone.logprobs).toBeAllClose(together[i].logprobs, { atol: 1e-5 });
  }
});

test('logits are right beyond the largest relative distance', async () => {
  const long = await goldenTensors('t5', 'long.safetensors');
  const [query] = ragged(long.get('input_ids')!);
  const [inputs] = ragged(long.get('decoder_input_ids')!);
  const { data } = await policy.logits({ query, inputs, labels: inputs });
  const last = rows2(long.get('logits_last4')!)[0];
  expect(data.slice(-last.length)).toBeAllClose(last, logitsTolerance);
});

describe('relative position buckets', async () => {
  interface Buckets {
    num_buckets: number;
    max_distance: number;
    [name: string]: number | number[] | string;
  }
  const golden = await goldenJson<Buckets>('t5', 'relative_buckets.json');
  const cases = [
    ['bidirectional', true, golden.num_buckets, golden.max_distance],
    ['unidirectional', false, golden.num_buckets, golden.max_distance],
    ['std32_128_bidirectional', true, 32, 128],
    ['std32_128_unidirectional', false, 32, 128],
  ] as const;
  test.each(cases)(
    'equal those of transformers: %s',
    (name, bidirectional, buckets, maxDistance) => {
      const expected = golden[name] as number[];
      const reach = (expected.length - 1) / 2;
      const actual = expected.map((_, i) =>
        relativeBucket(i - reach, { bidirectional, buckets, maxDistance }),
      );
      expect(actual).toEqual(expected);
    },
  );
});

describe('greedy decoding', async () => {
  interface Run {
    name: string;
    kwargs: {
      max_new_tokens?: number;
      max_length?: number;
      min_length?: number;
      min_new_tokens?: number;
    };
    batch_with_mask: number[][];
  }
  const { runs } = await goldenJson<{ runs: Run[] }>('t5', 'generate_greedy.json');
  test.each(runs)('gives the ids of transformers: $name', async ({ kwargs, batch_with_mask }) => {
    const generation = GenerationConfig.parse({
      sample: false,
      // transformers' default of 20 does not count the decoder start
      maxNewTokens: kwargs.max_new_tokens ?? (kwargs.max_length ? kwargs.max_length - 1 : 20),
      minLength: kwargs.min_length ?? 0,
      minNewTokens: kwargs.min_new_tokens ?? 0,
    });
    const queries = goldenSequences().map(({ query }) => query);
    const generations = await policy.generate(queries, generation, { seed: 0, key: [] });
    for (const [i, { response }] of generations.entries()) {
      const expected = untilEnd(batch_with_mask[i], config.eosIds[0]);
      await expectGreedy(policy, queries[i], [[config.decoderStartId, ...response], expected]);
    }
  });
});

describe('warped logits', async () => {
  interface Run {
    name: string;
    kwargs: Record<string, number | boolean | string>;
    steps: number[];
    kept: Record<string, number>;
  }
  const golden = await goldenJson<{ runs: Run[] }>('t5', 'warped_logits.json');
  const tensors = await goldenTensors('t5', 'warped_logits.safetensors');
  test.each(golden.runs)('equal those of transformers: $name', ({ name, kwargs, steps, kept }) => {
    const generation = GenerationConfig.parse({
      temperature: kwargs.temperature ?? 1,
      topK: kwargs.effective_top_k ?? kwargs.top_k ?? 50, // transformers' default is 50
      topP: kwargs.top_p ?? 1,
      minLength: kwargs.min_length ?? 0,
      minNewTokens: kwargs.min_new_tokens ?? 0,
    });
    for (const step of steps) {
      const raw = tensors.get(`${name}.step${step}.raw`)!.data as Float32Array;
      const expected = tensors.get(`${name}.step${step}.warped`)!.data as Float32Array;
      const warped = warpLogits(raw, generation, { newTokens: step, eosIds: config.eosIds });
      expect(warped).toBeAllClose(expected, { atol: 1e-6, rtol: 1e-6 }); // one float32 division
      expect(warped.filter((x) => x > -Infinity)).toHaveLength(kept[step]);
    }
  });
});

test('gradients of every parameter equal those of PyTorch', async () => {
  const trained = await goldenPolicy('all');
  const { sequences, weights } = supervised(forward);
  const { loss, gradients } = await trained.gradient(crossEntropy, sequences, { weights });
  expect([loss]).toBeAllClose(forward.get('loss')!.data as Float32Array, { rtol: 1e-4 }); // README of the goldens
  expectGradients(gradients, await goldenTensors('lora', 't5_full_grads.safetensors'));
  await trained.close();
});

function untilEnd(ids: number[], eosId: number): number[] {
  const end = ids.indexOf(eosId, 1);
  return end < 0 ? ids : ids.slice(0, end + 1);
}
