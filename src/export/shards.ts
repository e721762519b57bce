/** Writes weights as `model.safetensors`, or as shards beside an index, tensor by tensor. I/O. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../disk/atomic.ts';
import type { MergedWeight, MergedWeights } from '../model/merge.ts';
import { sizeOf } from '../tensor.ts';
import { toBfloat16, toFloat16 } from '../tensors/half.ts';
import { elementBytes, fileDType, headerFor } from '../tensors/safetensors-header.ts';
import { checkRange, type WeightDType } from './range.ts';
import type { WriteOptions } from './write.ts';

/** Names of the weights of each file, by the file's name. */
export type ShardPlan = ReadonlyMap<string, readonly string[]>;

/**
 * Which weights go to which file: one file, or as few as hold at most `most` bytes each, in the
 * order of their names. A weight that is larger by itself has a file of its own.
 * @param bytes of each weight, by name
 */
export function planShards(bytes: ReadonlyMap<string, number>, most: number): ShardPlan {
  const shards: string[][] = [];
  let room = 0;
  for (const name of [...bytes.keys()].sort()) {
    const size = bytes.get(name)!;
    if (shards.length === 0 || size > room) {
      shards.push([]);
      room = most;
    }
    shards[shards.length - 1].push(name);
    room -= size;
  }
  if (shards.length <= 1) return new Map([['model.safetensors', shards[0] ?? []]]);
  const number = (n: number) => String(n).padStart(5, '0');
  return new Map(
    shards.map((names, i) => [
      `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`,
      names,
    ]),
  );
}

/** Bytes of each weight in a number format, by name. */
export function weightSizes({ entries }: MergedWeights, dtype: WeightDType): Map<string, number> {
  const width = elementBytes[fileDType(dtype)];
  return new Map([...entries].map(([name, { shape }]) => [name, sizeOf(shape) * width]));
}

/**
 * Writes all weights to a folder, each rounded once: to nearest, ties to even.
 * @throws {InputError} for a number beyond the range of the format
 */
export async function writeShards(
  folder: string,
  weights: MergedWeights,
  { dtype, plan, ...options }: { dtype: WeightDType; plan: ShardPlan } & WriteOptions,
): Promise<void> {
  for (const [file, names] of plan) {
    await writeShard(join(folder, file), names, weights, dtype, options);
  }
  if (plan.size === 1) return;
  const sizes = weightSizes(weights, dtype);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const places = [...plan].flatMap(([file, names]) => names.map((name) => [name, file]));
  const index = { metadata: { total_size: total }, weight_map: Object.fromEntries(places) };
  const json = `${JSON.stringify(index, null, 2)}\n`;
  await writeFileAtomic(join(folder, 'model.safetensors.index.json'), json);
}

async function writeShard(
  path: string,
  names: readonly string[],
  weights: MergedWeights,
  dtype: WeightDType,
  { signal, onBytes }: WriteOptions,
): Promise<void> {
  const entries = names.map((name) => {
    const { shape } = weights.entries.get(name)!;
    return [name, { dtype: fileDType(dtype), shape }] as const;
  });
  const { header, order } = headerFor(new Map(entries), { format: 'pt' });
  const file = await open(path, 'wx');
  try {
    await file.appendFile(header);
    for (const name of order) {
      signal?.throwIfAborted();
      const bytes = rounded(name, await weights.load(name), dtype);
      await file.appendFile(bytes);
      onBytes?.(bytes.byteLength);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

const narrowed = {
  float32: (data: MergedWeight['data']) =>
    data instanceof Float32Array ? data : Float32Array.from(data),
  float16: toFloat16,
  bfloat16: toBfloat16,
};

/** A weight's bytes in a number format. */
function rounded(name: string, { data }: MergedWeight, dtype: WeightDType): Uint8Array {
  checkRange(name, data, dtype, 'dtype');
  const { buffer, byteOffset, byteLength } = narrowed[dtype](data);
  return new Uint8Array(buffer, byteOffset, byteLength);
}
