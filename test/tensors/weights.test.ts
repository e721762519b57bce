import { copyFile, mkdir, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openWeights } from '../../src/family/weights.ts';
import { float32, int64, type Tensor } from '../../src/tensor.ts';
import { writeSafetensors } from '../../src/tensors/safetensors.ts';
import { writeTorchFile } from '../../src/tensors/torch-writer.ts';
import { saveWeights } from '../../src/tensors/weights.ts';
import { goldenPath, goldenTensors } from '../golden.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();
const x = float32([1, 2, 3, 4], [2, 2]);
const y = float32([5]);
type Json = Record<string, string>;

/** A folder with two shards and an index that says where each tensor is. */
async function shardedFolder(weightMap: Record<string, string>): Promise<string> {
  const folder = await newFolder();
  await writeSafetensors(join(folder, 'a.safetensors'), new Map([['x', x]]));
  await writeSafetensors(join(folder, 'b.safetensors'), new Map([['y', y]]));
  const index = JSON.stringify({ metadata: { total_size: 20 }, weight_map: weightMap });
  await writeFile(join(folder, 'model.safetensors.index.json'), index);
  return folder;
}

describe('openWeights', () => {
  test.each([['t5'], ['roberta']])(
    'has every golden %s weight, value for value',
    async (family) => {
      const weights = await openWeights(goldenPath(family, 'model'));
      const golden = await goldenTensors(family, 'model', 'model.safetensors');
      expect([...weights.entries.keys()].sort()).toEqual([...golden.keys()].sort());
      for (const [name, tensor] of golden) expect(await weights.load(name)).toEqual(tensor);
    },
  );

  test('an entry says where the bytes are, with links resolved', async () => {
    const [blobs, folder] = [await newFolder(), await newFolder()];
    await writeSafetensors(join(blobs, 'sha'), new Map([['x', x]]));
    await symlink(join(blobs, 'sha'), join(folder, 'model.safetensors'));
    const { file, offset, ...entry } = (await openWeights(folder)).entries.get('x')!;
    expect(entry).toEqual({ dtype: 'float32', shape: [2, 2], length: 16 });
    expect(file).toBe(await realpath(join(blobs, 'sha')));
    expect(offset % 8).toBe(0);
  });

  test('shards are found through the index', async () => {
    const weights = await openWeights(
      await shardedFolder({ x: 'a.safetensors', y: 'b.safetensors' }),
    );
    expect(await weights.load('x')).toEqual(x);
    expect(await weights.load('y')).toEqual(y);
  });

  test('integer buffers are no weights, and loading one says why', async () => {
    const folder = await newFolder();
    await saveWeights(
      folder,
      new Map<string, Tensor>([
        ['x', x],
        ['position_ids', int64([0, 1])],
      ]),
    );
    const weights = await openWeights(folder);
    expect([...weights.entries.keys()]).toEqual(['x']);
    await expect(weights.load('position_ids')).rejects.toThrow(
      'expected F32, F16, BF16 or F64, got I64.',
    );
    await expect(weights.load('z')).rejects.toThrow('expected a weight z, got 1 others.');
  });

  test.each(['../a.safetensors', '/etc/a.safetensors', '..', 'a.bin', 'c:\\a.safetensors', ''])(
    'a shard named "%s" is refused',
    async (shard) => {
      const folder = await shardedFolder({ x: shard });
      await expect(openWeights(folder)).rejects.toThrow(
        'expected shards named *.safetensors beside it',
      );
    },
  );

  test('a missing shard and a missing tensor are told apart', async () => {
    const noShard = await shardedFolder({ x: 'a.safetensors', y: 'c.safetensors' });
    await expect(openWeights(noShard)).rejects.toThrow(
      'expected the shard c.safetensors, got no such file.',
    );
    const noTensor = await shardedFolder({ x: 'b.safetensors' });
    await expect(openWeights(noTensor)).rejects.toThrow(
      'b.safetensors: expected a tensor x, got none.',
    );
    const noMap = await shardedFolder({});
    await writeFile(join(noMap, 'model.safetensors.index.json'), '{}');
    await expect(openWeights(noMap)).rejects.toThrow(
      'index.json: weight_map: expected the shard of each tensor, got nothing.',
    );
  });

  test('a folder without weights says what was looked for', async () => {
    const folder = await newFolder();
    await expect(openWeights(folder)).rejects.toThrow(
      `${folder}: expected model.safetensors or model.safetensors.index.json or ` +
        'pytorch_model.bin or pytorch_model.bin.index.json, got none of them.',
    );
    await expect(openWeights(join(folder, 'none'))).rejects.toThrow(
      'expected a model folder, got no such file or folder. Check the path.',
    );
  });

  test('a link to nowhere and a damaged file are errors that name the file', async () => {
    const folder = await newFolder();
    await symlink(join(folder, 'gone'), join(folder, 'model.safetensors'));
    await expect(openWeights(folder)).rejects.toThrow(
      'model.safetensors: expected a file, got no such file. Fetch it again.',
    );
    await mkdir(join(folder, 'other'));
    await writeFile(join(folder, 'other', 'model.safetensors'), 'damaged file');
    await expect(openWeights(join(folder, 'other'))).rejects.toThrow('model.safetensors: expected');
  });
});

