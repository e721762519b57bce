import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelFiles } from '../../src/export/write.ts';
import { classifierModel } from '../../src/family/classifier-onnx.ts';
import { modelConfig, readModelConfig } from '../../src/family/config.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { hiddenStates, type ModernBertConfig, modernbert } from '../../src/family/modernbert.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { openWeights } from '../../src/family/weights.ts';
import { packedFeeds } from '../../src/model/batch.ts';
import { freshClassifier, loadClassifier } from '../../src/model/load.ts';
import { packingInputs } from '../../src/nn/rows.ts';
import { rootScope } from '../../src/nn/scope.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { inFiles } from '../../src/runtime/weight-source.ts';
import { testEngine } from '../engine.ts';
import { openSession, padded } from '../export/onnx-files.ts';
import { goldenJson, goldenPath, goldenTensors } from '../golden.ts';
import { runGraph } from '../graph/run.ts';
import { expectFamily, type Family } from '../model/families.ts';
import { temporaryFolder } from '../model/tiny.ts';
import { expectGradients, logitsTolerance, numbers } from '../tensors.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

// transformers 5.24.0, and 4.48.3 where the name says so: test/interop/python/modernbert.py
const at = (...parts: string[]) => ['families', 'modernbert', ...parts] as const;
const folder = (kind: string) => goldenPath(...at(kind));
const expected = (kind: string) => goldenJson<Family>(...at(kind, 'expected.json'));
const config = async (kind: string) => (await readModelConfig(folder(kind))) as ModernBertConfig;
const kinds = ['base', 'mean', 'local', 'local-4.48', 'layers'];

test.each(kinds)('the model %s has the logits and the loss of PyTorch', async (kind) => {
  await expectFamily(engine, folder(kind), await expected(kind));
});

test.each(['base', 'mean'])('the model %s has the gradients of PyTorch', async (kind) => {
  const { inputs, labels } = await expected(kind);
  const classifier = await loadClassifier(engine, folder(kind), { trainable: true });
  const { gradients } = await classifier.gradient(inputs, labels as number[]);
  const theirs = [...(await goldenTensors(...at(kind, 'expected.safetensors')))]
    .filter(([name]) => name.startsWith('gradient.'))
    .map(([name, tensor]) => [name.slice('gradient.'.length), tensor] as const);
  expectGradients(gradients, new Map(theirs));
  await classifier.close();
});

test.each(['base', 'mean'])('the model %s has the hidden states of PyTorch', async (kind) => {
  const { inputs } = await expected(kind);
  const weights = await openWeights(folder(kind));
  // with a mean, all tokens are read
  const own = { ...(await config(kind)), pooling: 'mean' } as const;
  const { states } = await runGraph(
    (graph) => ({
      states: hiddenStates(rootScope(graph, {}).scope.child('model'), own, {
        ids: graph.input('textIds', 'int64', ['tokens']),
        packing: packingInputs(graph, 'text', { batch: 'batch', time: 'time', tokens: 'tokens' }),
      }),
    }),
    packedFeeds('text', inputs),
    { weights: inFiles((name) => weights.entries.get(name)!) },
  );
  const { hidden } = Object.fromEntries(await goldenTensors(...at(kind, 'expected.safetensors')));
  expect(states.data).toBeAllClose(numbers(hidden), logitsTolerance);
});

test.each(kinds)('the model %s judges a batch as it judges each text', async (kind) => {
  const { inputs } = await expected(kind);
  const classifier = await loadClassifier(engine, folder(kind));
  const together = await classifier.logits(inputs);
  for (const [i, row] of inputs.entries()) {
    const [alone] = await classifier.logits([row]);
    expect(alone).toBeAllClose(together[i], { atol: 1e-5 }); // float32 sums in another order
  }
  await classifier.close();
});

test.each(kinds)('exported, the model %s has the same logits of a padded batch', async (kind) => {
  const to = await temporaryFolder();
  const { inputs, logits } = await expected(kind);
  const own = await config(kind);
  const { load } = await openWeights(folder(kind));
  await modelFiles('model', classifierModel(own), { dtype: 'fp32', load }).write(to);
  const session = await openSession(to, 'model.onnx');
  const result = await session.run(padded(inputs, own.padId));
  expect([...(result.logits.data as Float32Array)]).toBeAllClose(logits.flat(), logitsTolerance);
});

