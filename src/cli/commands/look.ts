/** I/O: looks at folders and file headers; `inspection.ts` tells what it found. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type LoraConfig, readAdapter, readValueHead } from '../../adapter/peft.ts';
import { TactfulError } from '../../errors.ts';
import { readModelConfig } from '../../family/config.ts';
import { familyOf, isPolicy, type ModelConfig } from '../../family/families.ts';
import { openModel, openWeights } from '../../family/weights.ts';
import { checkPairing } from '../../model/check-adapter.ts';
import { classifierGraph } from '../../model/classifier.ts';
import { countParameters } from '../../model/count.ts';
import { readClassifier, readPolicy } from '../../model/load.ts';
import { sizeOf } from '../../tensor.ts';
import { openSafetensors } from '../../tensors/safetensors.ts';
import type { Inspection, TensorRow } from './inspection.ts';

/** What to look at. */
export interface Sources {
  readonly model?: string | undefined;
  readonly config?: string | undefined;
  readonly adapter?: string | undefined;
  readonly weightFile?: string | undefined;
  /** Whether all tensors are listed. */
  readonly tensors: boolean;
  readonly loraRank?: number | undefined;
  readonly loraTargets?: readonly string[] | undefined;
  readonly loraAlpha?: number | undefined;
  /** Whether a value head is counted as well. */
  readonly valueHead: boolean;
}

/**
 * Looks at all that is there, and loads it as the jobs do, but for the engine: what they would refuse
 * is among the problems.
 * @throws what the first one says, when there is nothing else to tell
 */
export async function look(from: Sources): Promise<Inspection> {
  if (from.weightFile !== undefined) {
    const { tensors, metadata } = await openSafetensors(from.weightFile);
    return { path: from.weightFile, metadata, tensors: rowsOf(tensors) };
  }
  const errors: TactfulError[] = [];
  const tried = <T>(look: () => Promise<T>) => attempt(look, errors);
  const { model: folder, config: file, adapter: adapterPath, tensors: listed } = from;
  const named = folder ?? file;
  const adapter =
    adapterPath === undefined ? undefined : await tried(() => lookAtAdapter(adapterPath));
  const model = named === undefined ? undefined : await tried(() => lookAtConfig(folder, file));
  const inFolder = folder === undefined ? undefined : await lookAtFolder(folder, listed, tried);
  const path = named ?? adapterPath;
  const loads = errors.length === 0 && model !== undefined && folder !== undefined;
  const notes = loads ? await tried(() => notesOf(model, folder, adapterPath)) : adapter?.notes;
  if (errors.length > 0 && !model && !adapter && !inFolder?.weights) throw errors[0];
  return {
    ...(path !== undefined && { path }),
    ...(model && { model, parameters: parametersOf(model, from, adapter?.adapter) }),
    ...inFolder,
    ...(adapter && { adapter: adapter.adapter }),
    ...(adapter && listed && folder === undefined && { tensors: adapter.tensors }),
    ...(notes && notes.length > 0 && { notes }),
    ...(errors.length > 0 && { problems: [...new Set(errors.map(({ message }) => message))] }),
  };
}

/** What was looked at, or undefined and one error more. */
async function attempt<T>(look: () => Promise<T>, errors: TactfulError[]): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof TactfulError)) throw error;
    errors.push(error);
    return undefined;
  }
}

/** What the jobs say of a model, and of an adapter on it, when they load them. */
async function notesOf(config: ModelConfig, model: string, adapterPath: string | undefined) {
  if (isPolicy(config)) return (await readPolicy({ model, adapter: adapterPath })).notes;
  const { weights } = await readClassifier(model);
  if (adapterPath === undefined) return weights.notes;
  const adapter = await readAdapter(adapterPath);
  return [...weights.notes, ...(await checkPairing({ adapter, adapterPath, config, model }))];
}

/** A policy's config is as its weights have it. */
async function lookAtConfig(folder: string | undefined, file: string | undefined) {
  const model = await readModelConfig(folder ?? file!);
  if (folder === undefined) return model;
  const asStored = () => openModel(folder, model);
  return (await attempt(asStored, []))?.config ?? model; // the weights' own problems are told of them
}

async function lookAtAdapter(path: string) {
  const { config, tensors, notes } = await readAdapter(path);
  const rows = rowsOf(tensors);
  const parameters = rows.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const valueHead = (await readValueHead(path)) !== undefined;
  return { adapter: { ...config, parameters, valueHead }, tensors: rows, notes };
}

function parametersOf(
  model: ModelConfig,
  { loraRank: rank, loraTargets, loraAlpha, valueHead }: Sources,
  adapter: LoraConfig | undefined,
): NonNullable<Inspection['parameters']> {
  if (!isPolicy(model)) {
    const { graph } = classifierGraph({ config: model }, false);
    const shapes = [...graph.weights.values()].map(({ shape }) => shape as number[]);
    return { base: shapes.reduce((sum, shape) => sum + sizeOf(shape), 0) };
  }
  const base = countParameters(model, {}).all;
  const plain = { rsLora: false, dropout: 0, baseModel: '' };
  const targetModules = loraTargets ?? familyOf(model).loraTargets;
  const fresh = rank ? { rank, alpha: loraAlpha ?? rank, targetModules, ...plain } : undefined;
  const lora = fresh ?? adapter;
  if (!lora && !valueHead) return { base };
  const policy = countParameters(model, { lora });
  const policyWithValueHead = countParameters(model, { lora, valueHead: true });
  // the reference is the starting policy, frozen
  const reference = { trainable: 0, all: policyWithValueHead.all };
  return { base, policy, policyWithValueHead, reference };
}

type Tried = <T>(look: () => Promise<T>) => Promise<T | undefined>;

async function lookAtFolder(
  path: string,
  listed: boolean,
  tried: Tried,
): Promise<Partial<Inspection>> {
  const weights = await tried(() => lookAtWeights(path, listed));
  const tokenizer = await tried(() => lookAtTokenizer(path));
  return { ...weights, files: await filesIn(path), ...(tokenizer && { tokenizer }) };
}

async function lookAtWeights(path: string, listed: boolean): Promise<Partial<Inspection>> {
  const { entries, stored } = await openWeights(path);
  const rows = [...stored].map(([name, { dtype, shape, length }]) => {
    return { name, dtype: entries.get(name)?.dtype ?? dtype, shape, length };
  });
  return {
    weights: {
      tensors: rows.length,
      bytes: rows.reduce((sum, { length }) => sum + length, 0),
      dtypes: [...new Set(rows.map(({ dtype }) => dtype))].sort(),
    },
    ...(listed && { tensors: rows.map(({ name, dtype, shape }) => ({ name, dtype, shape })) }),
  };
}

async function filesIn(path: string) {
  const names = (await readdir(path)).sort();
  const stats = await Promise.all(names.map((name) => stat(join(path, name))));
  return names.flatMap((name, i) => (stats[i].isFile() ? [{ name, bytes: stats[i].size }] : []));
}

async function lookAtTokenizer(path: string) {
  const { loadTokenizer } = await import('../../family/tokenizer.ts');
  const { vocabSize, maxLength } = await loadTokenizer(path);
  return { tokens: vocabSize, maxLength: Number.isFinite(maxLength) ? maxLength : null };
}

function rowsOf(tensors: ReadonlyMap<string, { dtype: string; shape: readonly number[] }>) {
  return [...tensors].map(([name, { dtype, shape }]): TensorRow => ({ name, dtype, shape }));
}
