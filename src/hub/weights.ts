/** A model folder's weights: where each lies, and their values when asked. I/O. */
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError, UnavailableError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { parseJson, readIfPresent } from './json.ts';
import {
  openSafetensors,
  readFloat32,
  type SafetensorsFile,
  writeSafetensors,
} from './safetensors.ts';
import { tensorDTypes } from './safetensors-header.ts';

/** Where one weight lies. */
export interface WeightEntry {
  /** Absolute path with all links resolved. */
  readonly file: string;
  readonly dtype: 'float32' | 'float16' | 'bfloat16';
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  /** Length in bytes. */
  readonly length: number;
}

/** The floating-point weights of a model folder. Nothing but headers is in memory. */
export interface Weights {
  readonly folder: string;
  /** By Hugging Face parameter name. */
  readonly entries: ReadonlyMap<string, WeightEntry>;
  /**
   * One weight as float32, exactly.
   * @throws {InputError} when there is no such weight, or it is not a floating-point one
   */
  load(name: string): Promise<Tensor<'float32'>>;
}

const single = 'model.safetensors';
const index = 'model.safetensors.index.json';
const Index = z.object({
  weight_map: z.record(z.string(), z.string(), 'the shard of each tensor'),
});

/**
 * Opens `model.safetensors`, or the shards of `model.safetensors.index.json`.
 * Integer buffers that old checkpoints hold (`position_ids`) are left out of `entries`.
 * @throws {UnavailableError} when the folder has neither file, or a shard is missing
 * @throws {InputError} when a file is damaged, a shard lies elsewhere or lacks a tensor of its own
 */
export async function openWeights(folder: string): Promise<Weights> {
  const files = await openFiles(folder);
  const entries = new Map<string, WeightEntry>();
  for (const [name, file] of files) {
    const { dtype: fileDType, shape, offset, length } = file.tensors.get(name)!;
    const dtype = tensorDTypes[fileDType];
    if (dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16') {
      entries.set(name, { file: file.path, dtype, shape, offset, length });
    }
  }
  return {
    folder,
    entries,
    async load(name) {
      const file = files.get(name);
      if (file) return readFloat32(file, name);
      const actual = entries.size > 0 ? `${entries.size} others` : 'no weights';
      throw new InputError(folder, `a weight ${name}`, actual, 'Is it another kind of model?');
    },
  };
}

/**
 * Writes `model.safetensors` with the metadata that transformers asks for, atomically.
 * @throws the system's error, when the folder cannot be written
 */
export async function saveWeights(
  folder: string,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<void> {
  await writeSafetensors(join(folder, single), tensors, { format: 'pt' });
}

/** Each tensor's file, by the tensor's name. */
async function openFiles(folder: string): Promise<Map<string, SafetensorsFile>> {
  const names = await readdir(folder).catch((cause) => {
    throw new UnavailableError(folder, 'a model folder', `${cause.code}`, '', cause);
  });
  if (names.includes(single)) {
    const file = await openReal(folder, single);
    return new Map([...file.tensors.keys()].map((name) => [name, file]));
  }
  const bytes = await readIfPresent(join(folder, index));
  if (bytes === undefined) throw missing(folder, names);

  const { weight_map: shardOf } = parseJson(bytes, join(folder, index), Index);
  const shards = new Map<string, SafetensorsFile>();
  for (const shard of new Set(Object.values(shardOf))) {
    if (!/^[^/\\:]+\.safetensors$/.test(shard)) {
      const where = join(folder, index);
      throw new InputError(where, 'shards named *.safetensors beside it', JSON.stringify(shard));
    }
    if (!names.includes(shard)) {
      const remedy = 'The download is not complete: fetch the folder again.';
      throw new UnavailableError(folder, `the shard ${shard}`, 'no such file', remedy);
    }
    shards.set(shard, await openReal(folder, shard));
  }
  const files = new Map<string, SafetensorsFile>();
  for (const [name, shard] of Object.entries(shardOf)) {
    const file = shards.get(shard)!;
    if (!file.tensors.has(name)) {
      const remedy = `${index} and the shards do not belong together: fetch the folder again.`;
      throw new InputError(join(folder, shard), `a tensor ${name}`, 'none', remedy);
    }
    files.set(name, file);
  }
  return files;
}

async function openReal(folder: string, name: string): Promise<SafetensorsFile> {
  const path = join(folder, name);
  const real = await realpath(path).catch((cause) => {
    throw new UnavailableError(path, 'a file', `${cause.code}`, 'Fetch it again.', cause);
  });
  return openSafetensors(real);
}

function missing(folder: string, names: readonly string[]): UnavailableError {
  const bin = names.find((name) => /^pytorch_model.*\.bin$/.test(name));
  const actual = bin ? `only ${bin}` : 'neither';
  const remedy = bin
    ? '.bin files are not read yet: fetch a revision of the model that has model.safetensors, or ' +
      'save it again with save_pretrained of transformers >= 4.35.'
    : 'Is it the right folder, and the download complete?';
  return new UnavailableError(folder, `${single} or ${index}`, actual, remedy);
}
