import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LoraConfig } from '../../src/adapter/lora-config.ts';
import { readAdapter, writeAdapter } from '../../src/adapter/peft.ts';
import { readModelConfig } from '../../src/family/config.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { checkPairing } from '../../src/model/check-adapter.ts';
import { adapterTensors, loadClassifier, loadPolicy } from '../../src/model/load.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { writeSafetensors } from '../../src/tensors/safetensors.ts';
import { testEngine } from '../engine.ts';
import { temporaryFolder, tinyModelFolder } from './tiny.ts';

const engine = await testEngine();
const lora: LoraConfig = {
  rank: 2,
  alpha: 4,
  targetModules: ['q', 'v'],
  rsLora: false,
  dropout: 0,
  baseModel: '',
};

interface Change {
  /** Other fields of the config. */
  readonly fields?: Record<string, unknown>;
  readonly tensors?: (all: Map<string, Tensor<'float32'>>) => void;
}

/** A model, and an adapter of it with something changed. */
async function pair({ fields = {}, tensors: change }: Change = {}, name = 'model') {
  const base = await tinyModelFolder(engine);
  const model = join(await temporaryFolder(), name);
  await mkdir(dirname(model), { recursive: true });
  await cp(base, model, { recursive: true });
  const adapter = await temporaryFolder();
  const { policy } = await loadPolicy(engine, { model, lora });
  const tensors = new Map(adapterTensors(policy.parameters.tensors));
  await policy.close();
  await writeAdapter(adapter, { config: lora, tensors });
  change?.(tensors);
  const named = [...tensors].map(([key, tensor]) => [`base_model.model.${key}`, tensor] as const);
  await writeSafetensors(join(adapter, 'adapter_model.safetensors'), new Map(named));
  const path = join(adapter, 'adapter_config.json');
  const json = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...json, ...fields }));
  return { model, adapter };
}

async function notesOf(change: Change, name?: string): Promise<string[]> {
  const { model, adapter: adapterPath } = await pair(change, name);
  const [adapter, config] = [await readAdapter(adapterPath), await readModelConfig(model)];
  const notes = await checkPairing({ adapter, adapterPath, config, model });
  return notes.map(({ says }) => says);
}

describe('an adapter that is not whole', () => {
  const halve = (all: Map<string, Tensor<'float32'>>) => {
    for (const name of [...all.keys()]) if (name.includes('block.1.')) all.delete(name);
  };
  test.each<[string, Record<string, unknown>]>([
    ['a list', { target_modules: ['q', 'v'] }],
    ['an expression', { target_modules: '.*(SelfAttention|EncDecAttention)\\.(q|v)' }],
    ['the choice of PEFT', { target_modules: null }],
    ['a list without some', { exclude_modules: ['encoder.block.0.layer.0.SelfAttention.k'] }],
    ['layers', { layers_to_transform: [0, 1], layers_pattern: 'block' }],
  ])('is refused by the modules that %s names', async (_, fields) => {
    const { model, adapter } = await pair({ fields, tensors: halve });
    await expect(loadPolicy(engine, { model, adapter })).rejects.toThrow(
      `${adapter}: expected LoRA tensors of the 12 modules that its target_modules name, got none of 6 of them: decoder.block.1.layer.0.SelfAttention.q, decoder.block.1.layer.0.SelfAttention.v, decoder.block.1.layer.1.EncDecAttention.q and 3 more.`,
    );
  });

  test('is whole, when the config names no more', async () => {
    const fields = { target_modules: '.*block\\.0\\..*\\.(q|v)' };
    expect(await notesOf({ fields, tensors: halve })).toEqual([]);
    const layers = { layers_to_transform: 0, layers_pattern: 'block' };
    expect(await notesOf({ fields: layers, tensors: halve })).toEqual([]);
  });

  test('lacks a half of a pair', async () => {
    const [b] = ['encoder.block.0.layer.0.SelfAttention.q.lora_B.weight'];
    const { model, adapter } = await pair({ tensors: (all) => void all.delete(b) });
    await expect(loadPolicy(engine, { model, adapter })).rejects.toThrow(
      'encoder.block.0.layer.0.SelfAttention.q: expected lora_A and lora_B, got one of them.',
    );
  });
});

test('an expression that names none of the modules, since it has to match whole names, is refused', async () => {
  const { model, adapter } = await pair({ fields: { target_modules: 'q' } });
  await expect(loadPolicy(engine, { model, adapter })).rejects.toThrow(
    'LoRA tensors of the 0 modules that its target_modules name, got also those of 12 of them: ',
  );
});

test('a target that the model does not have is passed over in a list, as in PEFT', async () => {
  const { model, adapter } = await pair({ fields: { target_modules: ['q', 'v', 'query'] } });
  const { policy, lora } = await loadPolicy(engine, { model, adapter });
  expect(lora?.targetModules).toEqual(['q', 'v']);
  await policy.close();
});

