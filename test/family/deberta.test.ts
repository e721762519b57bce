import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { modelConfig, readModelConfig } from '../../src/family/config.ts';
import { type DebertaConfig, deberta } from '../../src/family/deberta.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { freshClassifier, loadClassifier } from '../../src/model/load.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { goldenJson, goldenPath, goldenTensors } from '../golden.ts';
import { expectFamily, type Family } from '../model/families.ts';
import { randomRows, temporaryFolder } from '../model/tiny.ts';
import { expectGradients } from '../tensors.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

// Expected values: transformers 5.24.0 with torch 2.15; 4.47.0 has the same (test/golden/README.md).
const golden = ['families', 'deberta'];
const { families } = await goldenJson<{ families: Record<string, Family> }>(
  ...golden,
  'expected.json',
);
const folderOf = (kind: string) => goldenPath(...golden, kind);
const configOf = async (kind: string) => (await readModelConfig(folderOf(kind))) as DebertaConfig;

test.each(Object.keys(families))('a %s has the logits and the loss of PyTorch', async (kind) => {
  await expectFamily(engine, folderOf(kind), families[kind]);
});

test.each(['deberta-v2', 'deberta-wide', 'deberta-p2c'])(
  'a %s has the gradients of PyTorch, of every parameter',
  async (kind) => {
    const { inputs, labels } = families[kind];
    const classifier = await loadClassifier(engine, folderOf(kind), { trainable: true });
    const { gradients } = await classifier.gradient(inputs, labels as number[]);
    expectGradients(gradients, await goldenTensors(...golden, kind, 'gradients.safetensors'));
    await classifier.close();
  },
);

test.each(Object.keys(families))('a fresh %s comes back from its folder', async (kind) => {
  const config = await configOf(kind);
  const fresh = await freshClassifier(engine, config, 1);
  const folder = await temporaryFolder();
  await writeModelFolder(folder, config, fresh.parameters.tensors);
  expect(await readModelConfig(folder)).toEqual(config);
  const loaded = await loadClassifier(engine, folder);
  const rows = [[5, 6, 7], [8], [9, 3, 4, 2]];
  expect(await loaded.logits(rows)).toEqual(await fresh.logits(rows));
  for (const classifier of [fresh, loaded]) await classifier.close();
});

test.each(['deberta-v3', 'deberta-v2', 'deberta-wide'])(
  'a text of a %s has the same logits beside longer ones as alone',
  async (kind) => {
    const classifier = await loadClassifier(engine, folderOf(kind));
    const texts = randomRows(6, { lengths: [1, 24] });
    const together = await classifier.logits(texts);
    for (const [i, text] of texts.entries()) {
      const [alone] = await classifier.logits([text]);
      expect(together[i]).toBeAllClose(alone, { atol: 1e-5 }); // the order of sums, in float32
    }
    await classifier.close();
  },
);

test('what a text is in a pair matters where there are embeddings of segments', async () => {
  const wide = await loadClassifier(engine, folderOf('deberta-wide'));
  const row = [5, 6, 7, 8];
  const [plain, pair] = await wide.logits(
    [row, row],
    [
      [0, 0, 0, 0],
      [0, 0, 1, 1],
    ],
  );
  expect(plain).not.toEqual(pair);
  expect(deberta.hasSegments(wide.config as DebertaConfig)).toBe(true);
  expect(deberta.hasSegments(await configOf('deberta-v3'))).toBe(false);
  await wide.close();
});

describe('a config', () => {
  const least = {
    model_type: 'deberta-v2',
    vocab_size: 40,
    hidden_size: 16,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 24,
  };
  const read = (more: object) => modelConfig({ ...least, ...more }) as DebertaConfig;

  test('without its fields has the defaults of transformers', () => {
    expect(read({})).toMatchObject({
      embedding: 16,
      maxPositions: 512,
      typeVocab: 0,
      layerNormEpsilon: 1e-7,
      padId: 0,
      positioned: true,
      terms: [],
      distances: undefined,
      convolution: undefined,
      poolerActivation: 'gelu',
    });
  });

  test('names what is asked of distances in a list, or with bars between', () => {
    for (const pos_att_type of ['p2c|c2p', 'C2P | P2C', ['p2c', 'c2p']]) {
      expect(read({ pos_att_type }).terms).toEqual(['c2p', 'p2c']);
    }
    expect(read({ pos_att_type: ['p2p', 'c2p'] }).terms).toEqual(['c2p']); // transformers passes over it
  });

  test('reaches as far as there are places, unless it says how far', () => {
    const relative = { relative_attention: true, position_buckets: 256 };
    expect(read(relative).distances).toEqual({
      buckets: 256,
      reach: 512,
      shared: false,
      normed: false,
    });
    expect(read({ ...relative, max_relative_positions: 300 }).distances?.reach).toBe(300);
  });

  test.each([
    [{ attention_head_size: 4 }, 'attention_head_size: expected 8, got 4.'],
    [{ pooler_hidden_size: 8 }, 'pooler_hidden_size: expected 16, got 8.'],
    [{ conv_kernel_size: 4 }, 'conv_kernel_size: expected an odd number, got 4.'],
    [{ conv_kernel_size: 3, conv_groups: 2 }, 'conv_groups: expected 1, got 2.'],
    [{ hidden_act: 'mish' }, 'hidden_act: expected '],
    [
      { relative_attention: true, position_buckets: 1 },
      'position_buckets: expected at least 2, or -1 for none, got 1.',
    ],
    [
      { relative_attention: true, position_buckets: 8, max_relative_positions: 5 },
      'max_relative_positions: expected at least 6 (half of the 8 buckets are for single distances), got 5.',
    ],
  ])('with %j is refused', (more, message) => {
    expect(() => read(more)).toThrow(message);
  });
});
