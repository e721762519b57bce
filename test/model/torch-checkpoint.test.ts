import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type LoraConfig,
  readAdapter,
  writeAdapter,
  writeValueHead,
} from '../../src/adapter/peft.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { openWeights } from '../../src/family/weights.ts';
import { sequenceOf } from '../../src/model/batch.ts';
import { freshPolicy, type LoadPolicyOptions, loadPolicy } from '../../src/model/load.ts';
import { mergedWeights } from '../../src/model/merge.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { writeTorchFile } from '../../src/tensors/torch-writer.ts';
import { saveWeights } from '../../src/tensors/weights.ts';
import { testEngine } from '../engine.ts';
import { scratchFolders } from '../hub/folder.ts';
import { zip } from '../install/zip.ts';
import { torchZip, unzipStored } from '../tensors/torch-zip.ts';
import { logitsTolerance } from '../tensors.ts';
import { tinyT5 } from './tiny.ts';

const newFolder = scratchFolders();
let engine: Engine;
let tensors: ReadonlyMap<string, Tensor<'float32'>>;
let expected: ArrayLike<number>;
const sequence = sequenceOf([3, 5, 7, 1], [4, 6, 1], 0);

beforeAll(async () => {
  engine = await testEngine();
  const policy = await freshPolicy(engine, tinyT5, 1);
  tensors = new Map(policy.parameters.tensors);
  expected = (await policy.logits(sequence)).data;
  await policy.close();
});
afterAll(() => engine.close());

/** A folder with the config, and whatever weights `write` puts there. */
async function folderWith(write: (folder: string) => Promise<void>): Promise<string> {
  const folder = await newFolder();
  await writeModelFolder(folder, tinyT5, tensors);
  await rm(join(folder, 'model.safetensors'));
  await write(folder);
  return folder;
}

async function logits(options: LoadPolicyOptions): Promise<ArrayLike<number>> {
  const { policy } = await loadPolicy(engine, options);
  const { data } = await policy.logits(sequence);
  await policy.close();
  return data;
}

describe('a checkpoint of torch gives the logits of the same weights in safetensors', () => {
  test('mapped from the .bin', async () => {
    const model = await folderWith((folder) =>
      writeTorchFile(join(folder, 'pytorch_model.bin'), tensors),
    );
    expect(await logits({ model })).toEqual(expected);
    expect(await logits({ model, trainable: 'all' })).toEqual(expected);
  });

  test('with elements at odd offsets', async () => {
    const model = await folderWith(async (folder) => {
      const path = join(folder, 'pytorch_model.bin');
      await writeTorchFile(path, tensors);
      const files = unzipStored(await readFile(path));
      await writeFile(path, torchZip(new Map<string, string | Uint8Array>([['x', 'y'], ...files])));
    });
    const { entries } = await openWeights(model);
    expect([...entries.values()].filter(({ offset }) => offset % 4 !== 0).length).toBeGreaterThan(
      9,
    );
    expect(await logits({ model })).toEqual(expected);
  });

  test('with matrices that lie transposed, as conversions from TensorFlow left them', async () => {
    const model = await folderWith((folder) => writeTransposed(join(folder, 'pytorch_model.bin')));
    const { entries } = await openWeights(model);
    const strided = [...entries].filter(([, { strides }]) => strides).map(([name]) => name);
    expect(strided).toContain('shared.weight');
    expect([...entries.values()].every(({ offset }) => offset % 4 === 0)).toBe(true);
    expect(strided.length).toBeGreaterThan(9);
    expect(await logits({ model })).toEqual(expected);
    expect(await logits({ model, trainable: 'all' })).toEqual(expected);
  });

  test.each(['encoder.embed_tokens.weight', 'decoder.embed_tokens.weight', 'lm_head.weight'])(
    'with the tied embeddings under the name %s',
    async (name) => {
      const renamed = new Map(
        [...tensors].map(([old, tensor]) => [old === 'shared.weight' ? name : old, tensor]),
      );
      const model = await folderWith((folder) => saveWeights(folder, renamed));
      expect(await logits({ model })).toEqual(expected);
      expect(await logits({ model, trainable: 'all' })).toEqual(expected);
    },
  );

  test('and without a weight none, whatever is trained', async () => {
    const name = 'decoder.final_layer_norm.weight';
    const some = new Map([...tensors].filter(([each]) => each !== name));
    const model = await folderWith((folder) => saveWeights(folder, some));
    for (const trainable of ['nothing', 'all'] as const) {
      await expect(loadPolicy(engine, { model, trainable })).rejects.toThrow(`weight "${name}"`);
    }
  });
});

