import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { planShards, weightSizes, writeShards } from '../../src/export/shards.ts';
import { openWeights } from '../../src/family/weights.ts';
import type { MergedWeights } from '../../src/model/merge.ts';
import { writeSafetensors } from '../../src/tensors/safetensors.ts';
import { temporaryFolder } from '../model/tiny.ts';

const place = { file: '', dtype: 'float32', offset: 0, length: 0 } as const;

function weightsOf(tensors: Record<string, Float32Array | Float64Array>): MergedWeights {
  const entries = Object.entries(tensors).map(
    ([name, data]) => [name, { ...place, shape: [data.length] }] as const,
  );
  const load = async (name: string) => ({ shape: [tensors[name].length], data: tensors[name] });
  return { entries: new Map(entries), load };
}

test('weights go to one file, or to as few as hold the size, in the order of their names', () => {
  const sizes = new Map([
    ['c', 3],
    ['a', 4],
    ['b', 6],
    ['d', 20],
    ['e', 1],
  ]);
  expect([...planShards(sizes, 34)]).toEqual([['model.safetensors', ['a', 'b', 'c', 'd', 'e']]]);
  expect([...planShards(sizes, 10)]).toEqual([
    ['model-00001-of-00004.safetensors', ['a', 'b']],
    ['model-00002-of-00004.safetensors', ['c']],
    ['model-00003-of-00004.safetensors', ['d']],
    ['model-00004-of-00004.safetensors', ['e']],
  ]);
});

test.each(['float32', 'float16', 'bfloat16'] as const)(
  'shards in %s are read back by name, each number rounded once',
  async (dtype) => {
    const folder = await temporaryFolder();
    // above the middle of two values of each format by less than the next wider one tells
    const digits = { float32: 23, float16: 10, bfloat16: 7 }[dtype];
    const x = 1 + 2 ** -(digits + 1) + 2 ** -45;
    const weights = weightsOf({ a: Float64Array.of(x), b: Float32Array.of(0.5, -2) });
    const plan = planShards(weightSizes(weights, dtype), 8);
    await writeShards(folder, weights, { dtype, plan });
    const read = await openWeights(folder);
    expect([...read.entries.values()].map((entry) => entry.dtype)).toEqual([dtype, dtype]);
    expect([...(await read.load('a')).data]).toEqual([1 + 2 ** -digits]);
    expect([...(await read.load('b')).data]).toEqual([0.5, -2]);
  },
);

test('a number that the format does not reach is refused, infinity is not', async () => {
  const write = async (numbers: number[], dtype: 'float32' | 'float16' | 'bfloat16') => {
    const weights = weightsOf({ a: Float64Array.from(numbers) });
    const plan = planShards(weightSizes(weights, dtype), 1e9);
    await writeShards(await temporaryFolder(), weights, { dtype, plan });
  };
  await expect(write([1, 65520], 'float16')).rejects.toThrow(
    'weight a: expected numbers in the range of float16, got 65520. Choose another by `dtype`.',
  );
  await expect(write([-3.4e38], 'bfloat16')).rejects.toThrow('range of bfloat16, got -3.4e+38');
  await expect(write([1e39], 'float32')).rejects.toThrow('range of float32');
  await write([65519, Infinity, Number.NaN], 'float16');
});

test('the same weights give the same bytes as those that are written at once', async () => {
  const folder = await temporaryFolder();
  const data = { b: Float32Array.of(1, 2), a: Float32Array.of(3) };
  const weights = weightsOf(data);
  await writeShards(folder, weights, {
    dtype: 'float32',
    plan: planShards(
      new Map([
        ['b', 8],
        ['a', 4],
      ]),
      99,
    ),
  });
  const other = join(folder, 'other.safetensors');
  const tensors = Object.entries(data).map(
    ([name, numbers]) =>
      [name, { dtype: 'float32' as const, shape: [numbers.length], data: numbers }] as const,
  );
  await writeSafetensors(other, new Map(tensors), { format: 'pt' });
  expect(await readFile(join(folder, 'model.safetensors'))).toEqual(await readFile(other));
});
