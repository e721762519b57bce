import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadClassifier, loadPolicy } from '../../src/model/load.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { testEngine } from '../engine.ts';
import { copyOf, readAll, storeAs } from './folders.ts';

const engine = await testEngine();
const query = [5, 6, 7, 1];
const inputs = [0, 5];
const labels = [5, 1];

/** What a policy says of one sequence. */
async function logitsOf(model: string) {
  const { policy, notes } = await loadPolicy(engine, { model });
  const { data } = await policy.logits({ query, inputs, labels });
  await policy.close();
  return { data: [...data], notes: notes.map(({ says }) => says) };
}

async function renamed(
  name: 't5' | 'roberta',
  rename: (key: string) => string,
  more = {},
): Promise<string> {
  const folder = await copyOf(name);
  const tensors = await readAll(folder);
  const own = [...tensors].map(([key, tensor]) => [rename(key), tensor] as const);
  await storeAs(folder, new Map([...own, ...Object.entries<Tensor>(more)]));
  return folder;
}

describe('prefixes', () => {
  test.each(['pretrained_model.', 'model.', 'base_model.model.', 'module.', '_orig_mod.'])(
    'a T5 stored under "%s" computes as before',
    async (prefix) => {
      const plain = await logitsOf(await copyOf('t5'));
      expect(plain.notes).toEqual([]);
      const folder = await renamed('t5', (name) => prefix + name);
      expect(await logitsOf(folder)).toEqual(plain);
    },
  );

  test('what lies beside the model is told', async () => {
    const head = {
      'v_head.summary.weight': float32([1, 2], [1, 2]),
      'v_head.summary.bias': float32([1]),
    };
    const folder = await renamed('t5', (name) => `pretrained_model.${name}`, head);
    const { data, notes } = await logitsOf(folder);
    expect(data).toEqual((await logitsOf(await copyOf('t5'))).data);
    expect(notes).toEqual([
      'The model\'s weights are stored under "pretrained_model."; what lies beside them is not read: v_head.summary.bias and 1 more.',
    ]);
  });

  test('a classifier whose encoder was saved alone, beside its head, computes as before', async () => {
    const rows = [[0, 5, 6, 2]];
    const judge = async (folder: string) => (await loadClassifier(engine, folder)).logits(rows);
    const folder = await renamed('roberta', (name) => name.replace(/^roberta\./, ''));
    expect(await judge(folder)).toEqual(await judge(await copyOf('roberta')));
  });

  test('an encoder without a head is refused for that', async () => {
    const folder = await copyOf('roberta');
    const tensors = await readAll(folder);
    const own = [...tensors].filter(([name]) => name.startsWith('roberta.'));
    await storeAs(folder, new Map(own.map(([name, tensor]) => [name.slice(8), tensor])));
    await expect(loadClassifier(engine, folder)).rejects.toThrow(
      `${folder}: expected a classifier's head (classifier.dense.weight and 3 more), got an encoder without one. transformers would draw the head at random`,
    );
  });

  test('an adapter that was saved into the model is named as that', async () => {
    const folder = await renamed(
      't5',
      (name) => name.replace(/\.q\.weight$/, '.q.base_layer.weight'),
      { 'encoder.block.0.layer.0.SelfAttention.q.lora_A.default.weight': float32([1]) },
    );
    const loading = loadPolicy(engine, { model: folder });
    await expect(loading).rejects.toThrow('one with an adapter in it that is not merged (');
    await expect(loading).rejects.toThrow('merge_and_unload()');
  });

  test('missing weights are counted', async () => {
    const folder = await copyOf('t5');
    const own = [...(await readAll(folder))].filter(([name]) => !name.startsWith('decoder.'));
    await storeAs(folder, new Map(own));
    await expect(loadPolicy(engine, { model: folder })).rejects.toThrow(
      /expected weight "decoder\.[\w.]+" \[\d+(,\d+)?\], got none of that name, nor of \d+ others\./,
    );
  });
});

