import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { strengthOf } from '../../src/adapter/lora-config.ts';
import {
  type Adapter,
  loraScale,
  readAdapter,
  readValueHead,
  writeAdapter,
  writeValueHead,
} from '../../src/adapter/peft.ts';
import { valueHeadNames } from '../../src/adapter/value-head-file.ts';
import { chooseAdapter } from '../../src/hub/hub-choice.ts';
import { float32, type Tensor } from '../../src/tensor.ts';
import { writeSafetensors } from '../../src/tensors/safetensors.ts';
import { writeTorchFile } from '../../src/tensors/torch-writer.ts';
import { goldenJson, goldenPath, goldenTensors } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';
import { torchZip, unzipStored } from '../tensors/torch-zip.ts';

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

  test.each<[string, Json]>([
    ['a pattern', { target_modules: '.*SelfAttention\\.q' }],
    ['all-linear', { target_modules: 'all-linear' }],
    ['nothing', { target_modules: null }],
    ['a choice of layers', { layers_to_transform: [0], layers_pattern: 'block' }],
    ['a choice of one layer', { layers_to_transform: 0 }],
    ['exceptions', { exclude_modules: ['k'] }],
  ])('%s for target_modules becomes the modules that the file holds', async (_, fields) => {
    const { config } = await readAdapter(await folderWith(fields));
    expect(config.targetModules).toEqual(['block.0.q']);
  });

  test('fields that change nothing, old and new ones, are no obstacle', async () => {
    const folder = await folderWith({
      ...{ merge_weights: false, enable_lora: null, fan_in_fan_out: true },
      ...{ qalora_group_size: 16, ensure_weight_tying: false, peft_version: '0.18.0' },
      ...{ use_something_new: false, auto_mapping: { unsloth_fixed: true }, exclude_modules: [] },
    });
    expect((await readAdapter(folder)).config).toEqual(small.config);
  });

  test('an old config with few fields is enough', async () => {
    const folder = await newFolder();
    await writeAdapter(folder, small);
    const few = { peft_type: 'LORA', r: 2, lora_alpha: 4, target_modules: ['q'] };
    await writeFile(join(folder, 'adapter_config.json'), JSON.stringify(few));
    expect((await readAdapter(folder)).config).toEqual({ ...small.config, baseModel: '' });
  });

  test.each<[string, unknown]>([
    ['use_dora', true],
    ['bias', 'all'],
    ['layer_replication', [[0, 1]]],
    ['lora_bias', true],
    ['enable_lora', [true, false, true]],
    ['use_something_new', true],
    ['target_parameters', ['experts']],
    ['init_lora_weights', 'pissa'],
    ['peft_type', 'IA3'],
  ])('%s = %j is refused by name', async (key, value) => {
    const reading = readAdapter(await folderWith({ [key]: value }));
    await expect(reading).rejects.toThrow(`adapter_config.json: ${key}: expected`);
    await expect(reading).rejects.toThrow(`got ${JSON.stringify(value)}.`);
  });

  test('modules that are saved whole come with the adapter, and stay in its files', async () => {
    const whole = float32([7, 8], [2]);
    const config = { ...small.config, savedModules: ['layer_norm', 'lm_head'] };
    const tensors = new Map([...small.tensors, ['block.0.layer_norm.weight', whole]]);
    const folder = await newFolder();
    await writeAdapter(folder, { config, tensors });
    expect(await readAdapter(folder)).toMatchObject({ config, tensors });
    const path = join(folder, 'adapter_config.json');
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      modules_to_save: ['layer_norm', 'lm_head'],
    });
    const both = { ...config, savedModules: ['q'] };
    await expect(writeAdapter(folder, { config: both, tensors: small.tensors })).rejects.toThrow(
      'expected block.0.q adapted or saved whole, got both.',
    );
  });

  test('tensors that are not what the config says are refused', async () => {
    const cases: [tensors: [string, Tensor][], message: string][] = [
      [[], 'expected LoRA tensors, got none.'],
      [[['m.q.lora_A.weight', a]], 'm.q: expected lora_A and lora_B, got one of them.'],
      [
        [
          ['m.q.lora_A.weight', a],
          ['m.q.lora_B.weight', b],
          ['m.q.weight', a],
        ],
        'expected LoRA tensors only (lora_A.weight, lora_B.weight), got m.q.weight.',
      ],
      [
        [
          ['m.q.lora_A.weight', b],
          ['m.q.lora_B.weight', float32([1])],
        ],
        'expected A [rank, in] and B [out, rank], got [2,2] and [1].',
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
      /^block\.0\.q: expected rank 3, as .*adapter_config\.json has it, got 2\./,
    );
  });

  test('a folder with a damaged adapter_model.bin, or nothing, says what is wrong', async () => {
    const folder = await newFolder();
    await expect(readAdapter(folder)).rejects.toThrow(
      'adapter_config.json: expected a JSON file, got no file.',
    );
    const run = await newFolder(); // whose adapter lies in it
    await mkdir(join(run, 'adapter'));
    await copyFile(join(golden, 'adapter_config.json'), join(run, 'adapter/adapter_config.json'));
    await expect(readAdapter(run)).rejects.toThrow(
      `${run}: expected an adapter, got a folder that has one. Name ${join(run, 'adapter')}.`,
    );
    await copyFile(join(golden, 'adapter_config.json'), join(folder, 'adapter_config.json'));
    const expected = `${folder}: expected adapter_model.safetensors or adapter_model.bin, got`;
    await expect(readAdapter(folder)).rejects.toThrow(`${expected} no such file.`);
    await writeFile(join(folder, 'adapter_model.bin'), '');
    await expect(readAdapter(folder)).rejects.toThrow(
      'adapter_model.bin: expected a file of torch',
    );
  });
});

