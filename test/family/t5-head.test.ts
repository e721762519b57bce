/** Head and scale of a T5 in all their combinations: how they are found, and how they are written. */

import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mergeToFolder } from '../../src/export/merged-folder.ts';
import { readModelConfig } from '../../src/family/config.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import type { T5Config } from '../../src/family/t5/config.ts';
import { openWeights } from '../../src/family/weights.ts';
import { freshPolicy, loadPolicy } from '../../src/model/load.ts';
import { saveAdapter } from '../../src/model/save.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { saveWeights } from '../../src/tensors/weights.ts';
import { testEngine } from '../engine.ts';
import { scratchFolders } from '../hub/folder.ts';
import { tinyLora, tinySequences, tinyT5 } from '../model/tiny.ts';

const scratch = scratchFolders();
const [table, head] = ['shared.weight', 'lm_head.weight'];
/** What transformers scales hidden states by. */
const scale = tinyT5.dModel ** -0.5;
type Json = Record<string, unknown>;

let engine: Engine;
let tensors: Map<string, Tensor<'float32'>>;
let config: Json;
/** Logits of the tied, scaled model. */
let plain: readonly number[];
beforeAll(async () => {
  engine = await testEngine();
  const folder = await scratch();
  const policy = await freshPolicy(engine, tinyT5, 1);
  await writeModelFolder(folder, tinyT5, policy.parameters.tensors);
  await policy.close();
  const weights = await openWeights(folder);
  tensors = new Map();
  for (const name of weights.entries.keys()) tensors.set(name, await weights.load(name));
  config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  plain = await logitsOf(folder);
});
afterAll(() => engine.close());

async function logitsOf(model: string): Promise<readonly number[]> {
  const { policy } = await loadPolicy(engine, { model });
  const { data } = await policy.logits(tinySequences()[0]);
  await policy.close();
  return [...data];
}

const doubled = ({ data, shape }: Tensor<'float32'>) =>
  float32(
    data.map((x) => 2 * x),
    shape,
  );

/** A folder with these fields, and with the table once more or its double as head. */
async function folderWith(fields: Json, own: 'none' | 'same' | 'other'): Promise<string> {
  const folder = await scratch();
  const { tie_word_embeddings: _, ...rest } = config;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...rest, ...fields }, null, 2));
  const shared = tensors.get(table)!;
  const heads = { none: [], same: [[head, shared]], other: [[head, doubled(shared)]] } as const;
  await saveWeights(folder, new Map<string, Tensor>([...tensors, ...heads[own]]));
  return folder;
}

/** What the head does to hidden states, in units of the scaled table: by transformers 4 and by 5. */
async function readings(folder: string): Promise<{ four: number; five: number }> {
  const json: Json = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  const { entries, load } = await openWeights(folder);
  const [shared] = (await load(table)).data;
  const own = entries.has(head) ? (await load(head)).data[0] / shared : undefined;
  const isPolicy = json.model_type === 't5';
  const tied = json.tie_word_embeddings ?? isPolicy;
  const scaled = isPolicy && (json.scale_decoder_outputs ?? json.tie_word_embeddings !== false);
  const five = (own ?? 1) * (scaled ? 1 : 1 / scale);
  return { four: tied ? 1 : (own ?? Number.NaN) / scale, five };
}

const t5 = (fields: Json = {}) => ({ model_type: 't5', ...fields });
const mt5 = (fields: Json = {}) => ({ model_type: 'mt5', ...fields });
const tied = { tie_word_embeddings: true };
const untied = { tie_word_embeddings: false };
const five = { transformers_version: '5.24.0' };
const [scaled, bare] = [true, false].map((scale_decoder_outputs) => ({ scale_decoder_outputs }));

