import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Head } from '../../src/family/classifier-config.ts';
import { modelConfig, readModelConfig } from '../../src/family/config.ts';
import type { ClassifierConfig, ModelConfig } from '../../src/family/families.ts';
import { generationNotes, readGeneration, unfollowed } from '../../src/family/generation-config.ts';
import { configJson, writeModelFolder } from '../../src/family/model-folder.ts';
import type { RobertaConfig } from '../../src/family/roberta.ts';
import type { T5Config } from '../../src/family/t5/config.ts';
import { openWeights } from '../../src/family/weights.ts';
import { float32 } from '../../src/tensor.ts';
import { goldenJson, goldenPath } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();
type Json = Record<string, unknown>;

/** google/t5-small's config.json, as far as it matters: an old one with few fields. */
const oldT5: Json = {
  model_type: 't5',
  vocab_size: 32128,
  d_model: 512,
  d_kv: 64,
  d_ff: 2048,
  num_layers: 6,
  num_heads: 8,
};
const oldRoberta: Json = {
  model_type: 'roberta',
  vocab_size: 50265,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  max_position_embeddings: 514,
};

const size = fc.integer({ min: 1, max: 5000 });
const id = fc.nat({ max: 5000 });
const epsilon = fc.constantFrom(1e-12, 1e-6, 1e-5);
const count = fc.integer({ min: 1, max: 1000 });
const t5: fc.Arbitrary<T5Config> = fc.boolean().chain((ownHead) =>
  fc.record({
    ownHead: fc.constant(ownHead),
    scaledOutput: fc.constant(!ownHead),
    modelType: fc.constantFrom('t5', 'mt5'),
    vocabSize: fc.integer({ min: 5001, max: 300_000 }),
    dModel: size,
    dKv: size,
    dFf: size,
    layers: count,
    decoderLayers: count,
    heads: size,
    relativeBuckets: fc.integer({ min: 4, max: 128 }),
    relativeMaxDistance: fc.integer({ min: 65, max: 5000 }),
    layerNormEpsilon: epsilon,
    feedForward: fc.constantFrom('relu', 'gated-gelu'),
    padId: id,
    eosIds: fc.uniqueArray(id, { maxLength: 3 }),
    decoderStartId: id,
    dropout: fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs),
  }),
);
const encoder = fc
  .record(
    {
      vocabSize: size,
      hidden: size,
      layers: count,
      heads: fc.integer({ min: 1, max: 16 }),
      intermediate: size,
      maxPositions: fc.integer({ min: 5002, max: 10_000 }),
      padId: id,
      activation: fc.constantFrom('gelu', 'gelu_new', 'relu'),
      labels: fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 12 }),
      head: fc.constantFrom('single' as const, 'multi' as const, 'regression' as const),
    },
    {
      requiredKeys: [
        'vocabSize',
        'hidden',
        'layers',
        'heads',
        'intermediate',
        'maxPositions',
        'padId',
        'activation',
        'labels',
        'head',
      ],
    },
  )
  .map(({ head, ...config }) => ({
    ...config,
    hidden: config.hidden * config.heads,
    head: head === 'single' && config.labels.length === 1 ? 'multi' : head,
  }));
const bert = fc.record({
  modelType: fc.constantFrom('bert' as const, 'roberta' as const, 'xlm-roberta' as const),
  typeVocab: size,
  layerNormEpsilon: epsilon,
});
const distil = fc.constant({ modelType: 'distilbert' as const, layerNormEpsilon: 1e-12 });
const classifier = fc
  .tuple(encoder, fc.oneof(bert, distil))
  .map(([common, own]): ClassifierConfig => ({ ...common, ...own }) as ClassifierConfig);

const known =
  'one of t5, mt5, bart, bert, distilbert, roberta, xlm-roberta, deberta-v2, modernbert';