/** Writes every matrix column by column: the shape and the strides of the pickle change places. */
async function writeTransposed(path: string): Promise<void> {
  const turned = new Map([...tensors].map(([name, tensor]) => [name, transposed(tensor)]));
  await writeTorchFile(path, turned);
  const bytes = await readFile(path);
  const pickle = unzipStored(bytes).get('data.pkl')!;
  const crc = (of: Buffer) => {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(crc32(of));
    return word.toString('latin1');
  };
  // (rows, columns) and (columns, 1) become (columns, rows) and (1, columns)
  const pairs = /\(J(.{4})J(.{4})t\(J(.{4})J(.{4})t/gs;
  const old = pickle.toString('latin1');
  const swapped = old.replace(pairs, '(J$2J$1t(J$4J$3t');
  // in its place, so that all elements stay aligned: nothing but the strides is unusual
  const whole = bytes.toString('latin1').replace(old, () => swapped);
  const changed = whole.replaceAll(crc(pickle), () => crc(Buffer.from(swapped, 'latin1')));
  await writeFile(path, Buffer.from(changed, 'latin1'));
}

function transposed({ shape, data }: Tensor<'float32'>): Tensor<'float32'> {
  if (shape.length !== 2) return float32(data, shape);
  const [rows, columns] = shape;
  const turned = data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]);
  return float32(turned, [columns, rows]);
}

describe('adapters', () => {
  const strong = 'decoder.block.0.layer.1.EncDecAttention.q';
  const lora: LoraConfig = {
    rank: 2,
    alpha: 4,
    targetModules: ['EncDecAttention.q', 'encoder.block.1.layer.0.SelfAttention.v'],
    rsLora: false,
    dropout: 0,
    baseModel: '',
    exceptions: { [strong]: { rank: 3, alpha: 9 } },
  };
  let model: string;
  let folder: string;
  let adapted: ArrayLike<number>;

  beforeAll(async () => {
    model = await folderWith((place) => saveWeights(place, tensors));
    folder = await newFolder();
    const { policy } = await loadPolicy(engine, { model, lora, seed: 3, valueHead: 'uniform' });
    const own = new Map(
      [...policy.parameters.tensors].map(([name, { shape, data }], i) => {
        return [
          name,
          float32(
            data.map((x, j) => x + 0.1 * Math.sin(i + j)),
            shape,
          ),
        ] as const;
      }),
    );
    await policy.close();
    const head = new Map([...own].filter(([name]) => name.startsWith('v_head.')));
    const pairs = new Map([...own].filter(([name]) => !name.startsWith('v_head.')));
    await writeAdapter(folder, { config: lora, tensors: pairs });
    await writeValueHead(folder, head, { layout: 'trl' });
    adapted = await logits({ model, adapter: folder });
  });

  test('each module has its own rank and scale, as when they are merged into the weights', async () => {
    const adapter = await readAdapter(folder);
    expect(adapter.tensors.get(`${strong}.lora_A.weight`)?.shape[0]).toBe(3);
    expect(adapter.tensors.size).toBe(6);
    const merged = mergedWeights(await openWeights(model), adapter);
    const all = new Map<string, Tensor<'float32'>>();
    for (const name of tensors.keys()) {
      const { shape, data } = await merged.load(name);
      all.set(name, float32(data, shape));
    }
    const whole = await folderWith((place) => saveWeights(place, all));
    expect(adapted).toBeAllClose(await logits({ model: whole }), logitsTolerance);
    expect(adapted).not.toBeAllClose(expected, logitsTolerance);
  });

  test('a zip is as good as the folder, with the value head that TRL would find in it', async () => {
    const names = ['adapter_config.json', 'adapter_model.safetensors', 'pytorch_model.bin'];
    const entries = await Promise.all(
      names.map(async (name) => ({
        name: `best/${name}`,
        data: await readFile(join(folder, name)),
      })),
    );
    const adapter = join(await newFolder(), 'model-checkpoint-files.zip');
    await writeFile(adapter, zip(entries));
    expect(await logits({ model, adapter })).toEqual(adapted);
    const [zipped, plain] = await Promise.all(
      [adapter, folder].map((path) =>
        loadPolicy(engine, { model, adapter: path, valueHead: 'zero' }),
      ),
    );
    const heads = [zipped, plain].map(({ policy }) =>
      policy.parameters.tensors.get('v_head.summary.weight'),
    );
    expect(heads[0]).toEqual(heads[1]);
    expect(heads[0]?.data.some((x) => x !== 0)).toBe(true);
    await Promise.all([zipped, plain].map(({ policy }) => policy.close()));
  });

  test('an adapter of a model of other widths is refused by name', async () => {
    const adapter = await readAdapter(folder);
    const wide = new Map(adapter.tensors);
    wide.set(`${strong}.lora_A.weight`, float32(new Float32Array(3 * 32), [3, 32]));
    const other = await newFolder();
    await writeAdapter(other, { ...adapter, tensors: wide });
    await expect(loadPolicy(engine, { model, adapter: other })).rejects.toThrow(
      `${strong}.lora_A.weight: expected [3,16], got [3,32].`,
    );
  });
});
