import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readModelConfig } from '../../src/family/config.ts';
import type { ClassifierConfig } from '../../src/family/families.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { mostTokens, positionIds } from '../../src/family/positions.ts';
import { freshClassifier, loadClassifier, loadPolicy } from '../../src/model/load.ts';
import { probabilities } from '../../src/model/softmax.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { goldenJson, goldenPath } from '../golden.ts';
import { logitsTolerance } from '../tensors.ts';
import { expectFamily, type Family } from './families.ts';
import { tinyRoberta } from './tiny.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

// Expected values: transformers 4.47.0 with torch 2.5.1 (test/golden/README.md).
const families = await goldenJson<Record<string, Family>>('families', 'expected.json');

test.each(Object.keys(families))('a %s has the logits and the loss of PyTorch', async (kind) => {
  await expectFamily(engine, goldenPath('families', kind), families[kind]);
});

const { modelType: _, typeVocab: __, ...common } = tinyRoberta;
const others: ClassifierConfig[] = [
  { ...common, modelType: 'bert', typeVocab: 2, padId: 0, activation: 'relu' },
  { ...common, modelType: 'distilbert', padId: 0, layerNormEpsilon: 1e-12 },
  { ...tinyRoberta, modelType: 'xlm-roberta', activation: 'gelu_new' },
];

test.each(others)('a fresh $modelType comes back from its folder', async (config) => {
  const fresh = await freshClassifier(engine, config, 1);
  const folder = await mkdtemp(join(tmpdir(), 'tactful-'));
  await writeModelFolder(folder, config, fresh.parameters.tensors);
  expect(await readModelConfig(folder)).toEqual(config);
  const loaded = await loadClassifier(engine, folder);
  const rows = [[5, 6, 7], [8], [9, 3, 4, 2]];
  expect(await loaded.logits(rows)).toEqual(await fresh.logits(rows));
  for (const classifier of [fresh, loaded]) await classifier.close();
  await rm(folder, { recursive: true });
});

test('BERT counts positions from 0, RoBERTa from behind the padding id', () => {
  const [bert, roberta] = (['bert', 'xlm-roberta'] as const).map((modelType, padId) => ({
    ...tinyRoberta,
    modelType,
    padId,
    maxPositions: 5,
  }));
  expect(positionIds([7, 0, 7], bert)).toEqual([0, 1, 2]);
  expect(positionIds([7, 1, 7], roberta)).toEqual([2, 1, 3]);
  expect([mostTokens(bert), mostTokens(roberta)]).toEqual([5, 3]);
});

test('a BERT tells two texts apart by their segments', async () => {
  const bert = await loadClassifier(engine, goldenPath('families', 'bert'));
  const rows = [
    [3, 9, 11, 4, 20, 7, 4],
    [3, 5, 4, 8, 9, 10, 11, 4],
  ];
  const segments = [
    [0, 0, 0, 0, 1, 1, 1],
    [0, 0, 0, 1, 1, 1, 1, 1],
  ];
  // BertForSequenceClassification of transformers 4.47.0 and 5.24.0, with token_type_ids and without
  const pairs = [
    [0.7060768604, 0.5718179345, -0.4093471766],
    [1.4633011818, 0.4004893303, -0.7849014401],
  ];
  const plain = [
    [1.1052702665, -0.0413330309, 0.2232618928],
    [1.1226335764, 0.0360594876, -0.0267159417],
  ];
  expect((await bert.logits(rows, segments)).flatMap((row) => [...row])).toBeAllClose(
    pairs.flat(),
    logitsTolerance,
  );
  expect((await bert.logits(rows)).flatMap((row) => [...row])).toBeAllClose(
    plain.flat(),
    logitsTolerance,
  );
  await bert.close();
});

test('a text as long as there are positions is judged, a longer one refused', async () => {
  const bert = await loadClassifier(engine, goldenPath('families', 'bert'));
  expect(bert.maxTokens).toBe(24);
  const text = (length: number) => Array.from({ length }, () => bert.config.padId);
  expect(await bert.logits([text(24)])).toHaveLength(1);
  await expect(bert.logits([text(25)])).rejects.toThrow('expected at most 24 tokens, got 25.');
  await bert.close();
});

describe('probabilities', () => {
  const of = async (change: Partial<ClassifierConfig>) =>
    freshClassifier(engine, { ...tinyRoberta, ...change } as ClassifierConfig, 1);

  test('add up to 1, unless each label is true by itself', async () => {
    const logits = [0.5, -2];
    expect((await of({})).scores(logits)).toEqual(probabilities(logits));
    const sigmoids = logits.map((x) => 1 / (1 + Math.exp(-x)));
    expect((await of({ head: 'multi' })).scores(logits)).toEqual(sigmoids);
  });

  test('are the numbers themselves of a regression', async () => {
    expect((await of({ head: 'regression' })).scores([0.5, -2])).toEqual([0.5, -2]);
  });
});

describe('a folder of another family', () => {
  test('says what is supported', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tactful-'));
    await writeFile(join(folder, 'config.json'), JSON.stringify({ model_type: 'gpt2' }));
    const known =
      'one of t5, mt5, bart, bert, distilbert, roberta, xlm-roberta, deberta-v2, modernbert, got "gpt2"';
    await expect(loadPolicy(engine, { model: folder })).rejects.toThrow(known);
    await expect(loadClassifier(engine, folder)).rejects.toThrow(known);
    await rm(folder, { recursive: true });
  });

  test('is refused where the other kind is asked for', async () => {
    await expect(loadPolicy(engine, { model: goldenPath('families', 'bert') })).rejects.toThrow(
      'expected an encoder–decoder (t5, mt5, bart), got bert.',
    );
    await expect(loadClassifier(engine, goldenPath('families', 'mt5'))).rejects.toThrow(
      'expected a sequence classifier (bert, distilbert, roberta, xlm-roberta, deberta-v2, modernbert), got mt5.',
    );
  });
});