describe('model configs', () => {
  test('a golden T5 config is read field by field', async () => {
    const raw = await goldenJson<Json>('t5', 'model', 'config.json');
    expect(await readModelConfig(goldenPath('t5', 'model'))).toEqual({
      modelType: 't5',
      vocabSize: raw.vocab_size,
      dModel: raw.d_model,
      dKv: raw.d_kv,
      dFf: raw.d_ff,
      layers: raw.num_layers,
      decoderLayers: raw.num_decoder_layers,
      heads: raw.num_heads,
      relativeBuckets: raw.relative_attention_num_buckets,
      relativeMaxDistance: raw.relative_attention_max_distance,
      layerNormEpsilon: raw.layer_norm_epsilon,
      feedForward: raw.feed_forward_proj,
      ownHead: !raw.tie_word_embeddings,
      scaledOutput: raw.tie_word_embeddings,
      padId: raw.pad_token_id,
      eosIds: [raw.eos_token_id],
      decoderStartId: raw.decoder_start_token_id,
      dropout: raw.dropout_rate,
    });
  });

  test('a golden RoBERTa config is read field by field', async () => {
    const raw = await goldenJson<Json>('roberta', 'model', 'config.json');
    const file = goldenPath('roberta', 'model', 'config.json');
    expect(await readModelConfig(file)).toEqual({
      modelType: 'roberta',
      vocabSize: raw.vocab_size,
      hidden: raw.hidden_size,
      layers: raw.num_hidden_layers,
      heads: raw.num_attention_heads,
      intermediate: raw.intermediate_size,
      maxPositions: raw.max_position_embeddings,
      typeVocab: raw.type_vocab_size,
      layerNormEpsilon: raw.layer_norm_eps,
      padId: raw.pad_token_id,
      activation: raw.hidden_act,
      labels: Object.values(raw.id2label as object),
      head: 'single',
    });
  });

  test.each(['t5', 'roberta'])(
    'what is written of a golden %s config is what was there',
    async (name) => {
      const raw = await goldenJson<Json>(name, 'model', 'config.json');
      expect(raw).toMatchObject(configJson(modelConfig(raw)));
    },
  );

  test('every config comes back as it was written', () => {
    const law = fc.property(fc.oneof(t5, classifier), (config: ModelConfig) => {
      const text = JSON.stringify(configJson(config));
      expect(modelConfig(JSON.parse(text))).toEqual(config);
    });
    fc.assert(law);
  });

  test("what an old T5 config does not say is transformers' default", () => {
    expect(modelConfig({ ...oldT5, num_decoder_layers: null })).toMatchObject({
      decoderLayers: 6,
      relativeBuckets: 32,
      relativeMaxDistance: 128,
      layerNormEpsilon: 1e-6,
      feedForward: 'relu',
      ownHead: false,
      scaledOutput: true,
      padId: 0,
      eosIds: [1],
      decoderStartId: 0,
    });
  });

  test("what an old RoBERTa config does not say is transformers' default", () => {
    const want = {
      layerNormEpsilon: 1e-12,
      padId: 1,
      typeVocab: 2,
      labels: ['LABEL_0', 'LABEL_1'],
    };
    expect(modelConfig(oldRoberta)).toMatchObject(want);
  });

  test("what an mT5 config does not say is MT5Config's default", () => {
    const { feed_forward_proj: _, ...raw } = { ...oldT5, feed_forward_proj: '', model_type: 'mt5' };
    const want = {
      modelType: 'mt5',
      feedForward: 'gated-gelu',
      ownHead: true,
      scaledOutput: false,
    };
    expect(modelConfig(raw)).toMatchObject(want);
  });

  test('a config of transformers 5 says by another field that the head is not scaled', () => {
    const raw = { ...oldT5, tie_word_embeddings: true, scale_decoder_outputs: false };
    expect(modelConfig(raw)).toMatchObject({ ownHead: false, scaledOutput: false });
  });

  test("what old BERT and DistilBERT configs do not say is transformers' default", () => {
    const { model_type: _, ...fields } = oldRoberta;
    const want = { layerNormEpsilon: 1e-12, padId: 0, activation: 'gelu' };
    expect(modelConfig({ ...fields, model_type: 'bert' })).toMatchObject({ ...want, typeVocab: 2 });
    expect(modelConfig({ model_type: 'distilbert', vocab_size: 30522 })).toMatchObject({
      ...want,
      hidden: 768,
      layers: 6,
      heads: 12,
      intermediate: 3072,
      maxPositions: 512,
    });
  });

  test('id2label wins over num_labels, and a problem type tells of labels by themselves', () => {
    const raw = { ...oldRoberta, num_labels: 5, id2label: { 0: 'a', 1: 'b' } };
    expect((modelConfig(raw) as RobertaConfig).labels).toEqual(['a', 'b']);
    const five = modelConfig({ ...oldRoberta, num_labels: 5 }) as RobertaConfig;
    expect(five.labels).toHaveLength(5);
    expect(five.head).toBe('single');
    const many = { ...oldRoberta, problem_type: 'multi_label_classification' };
    expect((modelConfig(many) as RobertaConfig).head).toBe('multi');
  });

  test('the decoder start may be in generation_config.json alone', async () => {
    const folder = await newFolder();
    const write = (name: string, json: Json) => writeFile(join(folder, name), JSON.stringify(json));
    await write('config.json', oldT5);
    await write('generation_config.json', { decoder_start_token_id: 7 });
    expect(await readModelConfig(folder)).toMatchObject({ decoderStartId: 7, padId: 0 });
  });

  test('labels are in the order of their ids, not of the file', () => {
    const id2label = Object.fromEntries(
      Array.from({ length: 11 }, (_, i) => [`${10 - i}`, `l${10 - i}`]),
    );
    const { labels } = modelConfig({ ...oldRoberta, id2label }) as RobertaConfig;
    expect(labels.join()).toBe('l0,l1,l2,l3,l4,l5,l6,l7,l8,l9,l10');
    const gap = () => modelConfig({ ...oldRoberta, id2label: { 0: 'a', 2: 'b' } });
    expect(gap).toThrow('config.json: id2label: expected ids 0 to 1, got 0, 2.');
  });

  // what TextClassificationPipeline of transformers 4.47.0 and 5.24.0 applies to the logits
  test.each<[Json, Head]>([
    [{ num_labels: 1 }, 'multi'],
    [{ num_labels: 2 }, 'single'],
    [{ num_labels: 2, function_to_apply: 'none' }, 'single'],
    [{ num_labels: 1, function_to_apply: 'none' }, 'multi'],
    [{ num_labels: 1, problem_type: 'single_label_classification' }, 'multi'], // 5.24.0 refuses it
    [{ num_labels: 3, problem_type: 'single_label_classification' }, 'single'],
    [{ num_labels: 1, problem_type: 'multi_label_classification' }, 'multi'],
    [{ num_labels: 1, problem_type: 'regression' }, 'regression'],
    [{ num_labels: 2, problem_type: 'regression' }, 'regression'],
  ])('the head of %j is %s', (fields, head) => {
    expect(modelConfig({ ...oldRoberta, ...fields })).toMatchObject({ head });
  });

  test.each<[Json, string]>([
    [{ id2label: { 0: 0, 1: true } }, '0,true'],
    [{ label2id: { hate: 1, nothate: '0' } }, 'nothate,hate'],
    [{ label2id: { hate: 1, nothate: 0 }, num_labels: 3 }, 'LABEL_0,LABEL_1,LABEL_2'],
    [{ label2id: { hate: 1, nothate: 2 } }, 'LABEL_0,LABEL_1'],
    [{ label2id: { a: 0, b: 1 }, id2label: { 0: 'c', 1: 'd' } }, 'c,d'],
    [{ label2id: null, id2label: null }, 'LABEL_0,LABEL_1'],
  ])('the labels of %j are %s', (fields, labels) => {
    expect((modelConfig({ ...oldRoberta, ...fields }) as RobertaConfig).labels.join()).toBe(labels);
  });

  test.each<[Json, string | undefined]>([
    [{}, 'relu'],
    [{ feed_forward_proj: 'gated-gelu' }, 'gated-gelu'],
    [
      { feed_forward_proj: 'gated-gelu', is_gated_act: true, dense_act_fn: 'gelu_new' },
      'gated-gelu',
    ],
    [{ is_gated_act: true, dense_act_fn: 'gelu_new' }, 'gated-gelu'],
    [{ feed_forward_proj: 'gated-silu' }, undefined],
    [{ feed_forward_proj: 'gated-relu' }, undefined],
    [{ feed_forward_proj: 'gelu' }, undefined],
    [{ feed_forward_proj: 'gated-gelu', dense_act_fn: 'gelu' }, undefined],
  ])('a T5 feed forward of %j is %s', (fields, want) => {
    const read = () => modelConfig({ ...oldT5, ...fields }) as T5Config;
    if (want) expect(read().feedForward).toBe(want);
    else expect(read).toThrow('config.json: feed forward: expected relu or gated-gelu, got');
  });

  test.each<[Json, string]>([
    [{}, `model_type: expected ${known}, got nothing. A policy is a T5`],
    [{ model_type: 'llama' }, `model_type: expected ${known}, got "llama".`],
    [{ model_type: 'umt5', scalable_attention: true }, `model_type: expected ${known}`],
    [{ model_type: 'toString' }, `model_type: expected ${known}`],
    [{ ...oldT5, d_model: -1 }, 'd_model: expected a whole number above 0, got -1.'],
    [{ ...oldT5, d_model: '512' }, 'd_model: expected a whole number above 0, got "512".'],
    [
      { ...oldT5, num_heads: undefined },
      'num_heads: expected a whole number above 0, got nothing.',
    ],
    [{ ...oldT5, num_layers: 1e9 }, 'num_layers: expected at most 1000, got 1000000000.'],
    [
      { ...oldT5, decoder_start_token_id: 32128 },
      'vocab_size: expected at least 32129 (the decoder starts with token 32128), got 32128.',
    ],
    [{ ...oldT5, relative_attention_num_buckets: 2 }, 'relative_attention_num_buckets: expected'],
    [
      { ...oldT5, relative_attention_max_distance: 16 },
      'relative_attention_max_distance: expected at least 17 (half of the 32 buckets',
    ],
    [{ ...oldRoberta, hidden_act: 'mish' }, 'hidden_act: '],
    [
      { ...oldRoberta, max_position_embeddings: 2 },
      'max_position_embeddings: expected more than 2',
    ],
    [{ ...oldRoberta, id2label: {} }, 'id2label: expected a label, got none.'],
    [{ ...oldRoberta, id2label: { 0: null } }, 'id2label: 0: expected a name, got null.'],
    [
      { ...oldRoberta, id2label: { 0: 'a', 1: 'b', 2: 'a' } },
      'id2label: expected a name for each label, got "a" for 0 and 2. Give each output a name of',
    ],
    [{ model_type: 'distilbert', vocab_size: 9, dim: 10 }, 'dim: expected a multiple of the 12'],
    [{ ...oldRoberta, position_embedding_type: 'relative_key' }, 'position_embedding_type: '],
    [{ ...oldRoberta, num_attention_heads: 7 }, 'hidden_size: expected a multiple of the 7'],
  ])('the config %j is refused', (raw, message) => {
    expect(() => modelConfig(raw)).toThrow(`config.json: ${message}`);
  });

  test('a missing config and one that is no JSON are errors that name the file', async () => {
    const folder = await newFolder();
    const path = join(folder, 'config.json');
    await expect(readModelConfig(folder)).rejects.toThrow(folder);
    await writeFile(path, '{');
    await expect(readModelConfig(folder)).rejects.toThrow(`${path}: expected JSON, got`);
    await writeFile(path, '[]');
    await expect(readModelConfig(folder)).rejects.toThrow(`${path}: expected object, got [].`);
  });
});