test('a setting that is not supported is named before the tensors that come with it', async () => {
  const folder = await folderWith({ use_dora: true });
  const tensors = new Map([...small.tensors, ['block.0.q.lora_magnitude_vector', float32([1])]]);
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  await expect(readAdapter(folder)).rejects.toThrow('use_dora: expected false, got true.');
});

describe('adapter_model.bin', () => {
  test('it is read as the safetensors of the same tensors, which come first', async () => {
    const folder = await folderWith({});
    const named = [...small.tensors].map(([name, tensor]) => {
      return [`base_model.model.${name}`, tensor] as const;
    });
    await writeTorchFile(join(folder, 'adapter_model.bin'), new Map(named));
    await rm(join(folder, 'adapter_model.safetensors'));
    expect(await readAdapter(folder)).toMatchObject(small);
    await writeAdapter(folder, { ...small, config: { ...small.config, alpha: 5 } });
    await writeFile(join(folder, 'adapter_model.bin'), 'damaged');
    expect((await readAdapter(folder)).config.alpha).toBe(5);
  });

  test('matrices that are views of the same elements are refused', async () => {
    const folder = await folderWith({});
    const path = join(folder, 'adapter_model.bin');
    const wide = new Map([['a.q.lora_A.weight', float32(new Float32Array(60_000), [2, 30_000])]]);
    await writeTorchFile(path, wide);
    // one call again and again: as many names for one storage
    const files = unzipStored(await readFile(path));
    const pickle = files.get('data.pkl')!;
    const [start, end] = [pickle.indexOf('X'), pickle.length - 2];
    const call = pickle.subarray(start, end);
    const name = call.indexOf('a.q');
    const calls = Array.from({ length: 20 }, (_, i) => {
      const copy = Buffer.from(call);
      copy[name] = 97 + i;
      return copy;
    });
    files.set(
      'data.pkl',
      Buffer.concat([pickle.subarray(0, start), ...calls, pickle.subarray(end)]),
    );
    await writeFile(path, torchZip(files));
    await rm(join(folder, 'adapter_model.safetensors'));
    await expect(readAdapter(folder)).rejects.toThrow('expected tensors that lie side by side');
  });
});

