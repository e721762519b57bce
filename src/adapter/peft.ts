/** LoRA adapters and value heads in the layouts of PEFT and TRL, old ones included. I/O. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { exists, writeFileAtomic } from '../disk/atomic.ts';
import { readJson } from '../disk/json.ts';
import { InputError, ShapeError, UnavailableError } from '../errors.ts';
import type { Note } from '../events.ts';
import type { Tensor, Tensors } from '../tensor.ts';
import { checkFiniteTensors } from '../tensors/finite.ts';
import { withoutMarks } from '../tensors/parameter-names.ts';
import {
  openSafetensors,
  readFloat32,
  type TensorFile,
  writeSafetensors,
} from '../tensors/safetensors.ts';
import { openTorchFile } from '../tensors/torch-file.ts';
import { writeTorchFile } from '../tensors/torch-writer.ts';
import { withAdapterFolder } from './adapter-archive.ts';
import { adapterJson, loraConfigOf, type PeftTask, targetRulesOf } from './adapter-config.ts';
import { mergeInPeft, refuseUnsupported, unknownSettings } from './adapter-settings.ts';
import type { TargetRule } from './adapter-targets.ts';
import { isSaved, type LoraConfig, strengthOf } from './lora-config.ts';
import { valueHeadNames } from './value-head-file.ts';

export type { PeftTask } from './adapter-config.ts';
export { type LoraConfig, loraScale } from './lora-config.ts';

/**
 * A LoRA adapter: for a module M, `M.lora_A.weight` [rank, in] and `M.lora_B.weight` [out, rank]; for a
 * module that is saved whole, its weights by their own names.
 */
export interface Adapter {
  readonly config: LoraConfig;
  readonly tensors: Tensors;
}

/** An adapter with what else its files say. */
export interface StoredAdapter extends Adapter {
  /** What was found in its files that a user would want to know. */
  readonly notes: readonly Note[];
  /** The modules that its config names, by the rules of PEFT's versions; none when it cannot be told. */
  readonly targets: readonly TargetRule[];
  /** PEFT's name of what it was made for: `SEQ_2_SEQ_LM`, `SEQ_CLS` …; none when it does not say. */
  readonly task: string | undefined;
}

const prefix = 'base_model.model.';
const configName = 'adapter_config.json';
/** The first one that is there is read. */
const adapterNames = ['adapter_model.safetensors', 'adapter_model.bin'];

/**
 * Reads `adapter_config.json` with `adapter_model.safetensors` or `adapter_model.bin`; tensors as
 * float32, names without PEFT's prefix and adapter name:
 * `encoder.block.0.layer.0.SelfAttention.q.lora_A.weight`.
 * @param path a folder, or a zip that has one adapter in it
 * @throws {UnavailableError} when a file is missing
 * @throws {InputError} for a setting that tactful does not compute, a tensor that is no LoRA pair, or
 *   a zip or a .bin that holds anything dangerous, of which nothing has run; NaN or infinity
 * @throws {ShapeError} when the matrices of a module do not fit each other
 */
export async function readAdapter(path: string): Promise<StoredAdapter> {
  return withAdapterFolder(path, adapterNames, async (folder) => {
    const where = join(folder, configName);
    await refuseRunFolder(folder);
    const json = await readJson(where, z.looseObject({}));
    refuseUnsupported(json, where);
    const tensors = await readAdapterTensors(folder);
    const ranks = checkPairs(folder, pairsOf(tensors));
    const config = loraConfigOf(json, ranks, where);
    checkAdapter(folder, { config, tensors });
    return {
      config,
      tensors,
      notes: unknownSettings(json),
      targets: targetRulesOf(json, where),
      task: typeof json.task_type === 'string' ? json.task_type : undefined,
    };
  });
}

/** The folder of a run has an adapter, and is none. */
async function refuseRunFolder(folder: string): Promise<void> {
  const inside = join(folder, 'adapter');
  if (await exists(join(folder, configName))) return;
  if (!(await exists(join(inside, configName)))) return;
  throw new UnavailableError(folder, 'an adapter', 'a folder that has one', `Name ${inside}.`);
}

/**
 * Writes an adapter that PEFT loads, each file atomically; the same adapter gives the same bytes.
 * @throws {InputError} for a tensor that is no LoRA pair
 * @throws {ShapeError} when a tensor's rank is not the config's
 */