describe('torch files', () => {
  const twelve = goldenPath('torch', 'state-2.bin');

  test('pytorch_model.bin is opened where there is no safetensors, and only there', async () => {
    const folder = await newFolder();
    await copyFile(twelve, join(folder, 'pytorch_model.bin'));
    const weights = await openWeights(folder);
    expect(weights.entries.size).toBe(12); // all but ids and flags
    expect(await weights.load('row')).toEqual(float32([1.5, 1.625, 1.75, 1.875, 2, 2.125]));
    const { file, offset, length } = weights.entries.get('row')!;
    const bytes = (await readFile(file)).subarray(offset, offset + length);
    expect(bytes.readFloatLE(0)).toBe(1.5);
    await expect(weights.load('ids')).rejects.toThrow('expected F32, F16, BF16 or F64, got I64.');

    await saveWeights(folder, new Map([['x', x]]));
    expect([...(await openWeights(folder)).entries.keys()]).toEqual(['x']);
  });

  test('shards are found through the index, and lie beside it', async () => {
    const folder = await newFolder();
    const index = join(folder, 'pytorch_model.bin.index.json');
    await writeTorchFile(join(folder, 'a.bin'), new Map([['x', x]]));
    await writeTorchFile(join(folder, 'b.bin'), new Map([['y', y]]));
    const write = (map: Json) => writeFile(index, JSON.stringify({ weight_map: map }));
    await write({ x: 'a.bin', y: 'b.bin' });
    const weights = await openWeights(folder);
    expect(await weights.load('x')).toEqual(x);
    expect(await weights.load('y')).toEqual(y);
    for (const shard of ['../a.bin', 'a.safetensors', '.bin', 'sub/a.bin']) {
      await write({ x: shard });
      await expect(openWeights(folder)).rejects.toThrow('expected shards named *.bin beside it');
    }
    await write({ x: 'b.bin' });
    await expect(openWeights(folder)).rejects.toThrow('b.bin: expected a tensor x, got none.');
  });
});

describe('names of other times', () => {
  test.each<[string, Record<string, string>]>([
    ['a wrapper', { 'module.a.weight': 'a.weight', 'module.b.bias': 'b.bias' }],
    ['two wrappers', { 'module._orig_mod.a': 'a', 'module._orig_mod.b': 'b' }],
    ['a module that is called so', { 'module.a': 'module.a', b: 'b' }],
    [
      'gamma and beta',
      { 'x.LayerNorm.gamma': 'x.LayerNorm.weight', 'x.LayerNorm.beta': 'x.LayerNorm.bias' },
    ],
  ])('%s', async (_, names) => {
    const folder = await newFolder();
    await saveWeights(folder, new Map(Object.keys(names).map((name, i) => [name, float32([i])])));
    const weights = await openWeights(folder);
    expect([...weights.entries.keys()].sort()).toEqual(Object.values(names).sort());
    for (const [i, name] of Object.values(names).entries()) {
      expect(await weights.load(name)).toEqual(float32([i]));
    }
  });

  test("T5's embeddings are found by either reader's name, and their own comes first", async () => {
    const load = async (tensors: Record<string, Tensor>) => {
      const folder = await newFolder();
      await saveWeights(folder, new Map(Object.entries(tensors)));
      return (await openWeights(folder)).load('shared.weight');
    };
    expect(await load({ 'encoder.embed_tokens.weight': x })).toEqual(x);
    expect(await load({ 'decoder.embed_tokens.weight': y })).toEqual(y);
    expect(await load({ 'shared.weight': y, 'encoder.embed_tokens.weight': x })).toEqual(y);
  });
});

test('saved weights are one file that opens again', async () => {
  const folder = join(await newFolder(), 'new');
  await saveWeights(folder, new Map([['x', x]]));
  expect(await readdir(folder)).toEqual(['model.safetensors']);
  expect(await (await openWeights(folder)).load('x')).toEqual(x);
});