test('a fresh one comes back from its folder', async () => {
  const own = await config('mean');
  const fresh = await freshClassifier(engine, own, 1);
  const to = await temporaryFolder();
  await writeModelFolder(to, own, fresh.parameters.tensors);
  const loaded = await loadClassifier(engine, to);
  expect(loaded.config).toEqual(own);
  const rows = [[5, 6, 7], [8], [9, 3, 4, 2]];
  expect(await loaded.logits(rows)).toEqual(await fresh.logits(rows));
  for (const classifier of [fresh, loaded]) await classifier.close();
});

describe('its config', () => {
  const read = (raw: Record<string, unknown>) =>
    modelConfig({ model_type: 'modernbert', ...raw }) as ModernBertConfig;

  test('has the defaults of transformers', () => {
    const own = read({});
    expect(own).toMatchObject({ vocabSize: 50_368, hidden: 768, layers: 22, heads: 12 });
    expect(own).toMatchObject({ padId: 50_283, maxPositions: 8192, localAttention: 128 });
    expect(own.theta).toEqual({ full_attention: 160_000, sliding_attention: 10_000 });
    const full = own.layerTypes.flatMap((type, i) => (type === 'full_attention' ? [i] : []));
    expect(full).toEqual([0, 3, 6, 9, 12, 15, 18, 21]);
  });

  test('is the same in the layouts of transformers 4.48 and 5', async () => {
    expect(await config('local')).toEqual(await config('local-4.48'));
    const shared = read({ local_rope_theta: null, global_rope_theta: 500 });
    expect(shared.theta).toEqual({ full_attention: 500, sliding_attention: 500 });
  });

  test.each(kinds)('of the model %s comes back as it was written', async (kind) => {
    const own = await config(kind);
    const json = modernbert.write(own);
    expect(modernbert.read(json, 'config.json')).toEqual(own);
    // transformers 4 reads the one, 5 the other; an irregular order only 5 can say
    const { global_attn_every_n_layers: _, ...of5 } = json;
    expect(modernbert.read(of5, 'config.json')).toEqual(own);
    if (kind === 'layers') return;
    const { layer_types: __, rope_parameters: ___, ...of4 } = json;
    expect(modernbert.read(of4, 'config.json')).toEqual(own);
  });

  const bad: [Record<string, unknown>, string][] = [
    [{ hidden_size: 60, num_attention_heads: 12 }, 'hidden_size: expected a multiple of twice'],
    [{ layer_types: ['full_attention'] }, 'layer_types: expected one for each of the 22 layers'],
    [{ global_attn_every_n_layers: 0 }, 'global_attn_every_n_layers: expected a whole number'],
    [{ max_position_embeddings: 1e9 }, 'max_position_embeddings: expected at most 65536'],
    [
      { hidden_size: 768e5 },
      'hidden_size: expected at most 256 for each of the 12 attention heads',
    ],
    [
      { rope_parameters: { full_attention: { rope_type: 'yarn', factor: 4 } } },
      'rope_parameters: full_attention: rope_type: expected "default"',
    ],
    [{ classifier_pooling: 'max' }, 'classifier_pooling: expected'],
    [{ hidden_activation: 'mish' }, 'hidden_activation: expected'],
  ];
  test.each(bad)('%j is refused', (raw, message) => {
    expect(() => read(raw)).toThrow(message);
  });
});

test('its tokenizer gives the ids of transformers, of texts and of pairs', async () => {
  interface Theirs {
    readonly texts: string[];
    readonly ids: number[][];
    readonly pairs: number[][];
    readonly cut: number[][];
    readonly decoded: string[];
  }
  const theirs = await goldenJson<Theirs>(...at('tokenizer', 'expected.json'));
  const { texts } = theirs;
  const tokenizer = await loadTokenizer(folder('tokenizer'));
  expect(await tokenizer.encodeBatch(texts)).toEqual(theirs.ids);
  expect(await tokenizer.decodeBatch(theirs.ids)).toEqual(theirs.decoded);
  const pairs = texts.slice(1).map((text, i) => [texts[i], text] as const);
  const idsOf = (found: readonly { ids: readonly number[] }[]) => found.map(({ ids }) => ids);
  const whole = await tokenizer.encodePairs(pairs);
  expect(idsOf(whole)).toEqual(theirs.pairs);
  expect(idsOf(await tokenizer.encodePairs(pairs, { maxLength: 12 }))).toEqual(theirs.cut);
  expect(whole.flatMap(({ segments }) => segments).every((segment) => segment === 0)).toBe(true);
  expect(tokenizer.maxLength).toBe(8192);
});