// values: logits by those of the tied, scaled model; as transformers 5.24.0 has them, but of the last
test.each<[string, Json, 'none' | 'same' | 'other', number]>([
  ['T5 of 4, tied', t5(), 'none', 1],
  ['T5 of 4, tied, with the table twice', t5(tied), 'same', 1],
  ['T5 of 4, tied, with another head', t5(tied), 'other', 2],
  ['T5 of 4, untied', t5(untied), 'other', 2 / scale],
  ['T5 of 4, untied, and its head the table', t5(untied), 'same', 1 / scale],
  ['T5 of 5, tied', t5({ ...five, ...tied, ...scaled }), 'none', 1],
  ['T5 of 5, tied, not scaled', t5({ ...five, ...tied, ...bare }), 'none', 1 / scale],
  ['T5 of 5, its own head', t5({ ...five, ...tied, ...bare }), 'other', 2 / scale],
  ['T5 of 5, its own head by PEFT', t5({ ...five, ...untied, ...scaled }), 'other', 2],
  ['mT5 of 4, untied', mt5(untied), 'other', 2 / scale],
  ['mT5 of 5, its own head', mt5({ ...five, ...tied }), 'other', 2 / scale],
  ['mT5 of 5, one table', mt5({ ...five, ...tied }), 'none', 1 / scale],
  ['mT5 of 4, tied', mt5({ transformers_version: '4.47.0', ...tied }), 'none', 1],
])('%s: the head is found, and written so that 4 and 5 find it', async (_, fields, own, factor) => {
  const folder = await folderWith(fields, own);
  const logits = await logitsOf(folder);
  const expected = plain.map((x) => x * factor);
  const close = { atol: 1e-4, rtol: 1e-5 }; // float32 sums in another order
  expect(logits).toBeAllClose(expected, close);

  const adapter = await scratch();
  const { policy } = await loadPolicy(engine, { model: folder, lora: tinyLora });
  await saveAdapter(adapter, tinyLora, policy.parameters.tensors); // adds nothing
  await policy.close();
  const output = join(await scratch(), 'merged');
  await mergeToFolder({ model: folder, adapter, output, version: '' });
  const { policy: full } = await loadPolicy(engine, { model: folder, trainable: 'all' });
  const written = join(await scratch(), 'written');
  await writeModelFolder(written, full.shape.config, full.parameters.tensors);
  await full.close();
  for (const result of [output, written]) {
    expect(await logitsOf(result)).toBeAllClose(expected, close);
    const { four, five } = await readings(result);
    expect([four / factor, five / factor]).toBeAllClose([1, 1], { atol: 1e-6 });
  }
});

test('a head that the config denies is told, where transformers 4 does not take it', async () => {
  const notesOf = async (fields: Json, own: 'same' | 'other') => {
    const { policy, notes } = await loadPolicy(engine, { model: await folderWith(fields, own) });
    await policy.close();
    return notes.map(({ says }) => says).join();
  };
  expect(await notesOf(t5(tied), 'other')).toContain('lm_head.weight differs from shared.weight');
  expect(await notesOf(t5(tied), 'same')).toBe('');
  expect(await notesOf(t5({ ...five, ...tied, ...bare }), 'other')).toBe('');
  expect(await notesOf(mt5({ ...five, ...tied }), 'other')).toBe('');
  expect(await notesOf(mt5(tied), 'same')).toContain('an mT5 that was tied before transformers 5');
  expect(await notesOf(mt5(untied), 'other')).toBe('');
});

test('a head of another type with the numbers of the table is the table', async () => {
  const folder = await folderWith(t5(tied), 'none');
  const shared = tensors.get(table)!;
  const doubles = Buffer.from(Float64Array.from(shared.data).buffer);
  const place = { dtype: 'F64', shape: shared.shape, data_offsets: [0, doubles.length] };
  const header = Buffer.from(JSON.stringify({ [head]: place }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const [one, other] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  await rename(join(folder, 'model.safetensors'), join(folder, one));
  await writeFile(join(folder, other), Buffer.concat([length, header, doubles]));
  const shardOf = Object.fromEntries([...tensors.keys()].map((name) => [name, one]));
  const index = JSON.stringify({ weight_map: { ...shardOf, [head]: other } });
  await writeFile(join(folder, 'model.safetensors.index.json'), index);

  const { policy, notes } = await loadPolicy(engine, { model: folder });
  expect((policy.shape.config as T5Config).ownHead).toBe(false);
  await policy.close();
  expect(notes.map(({ says }) => says).join()).not.toContain('differs');
});

test('a head that the config promises and nobody has is missed', async () => {
  const load = loadPolicy(engine, { model: await folderWith(t5(untied), 'none') });
  await expect(load).rejects.toThrow('weight "lm_head.weight" [13,16], got none of that name');
});

test('an adapter that saves the head whole unties a model, and the scale stays', async () => {
  const model = await folderWith(t5(tied), 'none');
  const lora = { ...tinyLora, savedModules: ['lm_head'] };
  const { policy } = await loadPolicy(engine, { model, lora: tinyLora });
  const saved = new Map(policy.parameters.tensors);
  await policy.close();
  const adapter = await scratch();
  await saveAdapter(adapter, lora, saved.set(head, doubled(tensors.get(table)!)));

  const { policy: adapted, replaced } = await loadPolicy(engine, { model, adapter });
  const { data } = await adapted.logits(tinySequences()[0]);
  expect((adapted.shape.config as T5Config).ownHead).toBe(true);
  await adapted.close();
  const close = { atol: 1e-4, rtol: 1e-5 };
  expect([...data]).toBeAllClose(
    plain.map((x) => 2 * x),
    close,
  );
  expect(replaced.get(head)).toEqual(tensors.get(table)); // what the base has in its place

  const output = join(await scratch(), 'merged');
  await mergeToFolder({ model, adapter, output, version: '' });
  expect(await logitsOf(output)).toBeAllClose([...data], close);
  expect(await readModelConfig(output)).toMatchObject({ ownHead: true, scaledOutput: false });
});