describe('modules of another rank or alpha', () => {
  /** Modules of ranks 2 (encoder) and 3 (decoder). */
  const ranks = { 'encoder.0.q': 2, 'encoder.1.q': 2, 'decoder.0.q': 3, 'decoder.0.v': 3 };
  async function folderOf(fields: Json): Promise<string> {
    const folder = await folderWith({ target_modules: ['q', 'v'], ...fields });
    const tensors = new Map<string, Tensor>();
    for (const [module, rank] of Object.entries(ranks)) {
      tensors.set(`${module}.lora_A.weight`, float32(new Float32Array(3 * rank), [rank, 3]));
      tensors.set(`${module}.lora_B.weight`, float32(new Float32Array(2 * rank), [2, rank]));
    }
    await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
    return folder;
  }
  /** Rank and alpha of all modules. */
  async function strengths(fields: Json) {
    const { config } = await readAdapter(await folderOf(fields));
    return Object.keys(ranks).map((path) => {
      const { rank, alpha } = strengthOf(config, path);
      return [rank, alpha];
    });
  }
  const decoder = { 'decoder.*': 3 };

  test.each<[string, Json, number[]]>([
    ['last parts', { v: 8 }, [4, 4, 4, 8]],
    ['whole paths', { 'encoder.1.q': 6 }, [4, 6, 4, 4]],
    ['the first that matches', { '0.q': 7, q: 9, v: 8 }, [7, 9, 7, 8]],
    ['expressions', { '[01]\\.q': 5 }, [5, 5, 5, 4]],
    ['a dot for any character', { '1.': 5, '0.q': 6 }, [6, 4, 6, 4]],
    ['nothing that matches', { k: 8 }, [4, 4, 4, 4]],
  ])('alphas by %s', async (_, alpha_pattern, alphas) => {
    const all = await strengths({ rank_pattern: { 'decoder.0.q': 3, v: 3 }, alpha_pattern });
    expect(all).toEqual(Object.values(ranks).map((rank, i) => [rank, alphas[i]]));
  });

  test('what is written has whole paths, and is read as it was', async () => {
    const fields = { rank_pattern: ranks, alpha_pattern: { v: 8 } };
    const { config, tensors } = await readAdapter(await folderOf(fields));
    const adapter = { config, tensors };
    expect(adapter.config.exceptions).toEqual({
      'decoder.0.q': { rank: 3, alpha: 4 },
      'decoder.0.v': { rank: 3, alpha: 8 },
    });
    const folder = await newFolder();
    await writeAdapter(folder, adapter);
    expect(await readAdapter(folder)).toMatchObject(adapter);
    const json = JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8'));
    expect(json.rank_pattern).toEqual({ 'decoder.0.q': 3, 'decoder.0.v': 3 });
    expect(json.alpha_pattern).toEqual({ 'decoder.0.v': 8 });
  });

  test('a pattern that versions of PEFT read differently is refused, unless the file tells', async () => {
    const fields = { rank_pattern: ranks, alpha_pattern: { '^encoder.*q': 6 } };
    await expect(strengths(fields)).rejects.toThrow(
      'expected a pattern that all versions of PEFT read alike, got one that gives encoder.0.q 4 ' +
        'before PEFT 0.15, and 6 since.',
    );
    const told = await strengths({ ...fields, peft_version: '0.18.0' });
    expect(told.map(([, alpha]) => alpha)).toEqual([6, 6, 4, 4]);
  });

  test('ranks that are neither by the older nor by the later rule are refused', async () => {
    await expect(strengths({ rank_pattern: decoder })).resolves.toHaveLength(4);
    await expect(strengths({ rank_pattern: decoder, peft_version: '1' })).resolves.toHaveLength(4);
    await expect(strengths({})).rejects.toThrow('decoder.0.q: expected rank 2, as');
    await expect(strengths({ rank_pattern: { v: 4 } })).rejects.toThrow('got 3.');
  });

  test.each<[Json, string]>([
    [{ rank_pattern: { q: 0 } }, 'rank_pattern: q: expected numbers above 0, got 0.'],
    [{ alpha_pattern: { q: 'x' } }, 'alpha_pattern: q: expected'],
    [{ alpha_pattern: { '(?=q)': 2 } }, 'expected a plain pattern, got a group with (?.'],
  ])('%j is refused', async (fields, message) => {
    await expect(strengths({ rank_pattern: ranks, ...fields })).rejects.toThrow(message);
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
    const expected = 'expected A [3, in] and B [out, 3], got rank 2.';
    await expect(writeAdapter(folder, wrong)).rejects.toThrow(expected);
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

  test.each(['pytorch_model.bin', 'value_head.bin'])('%s is read', async (name) => {
    const folder = await newFolder();
    await writeTorchFile(join(folder, name), head);
    expect(new Map(await readValueHead(folder))).toEqual(head);
  });

  test.each(['v_head.', ''])(
    'v_head.safetensors is read, with names under "%s", as who saves the head alone has them',
    async (mark) => {
      const folder = await newFolder();
      const named = [...head].map(
        ([name, tensor]) => [name.replace('v_head.', mark), tensor] as const,
      );
      await writeSafetensors(join(folder, 'v_head.safetensors'), new Map(named));
      expect(new Map(await readValueHead(folder))).toEqual(head);
    },
  );

  test('every file that is fetched for a value head from the hub is one that is read', () => {
    const names = new Set(['adapter_config.json', 'adapter_model.safetensors']);
    const { absent } = chooseAdapter(names);
    expect(absent).toEqual(valueHeadNames);
  });

  test("TRL's layout is written by option, and ours comes first", async () => {
    const folder = await newFolder();
    const zeros = new Map(
      [...head].map(([name, { shape }]) => [
        name,
        float32(new Float32Array(shape.length === 2 ? 3 : 1), shape),
      ]),
    );
    await writeValueHead(folder, zeros, { layout: 'trl' });
    expect(await readdir(folder)).toEqual(['pytorch_model.bin']);
    expect(new Map(await readValueHead(folder))).toEqual(zeros);
    await writeValueHead(folder, head);
    expect(new Map(await readValueHead(folder))).toEqual(head);
  });

  test('of a whole policy as TRL saves it, the value head is read; without one there is none', async () => {
    const folder = await newFolder();
    const path = join(folder, 'pytorch_model.bin');
    await writeTorchFile(path, new Map([...head, ['shared.weight', a]]));
    expect(new Map(await readValueHead(folder))).toEqual(head);
    await writeTorchFile(path, new Map([['shared.weight', a]]));
    expect(await readValueHead(folder)).toBeUndefined();
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
