/** I/O: looks at folders and file headers; `inspection.ts` tells what it found. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isT5, type ModelConfig, readModelConfig } from '../../hub/config.ts';
import { type LoraConfig, readAdapter, readValueHead } from '../../hub/peft.ts';
import { openSafetensors } from '../../hub/safetensors.ts';
import { withHead } from '../../hub/t5-head.ts';
import { openWeights } from '../../hub/weights.ts';
import { classifierGraph } from '../../model/classifier.ts';
import { countParameters } from '../../model/count.ts';
import { sizeOf } from '../../tensor.ts';
import type { Sources } from './inspect.ts';
import type { Inspection, TensorRow } from './inspection.ts';

/** Reads headers and configs, and no weights. */
export async function look(from: Sources): Promise<Inspection> {
  if (from.weightFile !== undefined) {
    const { tensors, metadata } = await openSafetensors(from.weightFile);
    return { path: from.weightFile, metadata, tensors: rowsOf(tensors) };
  }
  const path = from.model ?? from.config;
  const adapter = from.adapter === undefined ? undefined : await lookAtAdapter(from.adapter);
  const said = path === undefined ? undefined : await readModelConfig(path);
  const model = said && from.model !== undefined ? await asWeighed(from.model, said) : said;
  return {
    ...((path ?? from.adapter) ? { path: (path ?? from.adapter)! } : {}),
    ...(model && { model, parameters: parametersOf(model, from, adapter?.adapter) }),
    ...(from.model !== undefined && (await lookAtFolder(from.model, from.tensors))),
    ...(adapter && { adapter: adapter.adapter }),
    ...(adapter && from.tensors && from.model === undefined && { tensors: adapter.tensors }),
  };
}

/** A T5's config as its weights have it: a config alone does not tell which head there is. */
async function asWeighed(path: string, model: ModelConfig): Promise<ModelConfig> {
  return isT5(model)
    ? (await withHead(await openWeights(path, model.modelType), model)).config
    : model;
}

async function lookAtAdapter(path: string) {
  const { config, tensors } = await readAdapter(path);
  const rows = rowsOf(tensors);
  const parameters = rows.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const valueHead = (await readValueHead(path)) !== undefined;
  return { adapter: { ...config, parameters, valueHead }, tensors: rows };
}

function parametersOf(
  model: ModelConfig,
  { loraRank: rank, loraTargets: targetModules, loraAlpha, valueHead }: Sources,
  adapter: LoraConfig | undefined,
): NonNullable<Inspection['parameters']> {
  if (!isT5(model)) {
    const { graph } = classifierGraph({ config: model }, false);
    const shapes = [...graph.weights.values()].map(({ shape }) => shape as number[]);
    return { base: shapes.reduce((sum, shape) => sum + sizeOf(shape), 0) };
  }
  const base = countParameters(model, {}).all;
  const plain = { rsLora: false, dropout: 0, baseModel: '' };
  const fresh = rank ? { rank, alpha: loraAlpha ?? rank, targetModules, ...plain } : undefined;
  const lora = fresh ?? adapter;
  if (!lora && !valueHead) return { base };
  const policy = countParameters(model, { lora });
  const policyWithValueHead = countParameters(model, { lora, valueHead: true });
  // the reference is the starting policy, frozen
  const reference = { trainable: 0, all: policyWithValueHead.all };
  return { base, policy, policyWithValueHead, reference };
}

async function lookAtFolder(path: string, listed: boolean): Promise<Partial<Inspection>> {
  const { entries } = await openWeights(path);
  const sizes = [...entries.values()];
  const names = (await readdir(path)).sort();
  const stats = await Promise.all(names.map((name) => stat(join(path, name))));
  const files = names.flatMap((name, i) =>
    stats[i].isFile() ? [{ name, bytes: stats[i].size }] : [],
  );
  const tokenizer = await lookAtTokenizer(path, names);
  return {
    weights: {
      tensors: sizes.length,
      bytes: sizes.reduce((sum, { length }) => sum + length, 0),
      dtypes: [...new Set(sizes.map(({ dtype }) => dtype))].sort(),
    },
    files,
    ...(tokenizer && { tokenizer }),
    ...(listed && { tensors: rowsOf(entries) }),
  };
}

const tokenizerFiles = [
  'tokenizer.json',
  'spiece.model',
  'sentencepiece.bpe.model',
  'vocab.txt',
  'vocab.json',
];

async function lookAtTokenizer(path: string, names: readonly string[]) {
  if (!tokenizerFiles.some((name) => names.includes(name))) return undefined;
  const { loadTokenizer } = await import('../../tokenizer.ts');
  const { vocabSize, maxLength } = await loadTokenizer(path);
  return { tokens: vocabSize, maxLength: Number.isFinite(maxLength) ? maxLength : null };
}

function rowsOf(tensors: ReadonlyMap<string, { dtype: string; shape: readonly number[] }>) {
  return [...tensors].map(([name, { dtype, shape }]): TensorRow => ({ name, dtype, shape }));
}
