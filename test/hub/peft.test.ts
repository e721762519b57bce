import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Adapter,
  loraScale,
  readAdapter,
  readValueHead,
  writeAdapter,
  writeValueHead,
} from '../../src/hub/peft.ts';
import { writeSafetensors } from '../../src/hub/safetensors.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { goldenJson, goldenPath, goldenTensors } from '../golden.ts';
import { scratchFolders } from './folder.ts';

const newFolder = scratchFolders();
type Json = Record<string, unknown>;
const golden = goldenPath('lora', 'adapter_safetensors');
const goldenConfig = await goldenJson<Json>('lora', 'adapter_safetensors', 'adapter_config.json');

const a = float32([1, 2, 3, 4, 5, 6], [2, 3]);
const b = float32([1, 2, 3, 4], [2, 2]);
const small: Adapter = {
  config: { rank: 2, alpha: 4, targetModules: ['q'], rsLora: false, dropout: 0, baseModel: 'base' },
  tensors: new Map([
    ['block.0.q.lora_A.weight', a],
    ['block.0.q.lora_B.weight', b],
  ]),
};

/** A written adapter whose config has other values in some fields. */
async function folderWith(fields: Json): Promise<string> {
  const folder = await newFolder();
  await writeAdapter(folder, small);
  const path = join(folder, 'adapter_config.json');
  const json = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...json, ...fields }));
  return folder;
}

describe('reading', () => {
  test('the golden adapter has every tensor of its file, under plain names', async () => {
    const { config, tensors } = await readAdapter(golden);
    const all = await goldenTensors('lora', 'adapter_safetensors', 'adapter_model.safetensors');
    expect(tensors.size).toBe(all.size);
    for (const [name, tensor] of tensors)
      expect(all.get(`base_model.model.${name}`)).toEqual(tensor);
    expect(config).toEqual({
      rank: goldenConfig.r,
      alpha: goldenConfig.lora_alpha,
      targetModules: (goldenConfig.target_modules as string[]).toSorted(),
      rsLora: goldenConfig.use_rslora,
      dropout: goldenConfig.lora_dropout,
      baseModel: goldenConfig.base_model_name_or_path,
    });
  });

  test('names with the infix .default. and half precision read as the plain adapter', async () => {
    const folder = await folderWith({});
    const half: Tensor = {
      dtype: 'bfloat16',
      shape: [2, 2],
      data: Uint16Array.of(0x3f80, 0, 0, 0x4000),
    };
    const tensors = new Map<string, Tensor>([
      ['base_model.model.block.0.q.lora_A.default.weight', a],
      ['base_model.model.block.0.q.lora_B.default.weight', half],
    ]);
    await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
    const adapter = await readAdapter(folder);
    expect(adapter.tensors.get('block.0.q.lora_A.weight')).toEqual(a);
    expect(adapter.tensors.get('block.0.q.lora_B.weight')).toEqual(float32([1, 0, 0, 2], [2, 2]));
  });

  test('a pattern as target_modules becomes the modules that it chose', async () => {
    const { config } = await readAdapter(await folderWith({ target_modules: '.*q' }));
    expect(config.targetModules).toEqual(['q']);
  });

  test('an old config with few fields is enough', async () => {
    const folder = await newFolder();
    await writeAdapter(folder, small);
    const few = { peft_type: 'LORA', r: 2, lora_alpha: 4, target_modules: ['q'] };
    await writeFile(join(folder, 'adapter_config.json'), JSON.stringify(few));
    expect((await readAdapter(folder)).config).toEqual({ ...small.config, baseModel: '' });
  });

  test.each<[string, unknown]>([
    ['rank_pattern', { q: 4 }],
    ['alpha_pattern', { q: 4 }],
    ['modules_to_save', ['classifier']],
    ['use_dora', true],
    ['bias', 'all'],
    ['fan_in_fan_out', true],
    ['layers_to_transform', [0]],
    ['layer_replication', [[0, 1]]],
    ['lora_bias', true],
    ['exclude_modules', ['k']],
    ['init_lora_weights', 'pissa'],
    ['peft_type', 'IA3'],
  ])('%s = %j is refused by name', async (key, value) => {
    const reading = readAdapter(await folderWith({ [key]: value }));
    await expect(reading).rejects.toThrow(`adapter_config.json: ${key}: expected`);
    await expect(reading).rejects.toThrow(`got ${JSON.stringify(value)}.`);
  });

  test('tensors that are not what the config says are refused', async () => {
    const cases: [tensors: [string, Tensor][], message: string][] = [
      [[], 'expected LoRA tensors, got none.'],
      [[['m.q.lora_A.weight', a]], 'm.q: expected lora_A and lora_B, got one of them.'],
      [
        [['m.q.weight', a]],
        'expected LoRA tensors only (lora_A.weight, lora_B.weight), got m.q.weight.',
      ],
      [
        [
          ['m.q.lora_A.weight', b],
          ['m.q.lora_B.weight', float32([1])],
        ],
        'expected A [2, in] and B [out, 2]',
      ],
      [
        [
          ['m.k.lora_A.weight', a],
          ['m.k.lora_B.weight', b],
        ],
        'expected modules of target_modules q, got m.k.',
      ],
      [
        [
          ['m.q.lora_A.weight', a],
          ['m.q.lora_A.default.weight', a],
        ],
        'expected one m.q.lora_A.weight, got two.',
      ],
    ];
    for (const [tensors, message] of cases) {
      const folder = await folderWith({});
      await writeSafetensors(join(folder, 'adapter_model.safetensors'), new Map(tensors));
      await expect(readAdapter(folder)).rejects.toThrow(message);
    }
    const rank = await folderWith({ r: 3 });
    await expect(readAdapter(rank)).rejects.toThrow(
      'expected A [3, in] and B [out, 3], got [2,3] and [2,2].',
    );
  });

  test('a folder with adapter_model.bin alone, or nothing, says what is missing', async () => {
    const folder = await newFolder();
    await expect(readAdapter(folder)).rejects.toThrow(
      'adapter_config.json: expected a JSON file, got no file.',
    );
    await copyFile(join(golden, 'adapter_config.json'), join(folder, 'adapter_config.json'));
    const expected = `${folder}: expected adapter_model.safetensors, got`;
    await expect(readAdapter(folder)).rejects.toThrow(`${expected} no such file.`);
    await writeFile(join(folder, 'adapter_model.bin'), '');
    await expect(readAdapter(folder)).rejects.toThrow(
      `${expected} only adapter_model.bin. .bin files`,
    );
  });
});