describe('element types', () => {
  /** The model with some tensors as raw bytes of another type. */
  async function retyped(dtype: string, change: (tensor: Tensor) => Uint8Array): Promise<string> {
    const folder = await copyOf('t5');
    const all = [...(await readAll(folder))].map(([name, tensor]) => {
      const other = /SelfAttention\.q\.weight$/.test(name);
      const { buffer } = tensor.data as Float32Array;
      const bytes = other ? change(tensor) : new Uint8Array(buffer as ArrayBuffer);
      return { name, dtype: other ? dtype : 'F32', shape: tensor.shape, bytes };
    });
    let end = 0;
    const entries = all.map(({ name, dtype, shape, bytes }) => {
      const start = end;
      end += bytes.length;
      return [name, { dtype, shape, data_offsets: [start, end] }];
    });
    const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    const file = Buffer.concat([length, header, ...all.map(({ bytes }) => bytes)]);
    await writeFile(join(folder, 'model.safetensors'), file);
    return folder;
  }

  test('float64 is computed with as float32, and told', async () => {
    const folder = await retyped('F64', ({ data }) => {
      return new Uint8Array(Float64Array.from(data as Float32Array).buffer);
    });
    const { data, notes } = await logitsOf(folder);
    expect(data).toEqual((await logitsOf(await copyOf('t5'))).data);
    expect(notes).toEqual([
      expect.stringMatching(
        /^\d+ of the weights are stored in float64 and computed with in float32, rounded once\.$/,
      ),
    ]);
  });

  test.each([
    ['F8_E4M3', 1, 'F8_E4M3 (fp8)'],
    ['F8_E5M2', 1, 'F8_E5M2 (fp8)'],
    ['F4', 0.5, 'F4 (fp4)'],
    ['I8', 1, 'I8 (int8)'],
    ['U8', 1, 'U8 (int8)'],
    ['I32', 4, 'I32'],
  ])('%s is refused by its name', async (dtype, width, said) => {
    const folder = await retyped(dtype, ({ data }) => new Uint8Array(data.length * width));
    await expect(loadPolicy(engine, { model: folder })).rejects.toThrow(
      `: expected F32, F16, BF16 or F64, got ${said}. Take the model before it was quantised`,
    );
  });

  test('the method of a quantised model is named', async () => {
    const folder = await retyped('I8', ({ data }) => new Uint8Array(data.length));
    const path = join(folder, 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8'));
    const quantization_config = { quant_method: 'bitsandbytes', load_in_8bit: true };
    await writeFile(path, JSON.stringify({ ...config, quantization_config }));
    await expect(loadPolicy(engine, { model: folder })).rejects.toThrow(
      'got I8 (int8), quantised with bitsandbytes.',
    );
    const packed = await renamed('t5', (name) => name.replace(/\.q\.weight$/, '.q.qweight'));
    await expect(loadPolicy(engine, { model: packed })).rejects.toThrow(
      'got weights quantised (packed as qweight).',
    );
    await writeFile(
      join(packed, 'config.json'),
      JSON.stringify({ ...config, quantization_config: { quant_method: 'gptq' } }),
    );
    await expect(loadPolicy(engine, { model: packed })).rejects.toThrow('quantised (gptq).');
  });
});

test('NaN in a weight is an error with its name, of policies and judges', async () => {
  for (const [name, load] of [
    ['t5', (model: string) => loadPolicy(engine, { model })],
    ['roberta', (folder: string) => loadClassifier(engine, folder)],
  ] as const) {
    const folder = await copyOf(name);
    const tensors = await readAll(folder);
    const [first] = [...tensors].find(([key]) => /q\.weight|query\.weight/.test(key))!;
    (tensors.get(first)!.data as Float32Array)[3] = Number.NaN;
    await storeAs(folder, tensors);
    await expect(load(folder)).rejects.toThrow(`${first}: expected finite numbers, got NaN (1 of`);
  }
});

// transformers 4.47.0 takes the decoder's table for both, 5.24.0 gives each its own.
describe("T5's table of embeddings", () => {
  const [shared, encoder, decoder] = [
    'shared.weight',
    'encoder.embed_tokens.weight',
    'decoder.embed_tokens.weight',
  ];

  async function withTables(change: (table: Tensor) => Record<string, Tensor>): Promise<string> {
    const folder = await copyOf('t5');
    const tensors = await readAll(folder);
    const table = tensors.get(shared)!;
    tensors.delete(shared);
    await storeAs(folder, new Map([...tensors, ...Object.entries(change(table))]));
    return folder;
  }
  const other = ({ data, shape }: Tensor) => {
    const changed = (data as Float32Array).slice();
    changed[7]++;
    return float32(changed, shape);
  };

  test('is one, when all copies are the same', async () => {
    const plain = await logitsOf(await copyOf('t5'));
    for (const names of [[shared, encoder, decoder], [encoder, decoder], [decoder]]) {
      const folder = await withTables((table) => {
        return Object.fromEntries(names.map((name) => [name, table]));
      });
      expect(await logitsOf(folder)).toEqual(plain);
    }
  });

  test.each([
    [shared, encoder],
    [shared, decoder],
    [encoder, decoder],
  ])('is refused, when %s and %s differ', async (one, another) => {
    const folder = await withTables((table) => ({ [one]: table, [another]: other(table) }));
    await expect(loadPolicy(engine, { model: folder })).rejects.toThrow(
      `${folder}: expected one table of embeddings, got ${one} and ${another} with other numbers. transformers 4 would take one for both`,
    );
  });
});
