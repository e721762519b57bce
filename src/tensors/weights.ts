/** A model folder's weights: where each lies, and their values when asked. I/O. */
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson, readIfPresent } from '../disk/json.ts';
import { readingOf, unread } from '../disk/words.ts';
import { InputError, UnavailableError } from '../errors.ts';
import type { Note } from '../events.ts';
import type { Tensor } from '../tensor.ts';
import { type Naming, parameterNames } from './parameter-names.ts';
import { openSafetensors, readFloat32, type TensorFile, writeSafetensors } from './safetensors.ts';
import { type FileDType, type FloatDType, floatDTypes } from './safetensors-header.ts';
import { openTorchFile } from './torch-file.ts';

/** Where one weight lies. */
export interface WeightEntry {
  /** Absolute path with all links resolved. */
  readonly file: string;
  readonly dtype: FloatDType;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  /** Length in bytes. */
  readonly length: number;
  /** Elements from one index to the next, when they do not lie one after the other. */
  readonly strides?: readonly number[];
}

/** The floating-point weights of a model folder. Nothing but headers is in memory. */
export interface Weights {
  readonly folder: string;
  /** By Hugging Face parameter name. */
  readonly entries: ReadonlyMap<string, WeightEntry>;
  /** All tensors of the files, those that are no weights included, by the same names where there are such. */
  readonly stored: ReadonlyMap<string, StoredWeight>;
  /** How `config.json` says that the weights were quantised: `gptq`, `bitsandbytes` …; mostly it does not. */
  readonly quantised: string | undefined;
  /** What was found in the files that a user would want to know. */
  readonly notes: readonly Note[];
  /**
   * One weight as float32, exactly.
   * @throws {InputError} when there is no such weight, or it is not a floating-point one
   */
  load(name: string): Promise<Tensor<'float32'>>;
}

/** A tensor as its file has it. */
export interface StoredWeight {
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  /** Length in bytes. */
  readonly length: number;
}

/** A layout of weight files: one file, or shards beside an index that says what lies where. */
interface Layout {
  readonly single: string;
  readonly ending: string;
  open(path: string): Promise<TensorFile>;
}

/** In the order in which they are looked for. */
const layouts: readonly Layout[] = [
  { single: 'model.safetensors', ending: '.safetensors', open: openSafetensors },
  { single: 'pytorch_model.bin', ending: '.bin', open: openTorchFile },
];
const Index = z.object({
  weight_map: z.record(z.string(), z.string(), 'the shard of each tensor'),
});

const Quantised = z.looseObject({
  quantization_config: z
    .looseObject({ quant_method: z.string().optional().catch(undefined) })
    .nullish(),
});

/**
 * Opens `model.safetensors`, or the shards of `model.safetensors.index.json`; where there is neither,
 * `pytorch_model.bin` or its shards. Parameters have today's names, whatever the file's are. Integer
 * buffers that old checkpoints hold (`position_ids`) and quantised weights are left out of `entries`.
 * @param namings of the model's family, or of all where it is not known
 * @throws {UnavailableError} when the folder has no such file, or a shard is missing
 * @throws {InputError} when a file is damaged, a shard lies elsewhere or lacks a tensor of its own;
 *   and for a .bin that holds more than tensors, of which nothing is run
 */
export async function openNamed(folder: string, namings: readonly Naming[]): Promise<Weights> {
  const files = await openFiles(folder);
  const entries = new Map<string, WeightEntry>();
  const stored = new Map<string, StoredWeight>();
  const { names, prefix, beside } = parameterNames(files.keys(), namings, folder);
  for (const [name, inFile] of names) {
    const { path, tensors } = files.get(inFile)!;
    const { dtype: fileDType, ...place } = tensors.get(inFile)!;
    stored.set(name, { dtype: fileDType, shape: place.shape, length: place.length });
    const dtype = floatDTypes[fileDType];
    if (dtype) entries.set(name, { file: path, dtype, ...place });
  }
  for (const name of beside) stored.set(name, files.get(name)!.tensors.get(name)!);
  return {
    folder,
    entries,
    stored,
    quantised: await quantisationOf(folder),
    notes: notesOf(entries, prefix, beside),
    async load(name) {
      const inFile = names.get(name);
      if (inFile !== undefined) return readFloat32(files.get(inFile)!, inFile);
      const actual = entries.size > 0 ? `${entries.size} others` : 'no weights';
      throw new InputError(folder, `a weight ${name}`, actual, 'Is it another kind of model?');
    },
  };
}