describe('what else lies in an adapter', () => {
  // the names are those of PEFT 0.21.2
  test.each([
    ['shared.lora_embedding_A', 'an adapter of embeddings'],
    ['shared.weight', 'a whole table of embeddings'],
    ['lm_head.base_layer.weight', 'a whole table of embeddings'],
    ['shared.token_adapter.trainable_tokens_delta', 'embeddings of single tokens'],
    ['encoder.block.0.layer.0.SelfAttention.q.lora_magnitude_vector', 'a part of DoRA'],
    ['encoder.block.0.layer.0.SelfAttention.q.lora_B.bias', 'a bias of the adapter'],
  ])('%s is named: %s', async (name, kind) => {
    const { adapter } = await pair({ tensors: (all) => void all.set(name, float32([1])) });
    await expect(readAdapter(adapter)).rejects.toThrow(`got ${name}, ${kind}. Put it into its`);
  });

  test('NaN is an error with its name', async () => {
    const name = 'encoder.block.0.layer.0.SelfAttention.q.lora_A.weight';
    const spoil = (all: Map<string, Tensor<'float32'>>) => {
      all.get(name)!.data[1] = Number.NaN;
    };
    const { adapter } = await pair({ tensors: spoil });
    await expect(readAdapter(adapter)).rejects.toThrow(
      `base_model.model.${name}: expected finite numbers, got NaN (1 of 32).`,
    );
  });
});

describe('where a model is asked for', () => {
  test('an adapter is named as that, with its base', async () => {
    const { adapter } = await pair({ fields: { base_model_name_or_path: 'google/flan-t5-base' } });
    await expect(loadPolicy(engine, { model: adapter })).rejects.toThrow(
      `${adapter}: expected a model, got an adapter of google/flan-t5-base alone (LORA, SEQ_2_SEQ_LM). An adapter is named beside its base model`,
    );
    await expect(loadTokenizer(adapter)).rejects.toThrow('got an adapter of google/flan-t5-base');
  });

  test('one of a classifier has to be merged in PEFT', async () => {
    const fields = { task_type: 'SEQ_CLS', base_model_name_or_path: 'someone/roberta-hate' };
    const { adapter } = await pair({ fields });
    await expect(loadClassifier(engine, adapter)).rejects.toThrow(
      `${adapter}: expected a model, got an adapter of someone/roberta-hate alone (LORA, SEQ_CLS). Put it into its model with PEFT's merge_and_unload()`,
    );
  });
});

describe('settings', () => {
  test.each<[string, unknown]>([
    ['kasa_config', { a: 1 }],
    ['monteclora_config', { num_samples: 8 }],
    ['use_bdlora', { nblocks: 2 }],
    ['arrow_config', { top_k: 1 }],
    ['alora_invocation_tokens', [1]],
    ['target_parameters', ['weight']],
    ['trainable_token_indices', [1, 2]],
    ['init_lora_weights', 'pissa_niter_4'],
    ['init_lora_weights', 'lora_ga'],
    ['use_something_new', true],
  ])('%s of %j is refused by name', async (key, value) => {
    const { adapter } = await pair({ fields: { [key]: value } });
    await expect(readAdapter(adapter)).rejects.toThrow(`adapter_config.json: ${key}: expected`);
  });

  // the defaults of PEFT 0.21.2, and what only says how training went
  test.each<[string, unknown]>([
    ['init_lora_weights', 'mica'],
    ['velora_config', { num_groups: 4 }],
    ['lora_ga_config', null],
    ['qalora_group_size', 16],
    ['ensure_weight_tying', false],
    ['runtime_config', { ephemeral_gpu_offload: false }],
    ['eva_config', { rho: 2 }],
    ['fan_in_fan_out', true],
    ['something_new', null],
    ['something_new', {}],
    ['something_new', false],
  ])('%s of %j changes nothing', async (key, value) => {
    expect(await notesOf({ fields: { [key]: value } })).toEqual([]);
  });

  test('one that nobody here knows is told', async () => {
    expect(await notesOf({ fields: { something_new: 'x' } })).toEqual([
      'The adapter\'s config has a setting that is not known here: something_new = "x".',
    ]);
  });
});

describe('the base model that an adapter names', () => {
  const made = (base: string, folder: string) =>
    notesOf({ fields: { base_model_name_or_path: base } }, folder);

  test.each([
    ['google/flan-t5-base', 't5-base'],
    ['google/flan-t5-base', 'flan-t5-small'],
    ['someone/summarizer', 'translator'],
  ])('%s is told, when the model is %s', async (base, folder) => {
    expect(await made(base, folder)).toEqual([
      `The adapter was made for ${base}, and is put on ${folder}.`,
    ]);
  });

  test.each([
    ['google/flan-t5-base', 'flan-t5-base'],
    ['/home/someone/models/flan-t5-base/', 'FLAN-T5-base'],
    ['google/flan-t5-base', 'flan-t5-base-dialogsum'],
    ['google/flan-t5-base', 'models--google--flan-t5-base/snapshots/0a1b'],
    ['google/flan-t5-base', 'model'],
    ['google/flan-t5-base', 'checkpoint-500'],
    ['runs/sft/merged', 'anything'],
    ['C:\\models\\summarizer', 'summarizer'],
    ['', 'anything'],
  ])('%s is not told, when the model is %s', async (base, folder) => {
    expect(await made(base, folder)).toEqual([]);
  });

  test('is told by its config, where names say nothing', async () => {
    expect(await made('t5-base', 'model')).toEqual([
      expect.stringMatching(/^The adapter was made for t5-base, which has another config than \//),
    ]);
    expect(await made('google/mt5-small', 'mt5-small')).toHaveLength(1);
  });
});
