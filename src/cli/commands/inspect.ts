/** I/O: looks at folders and file headers; `inspection.ts` tells what it found. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../errors.ts';
import { type ModelConfig, readModelConfig } from '../../hub/config.ts';
import { type LoraConfig, readAdapter, readValueHead } from '../../hub/peft.ts';
import { openSafetensors } from '../../hub/safetensors.ts';
import { openWeights } from '../../hub/weights.ts';
import { classifierGraph } from '../../model/classifier.ts';
import { countParameters } from '../../model/count.ts';
import { sizeOf } from '../../tensor.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { file, folder } from '../options.ts';
import { type Inspection, inspectionText, type TensorRow } from './inspection.ts';

const lora = { group: 'A LoRA adapter that does not exist yet' };
const options = z.strictObject({
  model: folder('Folder of a model').optional(),
  config: file("A model's config.json alone").optional(),
  adapter: folder('Folder of a LoRA adapter').optional(),
  valueHead: z.boolean().default(false).describe('Count a value head as well'),
  tensors: z.boolean().default(false).describe('List all tensors'),
  loraRank: z.int().positive().optional().meta(lora).describe('Its rank'),
  loraTargets: z
    .array(z.string().min(1))
    .min(1)
    .default(['q', 'v'])
    .meta(lora)
    .describe('Modules that it adapts'),
  loraAlpha: z.number().positive().optional().meta(lora).describe('Its scale (default: the rank)'),
});
type Context = CommandContext<z.infer<typeof options>>;

export const inspect = defineCommand({
  name: 'inspect',
  summary: 'Show what a model, an adapter or a weight file holds, without reading weights.',
  examples: [
    ['tactful inspect DIR', 'a model or an adapter'],
    ['tactful inspect DIR/model.safetensors', 'the tensors of a file'],
    [
      'tactful inspect --config config.json --lora-rank 32 --lora-targets q,v',
      'how many parameters an adapter would train',
    ],
  ],
  arguments: [
    { name: 'path', description: 'Folder of a model or an adapter, .safetensors or config.json' },
  ],
  options,
  async run({ options, arguments: words, json, print, screen }) {
    const found = await look(await sources(options, words[0]));
    print(json ? JSON.stringify(found) : inspectionText(found, screen));
  },
});

type Sources = Context['options'] & { readonly weightFile?: string };

/** Sorts the bare path to where it belongs. */
async function sources(options: Context['options'], path?: string): Promise<Sources> {
  const { model, config, adapter } = options;
  if (model !== undefined && config !== undefined) {
    throw new UsageError('expected --model or --config, got both.');
  }
  if (path === undefined) {
    if (model ?? config ?? adapter) return options;
    throw new UsageError('expected a path, --model, --config or --adapter, got nothing.');
  }
  if (path.endsWith('.safetensors')) return { ...options, weightFile: path };
  const names = await readdir(path).catch(({ code }: NodeJS.ErrnoException) => {
    if (code !== 'ENOENT') return undefined;
    const expected = 'a model, an adapter, a .safetensors file or a config.json';
    throw new InputError(path, expected, 'no such file or folder', 'Check the path.');
  });
  if (names?.includes('adapter_config.json')) return { ...options, adapter: path };
  if (model ?? config) throw new UsageError(`expected one model, got ${path} as well.`);
  return names ? { ...options, model: path } : { ...options, config: path };
}

async function look(from: Sources): Promise<Inspection> {
  if (from.weightFile !== undefined) {
    const { tensors, metadata } = await openSafetensors(from.weightFile);
    return { path: from.weightFile, metadata, tensors: rowsOf(tensors) };
  }
  const path = from.model ?? from.config;
  const adapter = from.adapter === undefined ? undefined : await lookAtAdapter(from.adapter);
  const model = path === undefined ? undefined : await readModelConfig(path);
  return {
    ...((path ?? from.adapter) ? { path: (path ?? from.adapter)! } : {}),
    ...(model && { model, parameters: parametersOf(model, from, adapter?.adapter) }),
    ...(from.model !== undefined && (await lookAtFolder(from.model, from.tensors))),
    ...(adapter && { adapter: adapter.adapter }),
    ...(adapter && from.tensors && from.model === undefined && { tensors: adapter.tensors }),
  };
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
  if (model.modelType !== 't5') {
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

async function lookAtTokenizer(path: string, names: readonly string[]) {
  if (!names.includes('tokenizer.json') && !names.includes('vocab.json')) return undefined;
  const { loadTokenizer } = await import('../../tokenizer.ts');
  const { vocabSize, maxLength } = await loadTokenizer(path);
  return { tokens: vocabSize, maxLength: Number.isFinite(maxLength) ? maxLength : null };
}

function rowsOf(tensors: ReadonlyMap<string, { dtype: string; shape: readonly number[] }>) {
  return [...tensors].map(([name, { dtype, shape }]): TensorRow => ({ name, dtype, shape }));
}