describe('writing', () => {
  test('the golden adapter, read and written, has the tensor bytes that PEFT wrote', async () => {
    const folder = await newFolder();
    await writeAdapter(folder, await readAdapter(golden));
    const bytes = (place: string) => readFile(join(place, 'adapter_model.safetensors'));
    expect((await bytes(folder)).equals(await bytes(golden))).toBe(true);
  });

  test('the config has the fields of PEFT 0.14, in its order, with the golden values', async () => {
    const folder = await newFolder();
    await writeAdapter(folder, await readAdapter(golden));
    const written = JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8')) as Json;
    expect(Object.keys(written)).toEqual(Object.keys(goldenConfig));
    const sorted = (goldenConfig.target_modules as string[]).toSorted(); // PEFT writes a set's order
    expect(written).toEqual({ ...goldenConfig, target_modules: sorted });
  });

  test('the order of modules and tensors does not change the bytes', async () => {
    const adapter = await readAdapter(golden);
    const backwards: Adapter = {
      config: { ...adapter.config, targetModules: adapter.config.targetModules.toReversed() },
      tensors: new Map([...adapter.tensors].reverse()),
    };
    const [one, two] = [await newFolder(), await newFolder()];
    await writeAdapter(one, adapter, { task: 'SEQ_CLS' });
    await writeAdapter(two, backwards, { task: 'SEQ_CLS' });
    for (const name of ['adapter_config.json', 'adapter_model.safetensors']) {
      expect(await readFile(join(one, name))).toEqual(await readFile(join(two, name)));
    }
    const config = JSON.parse(await readFile(join(one, 'adapter_config.json'), 'utf8'));
    expect(config.task_type).toBe('SEQ_CLS');
  });

  test('an adapter that could not be read back is not written', async () => {
    const folder = await newFolder();
    const wrong = { ...small, config: { ...small.config, rank: 3 } };
    await expect(writeAdapter(folder, wrong)).rejects.toThrow('expected A [3, in] and B [out, 3]');
    await expect(readAdapter(folder)).rejects.toThrow('got no file.');
  });
});

test('the scale is alpha / rank, and alpha / sqrt(rank) with rsLora', () => {
  const config = { ...small.config, rank: 16, alpha: 32 };
  expect(loraScale(config)).toBe(2);
  expect(loraScale({ ...config, rsLora: true })).toBe(8);
});

describe('value heads', () => {
  const head = new Map([
    ['v_head.summary.weight', float32([1, 2, 3], [1, 3])],
    ['v_head.summary.bias', float32([4])],
  ]);

  test('a value head comes back as it was written; without a file there is none', async () => {
    const folder = await newFolder();
    expect(await readValueHead(folder)).toBeUndefined();
    await writeValueHead(folder, head);
    expect(new Map(await readValueHead(folder))).toEqual(head);
  });

  test('other tensors are no value head', async () => {
    const folder = await newFolder();
    const expected = 'expected v_head.summary.weight [1, d] and v_head.summary.bias [1], got';
    await expect(writeValueHead(folder, new Map([['x', a]]))).rejects.toThrow(
      `${expected} x [2,3].`,
    );
    const flat = new Map([...head, ['v_head.summary.weight', float32([1, 2, 3])]] as const);
    await writeSafetensors(join(folder, 'value_head.safetensors'), flat);
    await expect(readValueHead(folder)).rejects.toThrow(expected);
  });
});