/** What readers of the results must know of the files. */
function notesOf(
  entries: ReadonlyMap<string, WeightEntry>,
  prefix: string,
  beside: readonly string[],
): Note[] {
  const notes: Note[] = [];
  if (beside.length > 0) {
    const [first] = beside;
    const more = beside.length > 1 ? ` and ${beside.length - 1} more` : '';
    const says = `The model's weights are stored under "${prefix}"; what lies beside them is not read: ${first}${more}.`;
    notes.push({ says });
  }
  const doubles = [...entries.values()].filter(({ dtype }) => dtype === 'float64').length;
  if (doubles > 0) {
    const some = doubles === entries.size ? 'The weights are' : `${doubles} of the weights are`;
    notes.push({ says: `${some} stored in float64 and computed with in float32, rounded once.` });
  }
  return notes;
}

/** `quant_method` of a config that has one; of a folder without a config nothing is known. */
async function quantisationOf(folder: string): Promise<string | undefined> {
  const path = join(folder, 'config.json');
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return undefined;
  const { quantization_config: config } = parseJson(bytes, path, Quantised);
  return config ? (config.quant_method ?? 'some method') : undefined;
}

/**
 * Writes `model.safetensors` with the metadata that transformers asks for, atomically.
 * @throws the system's error, when the folder cannot be written
 */
export async function saveWeights(
  folder: string,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<void> {
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
}

/** Each tensor's file, by the tensor's name in it. */
async function openFiles(folder: string): Promise<Map<string, TensorFile>> {
  const names = await readdir(folder).catch((cause) => {
    throw unread(folder, cause, 'a model folder');
  });
  for (const layout of layouts) {
    const { single } = layout;
    if (names.includes(single)) {
      const file = await openReal(folder, single, layout);
      return new Map([...file.tensors.keys()].map((name) => [name, file]));
    }
    const index = `${single}.index.json`;
    const bytes = await readIfPresent(join(folder, index));
    if (bytes === undefined) continue;
    const { weight_map: shardOf } = parseJson(bytes, join(folder, index), Index);
    return openShards(folder, names, shardOf, layout);
  }
  const expected = layouts.flatMap(({ single }) => [single, `${single}.index.json`]).join(' or ');
  const remedy = 'Is it the right folder, and the download complete?';
  throw new UnavailableError(folder, expected, 'none of them', remedy);
}

async function openShards(
  folder: string,
  names: readonly string[],
  shardOf: Readonly<Record<string, string>>,
  layout: Layout,
): Promise<Map<string, TensorFile>> {
  const { single, ending } = layout;
  const index = `${single}.index.json`;
  const shards = new Map<string, TensorFile>();
  for (const shard of new Set(Object.values(shardOf))) {
    if (/[/\\:]/.test(shard) || !shard.endsWith(ending) || shard === ending) {
      const expected = `shards named *${ending} beside it`;
      throw new InputError(join(folder, index), expected, JSON.stringify(shard.slice(0, 100)));
    }
    if (!names.includes(shard)) {
      const remedy = 'The download is not complete: fetch the folder again.';
      throw new UnavailableError(folder, `the shard ${shard}`, 'no such file', remedy);
    }
    shards.set(shard, await openReal(folder, shard, layout));
  }
  const files = new Map<string, TensorFile>();
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

async function openReal(folder: string, name: string, layout: Layout): Promise<TensorFile> {
  const path = join(folder, name);
  const real = await realpath(path).catch((cause) => {
    throw new UnavailableError(path, 'a file', readingOf(cause).got, 'Fetch it again.', cause);
  });
  return layout.open(real);
}
