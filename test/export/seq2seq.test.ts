import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { ExportDType } from '../../src/export/dtypes.ts';
import { modelFile } from '../../src/export/model-file.ts';
import { modelFiles, type WriteOptions } from '../../src/export/write.ts';
import { seq2seqModels } from '../../src/family/seq2seq-onnx.ts';
import type { T5Config } from '../../src/family/t5/config.ts';
import { t5LanguageModel } from '../../src/family/t5/language-model.ts';
import { openWeights } from '../../src/family/weights.ts';
import { loadPolicy } from '../../src/model/load.ts';
import type { Policy } from '../../src/model/policy.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { messagesAt, readMessage, textsAt } from '../graph/protobuf-reader.ts';
import { randomRows, temporaryFolder, tinyModelFolder, tinyT5 } from '../model/tiny.ts';
import { logitsTolerance } from '../tensors.ts';
import { decodeGreedily, integers, openSession, padded, run } from './onnx-files.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const steps = 7;
const start = { padId: tinyT5.padId, startId: tinyT5.decoderStartId, steps };
const queries = randomRows(4, { lengths: [1, 12] });
const greedy = GenerationConfig.parse({ sample: false, maxNewTokens: steps });
const shallow: T5Config = { ...tinyT5, layers: 1, decoderLayers: 1 };
const shallowModels = seq2seqModels(shallow, t5LanguageModel(shallow));
const variants: Record<string, T5Config> = {
  'gated and tied': tinyT5,
  'relu, untied and shallow': {
    ...tinyT5,
    feedForward: 'relu',
    ownHead: true,
    scaledOutput: false,
    layers: 1,
    decoderLayers: 1,
  },
};

/** A model's folder, which goes when the test ends, and its config. */
type Model = readonly [folder: string, T5Config];

async function tinyModel(config: T5Config): Promise<Model> {
  return [await tinyModelFolder(engine, config), config];
}

/** The same with its policy. */
async function tiny(config: T5Config): Promise<{ model: Model; policy: Policy }> {
  const model = await tinyModel(config);
  const { policy } = await loadPolicy(engine, { model: model[0] });
  onTestFinished(() => policy.close());
  return { model, policy };
}

/** Both models of a folder as files in another one. */
async function exported(
  [model, config]: Model,
  dtype: ExportDType,
  { limit, ...options }: WriteOptions & { limit?: number } = {},
): Promise<string> {
  const { load } = await openWeights(model);
  const folder = await temporaryFolder();
  for (const [name, graph] of Object.entries(seq2seqModels(config, t5LanguageModel(config)))) {
    await modelFiles(name, graph, { dtype, load, limit }).write(folder, options);
  }
  return folder;
}

const suffix = { fp32: '', fp16: '_fp16', q8: '_quantized', int8: '_int8' };
const sessionsOf = (folder: string, dtype: ExportDType) =>
  Promise.all(
    ['encoder_model', 'decoder_model_merged'].map((name) =>
      openSession(folder, `${name}${suffix[dtype]}.onnx`),
    ),
  );

/** Logits of the policy for what was decoded: by row, then [steps * vocabulary]. */
function policyLogits(policy: Policy, ids: readonly number[][]): Promise<Float32Array[]> {
  return Promise.all(
    queries.map(async (query, row) => {
      const inputs = [tinyT5.decoderStartId, ...ids[row].slice(0, -1)];
      return (await policy.logits({ query, inputs, labels: ids[row] })).data;
    }),
  );
}

/** The largest difference between logits of a decoding and the policy's. */
async function worstOf(
  policy: Policy,
  { ids, logits }: Awaited<ReturnType<typeof decodeGreedily>>,
) {
  const size = tinyT5.vocabSize;
  const expected = await policyLogits(policy, ids);
  let worst = 0;
  logits.forEach((step, t) => {
    queries.forEach((_, row) => {
      for (let i = 0; i < size; i++) {
        const difference = step[row * size + i] - expected[row][t * size + i];
        worst = Math.max(worst, Math.abs(difference));
      }
    });
  });
  return { worst, largest: Math.max(...expected.flatMap((row) => [...row]).map(Math.abs)) };
}

describe.each(Object.entries(variants))('a T5 that is %s', (_, config) => {
  test('gives in fp32 the ids and logits of the policy, in a padded batch', async () => {
    const { model, policy } = await tiny(config);
    const folder = await exported(model, 'fp32');
    const decoded = await decodeGreedily(await sessionsOf(folder, 'fp32'), queries, start);
    const own = await policy.generate(queries, greedy, { seed: 0, key: [] });
    own.forEach(({ response }, row) => {
      expect(decoded.ids[row].slice(0, response.length)).toEqual(response);
    });
    const { worst } = await worstOf(policy, decoded);
    expect(worst).toBeLessThan(logitsTolerance.atol);
  });

  test.each([
    ['fp16', 0.01], // three decimal digits
    ['q8', 0.1], // 7 bits for weights, 8 for states, and a model that is far too small for them
  ] as const)('stays near the policy in %s', async (dtype, share) => {
    const { model, policy } = await tiny(config);
    const folder = await exported(model, dtype);
    const decoded = await decodeGreedily(await sessionsOf(folder, dtype), queries, start);
    const { worst, largest } = await worstOf(policy, decoded);
    expect(worst).toBeGreaterThan(0);
    expect(worst).toBeLessThan(share * largest);
  });
});

