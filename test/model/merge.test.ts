import { expect, test } from 'vitest';
import type { LoraConfig } from '../../src/adapter/lora-config.ts';
import type { Adapter } from '../../src/adapter/peft.ts';
import { mergeAdapter, mergedWeights } from '../../src/model/merge.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import type { Weights } from '../../src/tensors/weights.ts';

const config: LoraConfig = {
  rank: 1,
  alpha: 3,
  targetModules: ['q'],
  rsLora: false,
  dropout: 0,
  baseModel: '',
};

function weightsOf(tensors: Record<string, Tensor<'float32'>>): Weights {
  const place = { file: '', dtype: 'float32', offset: 0, length: 0 } as const;
  const entries = Object.entries(tensors).map(
    ([name, { shape }]) => [name, { ...place, shape }] as const,
  );
  return {
    folder: 'base',
    entries: new Map(entries),
    stored: new Map(),
    quantised: undefined,
    notes: [],
    load: async (name) => tensors[name],
  };
}

function adapterOf(tensors: Record<string, Tensor<'float32'>>, own: Partial<LoraConfig> = {}) {
  return { config: { ...config, ...own }, tensors: new Map(Object.entries(tensors)) } as Adapter;
}

const pair = {
  'a.q.lora_A.weight': float32([1, 2], [1, 2]),
  'a.q.lora_B.weight': float32([1, 10, 100], [3, 1]),
};

test('W + scale · B A is there in float64, other weights are as they lie', async () => {
  const big = 2 ** 24; // and a half more is none in float32
  const weights = weightsOf({
    'a.q.weight': float32([big, big, 0, 0, 0, 0], [3, 2]),
    'a.k.weight': float32([7], [1, 1]),
  });
  const merged = mergedWeights(weights, adapterOf(pair, { alpha: 0.5 }));
  const { data, shape } = await merged.load('a.q.weight');
  expect(shape).toEqual([3, 2]);
  expect([...data]).toEqual([big + 0.5, big + 1, 5, 10, 50, 100]);
  expect((await merged.load('a.k.weight')).data).toEqual(Float32Array.of(7));
});

test('modules of another strength count with their own', async () => {
  const weights = weightsOf({ 'a.q.weight': float32(new Float32Array(6), [3, 2]) });
  const own = { exceptions: { 'a.q': { rank: 1, alpha: 2 } } };
  const merged = await mergeAdapter(weights, adapterOf(pair, own));
  expect([...merged.get('a.q.weight')!.data]).toEqual([2, 4, 20, 40, 200, 400]);
});

test('an adapter of another model is refused by name and shape', () => {
  const other = weightsOf({ 'a.q.weight': float32(new Float32Array(4), [2, 2]) });
  const remedy = 'Was the adapter trained on another base model?';
  expect(() => mergedWeights(other, adapterOf(pair))).toThrow(
    `base: a.q.weight: expected [3,2], got [2,2]. ${remedy}`,
  );
  expect(() => mergedWeights(weightsOf({}), adapterOf(pair))).toThrow(
    `base: expected weight "a.q.weight", got none of that name. ${remedy}`,
  );
});