export async function writeAdapter(
  folder: string,
  adapter: Adapter,
  { task = 'SEQ_2_SEQ_LM' }: { task?: PeftTask } = {},
): Promise<void> {
  checkAdapter(folder, adapter);
  const { config, tensors } = adapter;
  const named = new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor]));
  await writeSafetensors(join(folder, adapterNames[0]), named, { format: 'pt' });
  const json = JSON.stringify(adapterJson(config, task), null, 2);
  await writeFileAtomic(join(folder, configName), json);
}

/**
 * The value head beside an adapter, `v_head.summary.weight` [1, dModel] and `v_head.summary.bias` [1],
 * from the first of `valueHeadNames` that is there; undefined when there is none.
 * @param path a folder, or a zip that has one adapter in it
 * @throws {InputError} when the file holds something else
 */
export async function readValueHead(path: string): Promise<Tensors | undefined> {
  return withAdapterFolder(path, valueHeadNames, async (folder) => {
    const file = await openFirst(folder, valueHeadNames);
    if (!file) return undefined;
    // TRL saves a policy without an adapter under the same name, all its weights in one file
    const isModel = file.path === join(folder, 'pytorch_model.bin');
    const all = [...file.tensors.keys()];
    const names = isModel ? all.filter((name) => name.startsWith('v_head.')) : all;
    if (isModel && names.length === 0) return undefined;
    const read = await readTensors(file, names);
    // of a head that was saved by itself, not within its policy
    const tensors = new Map(
      [...read].map(([name, x]) => [name.replace(/^summary\./, 'v_head.$&'), x]),
    );
    checkValueHead(file.path, tensors);
    return tensors;
  });
}

/**
 * Writes a value head, atomically: `value_head.safetensors`, or as TRL reads it, `pytorch_model.bin`.
 * @throws {InputError} when the tensors are not a value head's
 */
export async function writeValueHead(
  folder: string,
  tensors: Tensors,
  { layout = 'tactful' }: { layout?: 'tactful' | 'trl' } = {},
): Promise<void> {
  const path = join(folder, layout === 'trl' ? 'pytorch_model.bin' : 'value_head.safetensors');
  checkValueHead(path, tensors);
  if (layout === 'trl') await writeTorchFile(path, tensors);
  else await writeSafetensors(path, tensors, { format: 'pt' });
}

/** The first of some files that is there. */
async function openFirst(
  folder: string,
  names: readonly string[],
): Promise<TensorFile | undefined> {
  for (const name of names) {
    const path = join(folder, name);
    if (!(await exists(path))) continue;
    return name.endsWith('.bin') ? openTorchFile(path) : openSafetensors(path);
  }
  return undefined;
}

/** Tensors of a file as float32; no more of them than the file has bytes for. */
async function readTensors(
  file: TensorFile,
  names: readonly string[],
): Promise<Map<string, Tensor<'float32'>>> {
  const bytes = names.reduce((sum, name) => sum + file.tensors.get(name)!.length, 0);
  const { size } = await stat(file.path);
  if (bytes > size) {
    const actual = `${bytes} bytes of them in ${size}`;
    throw new InputError(file.path, 'tensors that lie side by side', actual);
  }
  const tensors = new Map<string, Tensor<'float32'>>();
  for (const name of names) tensors.set(name, await readFloat32(file, name));
  checkFiniteTensors(tensors, file.path);
  return tensors;
}

async function readAdapterTensors(folder: string): Promise<Map<string, Tensor<'float32'>>> {
  const file = await openFirst(folder, adapterNames);
  if (!file) {
    const remedy = 'Is it the right folder, and the download complete?';
    throw new UnavailableError(folder, adapterNames.join(' or '), 'no such file', remedy);
  }
  const tensors = new Map<string, Tensor<'float32'>>();
  for (const [fileName, tensor] of await readTensors(file, [...file.tensors.keys()])) {
    const name = plainName(fileName);
    if (tensors.has(name)) throw new InputError(file.path, `one ${name}`, 'two');
    tensors.set(name, tensor);
  }
  return tensors;
}

/** Without what PEFT and others wrap a model in, and without the adapter's own name. */
function plainName(fileName: string): string {
  const bare = withoutMarks(fileName);
  const start = bare.lastIndexOf(prefix);
  const name = start < 0 ? bare : bare.slice(start + prefix.length);
  return name.replace(/\.(lora_[AB])\.[^.]+\.weight$/, '.$1.weight');
}