describe('files', () => {
  test('several tokens at once give what they give one after the other', async () => {
    const model = await tinyModel(shallow);
    const [encoder, decoder] = await sessionsOf(await exported(model, 'fp32'), 'fp32');
    const { ids, logits } = await decodeGreedily([encoder, decoder], queries, start);
    const feeds = padded(queries, tinyT5.padId);
    const { last_hidden_state } = await encoder.run(feeds);
    const inputs = ids.map((row) => [tinyT5.decoderStartId, ...row.slice(0, -1)]);
    const all = await run(decoder, {
      input_ids: integers(inputs.flat(), [queries.length, steps]),
      encoder_hidden_states: last_hidden_state,
      encoder_attention_mask: feeds.attention_mask,
    });
    expect(all.logits.dims).toEqual([queries.length, steps, tinyT5.vocabSize]);
    const data = all.logits.data as Float32Array;
    const size = tinyT5.vocabSize;
    const byStep = logits.map((_, t) =>
      queries.flatMap((_, row) => [...data.subarray((row * steps + t) * size).subarray(0, size)]),
    );
    byStep.forEach((row, t) => {
      expect(row).toBeAllClose([...logits[t]], logitsTolerance);
    });
  });

  test('have every weight once, whatever branch reads it', async () => {
    const model = await tinyModel(shallow);
    const { load, entries } = await openWeights(model[0]);
    const { parts } = modelFile(shallowModels.decoder_model_merged, {
      precision: 'float32',
      load,
      dataFile: '',
    });
    const stored = parts.flatMap((part) => ('load' in part ? [part.name] : []));
    expect(new Set(stored).size).toBe(stored.length);
    const used = [...entries.keys()].filter((name) => /^(decoder|shared)\./.test(name));
    expect(stored.sort()).toEqual(used.sort());
  });

  test('with little room have their weights beside them, and compute the same', async () => {
    const model = await tinyModel(shallow);
    const [whole, apart] = [
      await exported(model, 'fp32'),
      await exported(model, 'fp32', { limit: 1 }),
    ];
    const results = await Promise.all(
      [whole, apart].map(async (folder) =>
        decodeGreedily(await sessionsOf(folder, 'fp32'), queries, start),
      ),
    );
    expect(results[1]).toEqual(results[0]);
    const { load } = await openWeights(model[0]);
    const files = (limit?: number) =>
      modelFiles('encoder_model', shallowModels.encoder_model, {
        dtype: 'fp32',
        load,
        limit,
      });
    expect([files(1).isExternal, files().isExternal]).toEqual([true, false]);
  });

  test('are of an opset and a version that are old enough for other runtimes', async () => {
    const model = await tinyModel(shallow);
    const folder = await exported(model, 'q8');
    const file = await readFile(join(folder, 'decoder_model_merged_quantized.onnx'));
    const fields = readMessage(file);
    expect(fields.get(1)).toEqual([8n]);
    expect(messagesAt(fields, 8)[0].get(2)).toEqual([18n]);
    const [graph] = messagesAt(fields, 7);
    const operators = new Set(messagesAt(graph, 1).flatMap((node) => textsAt(node, 4)));
    expect([...operators]).toEqual(expect.arrayContaining(['If', 'MatMulInteger']));
    expect([...operators]).not.toContain('Gelu'); // is in opset 20 alone
  });

  test('are what transformers.js asks for: names, types and symbols', async () => {
    const model = await tinyModel(shallow);
    const [encoder, decoder] = await sessionsOf(await exported(model, 'fp16'), 'fp16');
    expect(encoder.inputNames).toEqual(['input_ids', 'attention_mask']);
    expect(encoder.outputNames).toEqual(['last_hidden_state']);
    const layers = Array.from({ length: shallow.decoderLayers }, (_, i) => i);
    const names = (prefix: string) =>
      layers.flatMap((i) =>
        ['decoder', 'encoder'].flatMap((side) =>
          ['key', 'value'].map((part) => `${prefix}.${i}.${side}.${part}`),
        ),
      );
    const plain = ['input_ids', 'encoder_hidden_states', 'encoder_attention_mask'];
    const inputs = [...plain, 'use_cache_branch', ...names('past_key_values')];
    expect([...decoder.inputNames].sort()).toEqual(inputs.sort());
    expect([...decoder.outputNames].sort()).toEqual(['logits', ...names('present')].sort());
    const past = decoder.inputMetadata.filter(({ name }) => name.startsWith('past'));
    for (const meta of past) {
      const { heads, dKv } = tinyT5;
      expect(meta).toMatchObject({
        type: 'float16',
        shape: ['batch_size', heads, expect.any(String), dKv],
      });
    }
  });

  test('of an interrupted writing stop before the next weight', async () => {
    const model = await tinyModel(shallow);
    const controller = new AbortController();
    let written = 0;
    const writing = exported(model, 'fp32', {
      signal: controller.signal,
      onBytes() {
        if (++written === 5) controller.abort();
      },
    });
    await expect(writing).rejects.toThrow('aborted');
    expect(written).toBeLessThanOrEqual(6);
  });
});