describe('generation configs', () => {
  /** A folder with an old T5 and these generation settings. */
  async function folderWith(generation: Json | string, config: Json = oldT5): Promise<string> {
    const folder = await newFolder();
    const text = typeof generation === 'string' ? generation : JSON.stringify(generation);
    await writeFile(join(folder, 'config.json'), JSON.stringify(config));
    await writeFile(join(folder, 'generation_config.json'), text);
    return folder;
  }
  const ids = { decoder_start_token_id: 0, eos_token_id: 1, pad_token_id: 0 };

  test('the golden one names the ids of the golden model', async () => {
    const { padId, eosIds, decoderStartId } = (await readModelConfig(
      goldenPath('t5', 'model'),
    )) as T5Config;
    const want = { padId, eosIds, decoderStartId, forcedFirstId: null };
    expect(await readGeneration(goldenPath('t5', 'model'))).toEqual(want);
    expect(await readGeneration(await newFolder())).toEqual({});
  });

  // each as transformers 4.47.0 and 5.24.0 generate, on the demo's model
  test.each<[string, Json, Partial<T5Config>]>([
    ['several ends', { ...ids, eos_token_id: [1, 4] }, { eosIds: [1, 4] }],
    [
      'another start and padding',
      { ...ids, decoder_start_token_id: 2, pad_token_id: 3 },
      { decoderStartId: 2, padId: 3 },
    ],
    [
      'a start of texts where the decoder has none',
      { bos_token_id: 2, eos_token_id: 1 },
      { decoderStartId: 2 },
    ],
    ['no start at all', { eos_token_id: 1 }, { decoderStartId: 0 }],
    ['an end that cannot come', { ...ids, eos_token_id: [1, 99_999] }, { eosIds: [1] }],
    ['no end', { decoder_start_token_id: 0 }, { eosIds: [1] }],
    ['ends of which none can come', { ...ids, eos_token_id: [-1] }, { eosIds: [1] }],
    ['no padding', { ...ids, pad_token_id: -1 }, { padId: 0 }],
  ])('%s in generation_config.json win over config.json', async (_, generation, want) => {
    expect(await readModelConfig(await folderWith(generation))).toMatchObject(want);
  });

  test('ends may be several in config.json too, or none', () => {
    const eosIds = (end: unknown) =>
      (modelConfig({ ...oldT5, eos_token_id: end }) as T5Config).eosIds;
    expect(eosIds([1, 4, 1])).toEqual([1, 4]);
    expect(eosIds(null)).toEqual([]);
    expect(eosIds(undefined)).toEqual([1]);
    expect(() => eosIds('1')).toThrow('eos_token_id: expected an id, or a list of ids, got "1".');
  });

  test('what is not read may hold anything', async () => {
    const odd = {
      top_k: -1,
      top_p: 'x',
      temperature: [],
      num_beams: {},
      bos_token_id: 'y',
      new: 1,
    };
    const folder = await folderWith({ ...ids, ...odd });
    expect(await readModelConfig(folder)).toMatchObject({ eosIds: [1], decoderStartId: 0 });
    const broken = readModelConfig(await folderWith({ ...ids, eos_token_id: [1, 'x'] }));
    await expect(broken).rejects.toThrow('eos_token_id: expected an id, or a list of ids, got');
  });

  test.each<[string, Json, string[]]>([
    ['nothing', ids, []],
    [
      'values that change nothing',
      { ...ids, num_beams: 1, suppress_tokens: [], top_k: 50, length_penalty: 2 },
      [],
    ],
    [
      'beams',
      { ...ids, num_beams: 4, no_repeat_ngram_size: 3 },
      ['num_beams 4, no_repeat_ngram_size 3'],
    ],
    [
      'forced ids',
      { ...ids, forced_eos_token_id: 1, suppress_tokens: [5] },
      ['forced_eos_token_id 1, suppress_tokens [5]'],
    ],
    [
      'a sampler',
      { ...ids, do_sample: true, temperature: 0.7, typical_p: 0.9 },
      ['typical_p 0.9', 'temperature 0.7'],
    ],
    ['lengths', { ...ids, max_length: 128, min_length: 30 }, ['max_length 128, min_length 30']],
    ['no end', { pad_token_id: 0 }, ['no end-of-sequence id']],
  ])('%s is told where it would change what transformers writes', async (_, generation, want) => {
    const folder = await folderWith(generation);
    const notes = await generationNotes(folder, (await readModelConfig(folder)) as T5Config);
    expect(notes.map(({ says }) => says)).toEqual(
      want.map((part) => expect.stringContaining(`generation_config.json: ${part}`)),
    );
  });

  test('the remedy sets back what is not followed', () => {
    const [note] = unfollowed({ num_beams: 4, forced_eos_token_id: 1 }, 'x');
    expect(note.remedy).toContain('generate(num_beams=1, forced_eos_token_id=None)');
  });
});

describe('model folders', () => {
  test('a folder that was written reads as the same model', async () => {
    for (const family of ['t5', 'roberta']) {
      const folder = join(await newFolder(), 'model');
      const config = await readModelConfig(goldenPath(family, 'model'));
      const tensor = float32([1, 2]);
      const files = new Map<string, string | Uint8Array>([['tokenizer.json', '{}']]);
      await writeModelFolder(folder, config, new Map([['x', tensor]]), files);
      expect(await readModelConfig(folder)).toEqual(config);
      expect(await (await openWeights(folder)).load('x')).toEqual(tensor);
      expect(await readFile(join(folder, 'tokenizer.json'), 'utf8')).toBe('{}');
      const ids = await readGeneration(folder);
      expect(Object.keys(ids).length).toBe(family === 't5' ? 4 : 0);
    }
  });

  test.each(['../x', 'a/b', 'a\\b', '..', ''])('a file named "%s" is not written', async (name) => {
    const config = modelConfig(oldT5);
    const files = new Map([[name, 'x']]);
    const write = writeModelFolder(await newFolder(), config, new Map(), files);
    await expect(write).rejects.toThrow('expected plain file names, got');
  });
});