/** The weights of modules that an adapter saves whole, by their own names. */
export function savedTensors({ config, tensors }: Adapter): Tensors {
  return new Map([...tensors].filter(([name]) => isSaved(name, config.savedModules)));
}

/** The tensors of LoRA alone. */
function pairsOf(tensors: Tensors): Tensors {
  return new Map([...tensors].filter(([name]) => isPart(name)));
}

function isPart(name: string): boolean {
  return /.\.lora_[AB]\.weight$/.test(name);
}

/** Both halves of each pair are there. @returns the pairs' ranks, by module */
function checkPairs(where: string, tensors: Tensors): Map<string, number> {
  const modules = new Set([...tensors.keys()].map((name) => name.slice(0, -suffixLength)));
  if (modules.size === 0) throw new InputError(where, 'LoRA tensors', 'none');
  const ranks = new Map<string, number>();
  for (const module of modules) {
    const [a, b] = ['A', 'B'].map((half) => tensors.get(`${module}.lora_${half}.weight`));
    if (!a || !b) throw new InputError(`${where}: ${module}`, 'lora_A and lora_B', 'one of them');
    const [rank] = a.shape;
    if (a.shape.length !== 2 || b.shape.length !== 2 || b.shape[1] !== rank || rank === 0) {
      const expected = 'A [rank, in] and B [out, rank]';
      throw new ShapeError(`${where}: ${module}`, expected, `[${a.shape}] and [${b.shape}]`);
    }
    ranks.set(module, rank);
  }
  return ranks;
}

const suffixLength = '.lora_A.weight'.length;

/** The pairs are of the config's ranks, in modules that the config targets; nothing else is there but saved modules. */
function checkAdapter(where: string, { config, tensors }: Adapter): void {
  const { savedModules } = config;
  for (const name of tensors.keys()) {
    if (isPart(name) || isSaved(name, savedModules)) continue;
    const saved = savedModules ? `, or ${savedModules.join(', ').slice(0, 200)}` : '';
    const expected = `LoRA tensors only (lora_A.weight, lora_B.weight)${saved}`;
    const kind = kindOf(name);
    throw new InputError(where, expected, `${name}${kind && `, ${kind}`}`, kind && mergeInPeft);
  }
  const targets = new Set(config.targetModules);
  for (const [module, actual] of checkPairs(where, pairsOf(tensors))) {
    if (isSaved(`${module}.weight`, savedModules)) {
      throw new InputError(where, `${module} adapted or saved whole`, 'both');
    }
    const { rank } = strengthOf(config, module);
    if (rank !== actual) {
      const expected = `A [${rank}, in] and B [out, ${rank}]`;
      throw new ShapeError(`${where}: ${module}`, expected, `rank ${actual}`);
    }
    if (!endsOf(module).some((end) => targets.has(end))) {
      const expected = `modules of target_modules ${config.targetModules.join(', ').slice(0, 200)}`;
      throw new InputError(where, expected, module, 'The files do not belong together.');
    }
  }
}

/** What PEFT saves besides the matrices of linear layers; empty when it is something else. */
function kindOf(name: string): string {
  if (/\.lora_embedding_[AB]\b/.test(name)) return 'an adapter of embeddings';
  if (/\.token_adapter\./.test(name)) return 'embeddings of single tokens';
  if (/\.lora_magnitude_vector\b/.test(name)) return 'a part of DoRA';
  if (/\.lora_[AB]\.bias$/.test(name)) return 'a bias of the adapter';
  const isTable = /(^|\.)(shared|embed_tokens|lm_head|\w+_embeddings)\.(base_layer\.)?weight$/;
  if (isTable.test(name)) return 'a whole table of embeddings';
  return '';
}

/** `a.b.c`, `b.c` and `c`. */
function endsOf(path: string): string[] {
  const parts = path.split('.');
  return parts.map((_, i) => parts.slice(i).join('.'));
}

function checkValueHead(where: string, tensors: Tensors): void {
  const shapes = [...tensors].map(([name, { shape }]) => `${name} [${shape}]`).sort();
  if (!/^v_head\.summary\.bias \[1\];v_head\.summary\.weight \[1,\d+\]$/.test(shapes.join(';'))) {
    const expected = 'v_head.summary.weight [1, d] and v_head.summary.bias [1]';
    const actual = shapes.join(' and ').slice(0, 200) || 'nothing';
    throw new InputError(where, expected, actual);
  }
}
