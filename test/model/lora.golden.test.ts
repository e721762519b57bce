import { afterAll, beforeAll, expect, test } from 'vitest';
import { readAdapter } from '../../src/adapter/peft.ts';
import { modelConfig, readModelConfig } from '../../src/family/config.ts';
import type { T5Config } from '../../src/family/t5/config.ts';
import { openWeights } from '../../src/family/weights.ts';
import { countParameters } from '../../src/model/count.ts';
import { loadPolicy } from '../../src/model/load.ts';
import { mergeAdapter } from '../../src/model/merge.ts';
import type { Policy } from '../../src/model/policy.ts';
import { crossEntropy } from '../../src/model/policy-graphs.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensor } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { goldenJson, goldenPath, goldenTensors } from '../golden.ts';
import {
  expectClose,
  expectGradients,
  logitsTolerance,
  numbers,
  rows2,
  supervised,
} from '../tensors.ts';

let engine: Engine;
let policy: Policy;
let forward: Map<string, Tensor>;
const adapter = goldenPath('lora', 'adapter_safetensors');
const model = goldenPath('t5', 'model');

beforeAll(async () => {
  engine = await testEngine();
  ({ policy } = await loadPolicy(engine, { model, adapter }));
  forward = await goldenTensors('lora', 'forward.safetensors');
});
afterAll(async () => {
  await policy.close();
  await engine.close();
});

test('logits with an adapter equal those of PEFT', async () => {
  const { sequences } = supervised(forward);
  const expected = rows2(forward.get('logits_adapter')!);
  for (const [i, sequence] of sequences.entries()) {
    const { data } = await policy.logits(sequence);
    expect(data).toBeAllClose(expected[i].slice(0, data.length), logitsTolerance);
  }
});

test('gradients of every adapter matrix equal those of PyTorch', async () => {
  const { sequences, weights } = supervised(forward);
  const { loss, gradients } = await policy.gradient(crossEntropy, sequences, { weights });
  expect([loss]).toBeAllClose(numbers(forward.get('loss_adapter')!), { rtol: 1e-4 }); // goldens' README
  const golden = await goldenTensors('lora', 'lora_grads.safetensors');
  const renamed = [...golden].map(([name, tensor]) => [plainName(name), tensor] as const);
  expectGradients(gradients, new Map(renamed));
});

test('merged weights equal those of PEFT', async () => {
  const merged = await mergeAdapter(await openWeights(model), await readAdapter(adapter));
  const golden = [...forward].filter(([name]) => name.startsWith('merged.'));
  expect(golden.length).toBeGreaterThan(0);
  for (const [name, tensor] of golden) {
    const actual = merged.get(name.slice('merged.'.length))!.data;
    expectClose(name, actual, numbers(tensor), 1e-6); // one float32 rounding of a small product
  }
});

interface Counts {
  config: Record<string, unknown>;
  base_total: number;
  [variant: string]: { trainable: number; total: number } | unknown;
}
/** What the goldens leave out of the configs that they name: FLAN-T5's own values. */
const v11 = {
  model_type: 't5',
  vocab_size: 32128,
  d_ff: 2048,
  feed_forward_proj: 'gated-gelu',
  tie_word_embeddings: false,
};
const counts = await goldenJson<Record<string, Counts>>('lora', 'param_counts.json');
const tiny = (await readModelConfig(model)) as T5Config;
const cases = Object.entries(counts).flatMap(([name, { config, base_total, ...variants }]) =>
  Object.entries(variants).flatMap(([variant, expected]) => {
    const rank = /^lora_r(\d+)_qv/.exec(variant)?.[1];
    if (!rank || typeof expected !== 'object') return [];
    const t5 = modelConfig({ ...v11, ...config }) as T5Config;
    return [{ name: `${name} ${variant}`, t5, rank: Number(rank), base_total, expected }];
  }),
);

test.each(cases)(
  'parameters are counted as PEFT counts them: $name',
  ({ name, t5, rank, base_total, expected }) => {
    const lora = {
      rank,
      alpha: rank,
      targetModules: ['q', 'v'],
      rsLora: false,
      dropout: 0,
      baseModel: '',
    };
    const valueHead = name.endsWith('value_head');
    const { trainable, all } = countParameters(t5, { lora, valueHead });
    expect({ trainable, total: all }).toEqual(expected);
    expect(countParameters(t5, {}).all).toBe(base_total);
  },
);

test('the golden model itself is counted right', () => {
  const { base_total } = counts.tiny;
  expect(countParameters(tiny, {}).all).toBe(base_total);
});

function plainName(name: string): string {
  return name.replace('base_model.model.', '').replace('.default.', '.');
}
