/** LoRA adapters and value heads in the layout of PEFT 0.14 and TRL. I/O. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError, ShapeError, UnavailableError } from '../errors.ts';
import type { Tensor, Tensors } from '../tensor.ts';
import { writeFileAtomic } from './atomic.ts';
import { checkJson, readJson } from './json.ts';
import { openSafetensors, readFloat32, writeSafetensors } from './safetensors.ts';

/** What a LoRA adapter is, apart from its numbers. */
export interface LoraConfig {
  /** Rows of A, columns of B. */
  readonly rank: number;
  readonly alpha: number;
  /** Last parts of the adapted modules' paths, sorted: `['q', 'v']`. */
  readonly targetModules: readonly string[];
  /** Scale alpha / sqrt(rank) in place of alpha / rank. */
  readonly rsLora: boolean;
  /** Kept for writing back; no forward pass of tactful drops anything. */
  readonly dropout: number;
  /** Name or path of the model that it was made for; empty when unknown. */
  readonly baseModel: string;
}

/** A LoRA adapter: for a module M, `M.lora_A.weight` [rank, in] and `M.lora_B.weight` [out, rank]. */
export interface Adapter {
  readonly config: LoraConfig;
  readonly tensors: Tensors;
}

/** What PEFT may wrap the base model for. */
export type PeftTask = 'SEQ_2_SEQ_LM' | 'SEQ_CLS';

const prefix = 'base_model.model.';

/** Fields that change results, each with the only values that tactful computes. */
const plain = {
  fan_in_fan_out: [false],
  bias: ['none'],
  modules_to_save: [null, []],
  use_dora: [false],
  use_qalora: [false],
  lora_bias: [false],
  rank_pattern: [{}, null],
  alpha_pattern: [{}, null],
  layers_to_transform: [null],
  layer_replication: [null],
  exclude_modules: [null, []],
  target_parameters: [null, []],
  trainable_token_indices: [null],
  alora_invocation_tokens: [null],
  megatron_config: [null],
  // others (pissa, olora, corda, loftq) also change the base model's weights
  init_lora_weights: [true, false, 'gaussian', 'eva', 'orthogonal'],
};

const ConfigJson = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.int('a whole number above 0').positive('a whole number above 0'),
  lora_alpha: z.number(),
  lora_dropout: z.number().default(0),
  // a string is a pattern; what it chose shows in the tensors' names
  target_modules: z.union([z.array(z.string()).min(1), z.string()], 'a list of module names'),
  use_rslora: z.boolean().default(false),
  base_model_name_or_path: z.string().nullish(),
});

/** Factor of B·A: alpha / rank, or alpha / sqrt(rank) with rsLora. */
export function loraScale({ alpha, rank, rsLora }: LoraConfig): number {
  return alpha / (rsLora ? Math.sqrt(rank) : rank);
}

/**
 * Reads `adapter_config.json` and `adapter_model.safetensors`; tensors as float32, names without
 * PEFT's prefix and adapter name: `encoder.block.0.layer.0.SelfAttention.q.lora_A.weight`.
 * @throws {UnavailableError} when a file is missing
 * @throws {InputError} for a setting that tactful does not compute, or a tensor that is no LoRA pair
 * @throws {ShapeError} when a tensor's rank is not the config's
 */
export async function readAdapter(folder: string): Promise<Adapter> {
  const configPath = join(folder, 'adapter_config.json');
  const json = await readJson(configPath, z.looseObject({}));
  refuseUnsupported(json, configPath);
  const raw = checkJson(json, configPath, ConfigJson);
  const tensors = await readAdapterTensors(folder);
  const chosen = raw.target_modules;
  const targets = typeof chosen === 'string' ? modulesOf(tensors).map(lastPart) : chosen;
  const config: LoraConfig = {
    rank: raw.r,
    alpha: raw.lora_alpha,
    targetModules: [...new Set(targets)].sort(),
    rsLora: raw.use_rslora,
    dropout: raw.lora_dropout,
    baseModel: raw.base_model_name_or_path ?? '',
  };
  checkAdapter(folder, { config, tensors });
  return { config, tensors };
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
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), named, { format: 'pt' });
  const json = JSON.stringify(adapterJson(config, task), null, 2);
  await writeFileAtomic(join(folder, 'adapter_config.json'), json);
}

/**
 * TRL's value head, `v_head.summary.weight` [1, dModel] and `v_head.summary.bias` [1], from
 * `value_head.safetensors`; undefined when the folder has no such file.
 * @throws {InputError} when the file holds something else
 */
export async function readValueHead(folder: string): Promise<Tensors | undefined> {
  const path = join(folder, 'value_head.safetensors');
  if (!(await exists(path))) return undefined;
  const file = await openSafetensors(path);
  const tensors = new Map<string, Tensor<'float32'>>();
  for (const name of file.tensors.keys()) tensors.set(name, await readFloat32(file, name));
  checkValueHead(path, tensors);
  return tensors;
}

/**
 * Writes `value_head.safetensors`, atomically.
 * @throws {InputError} when the tensors are not a value head's
 */
export async function writeValueHead(folder: string, tensors: Tensors): Promise<void> {
  const path = join(folder, 'value_head.safetensors');
  checkValueHead(path, tensors);
  await writeSafetensors(path, tensors, { format: 'pt' });
}

function refuseUnsupported(json: Record<string, unknown>, where: string): void {
  for (const [key, allowed] of Object.entries(plain)) {
    if (!Object.hasOwn(json, key)) continue;
    const [actual, ...choices] = [json[key], ...allowed].map((value) => JSON.stringify(value));
    if (!choices.includes(actual)) {
      const remedy = 'It changes results and is not supported: train the adapter without it.';
      throw new InputError(`${where}: ${key}`, choices.join(' or '), actual.slice(0, 200), remedy);
    }
  }
}

async function readAdapterTensors(folder: string): Promise<Map<string, Tensor<'float32'>>> {
  const path = join(folder, 'adapter_model.safetensors');
  if (!(await exists(path))) {
    const bin = await exists(join(folder, 'adapter_model.bin'));
    const remedy = bin
      ? '.bin files are not read yet: save the adapter again with save_pretrained of PEFT >= 0.9.'
      : 'Is it the right folder, and the download complete?';
    const actual = bin ? 'only adapter_model.bin' : 'no such file';
    throw new UnavailableError(folder, 'adapter_model.safetensors', actual, remedy);
  }
  const file = await openSafetensors(path);
  const tensors = new Map<string, Tensor<'float32'>>();
  for (const fileName of file.tensors.keys()) {
    const name = fileName
      .replace(prefix, '')
      .replace(/\.(lora_[AB])\.default\.weight$/, '.$1.weight');
    if (tensors.has(name)) throw new InputError(path, `one ${name}`, 'two');
    tensors.set(name, await readFloat32(file, fileName));
  }
  return tensors;
}

/** Every tensor is one half of a pair of the config's rank, in a module that the config targets. */
function checkAdapter(where: string, { config, tensors }: Adapter): void {
  const { rank, targetModules } = config;
  for (const name of tensors.keys()) {
    if (/.\.lora_[AB]\.weight$/.test(name)) continue;
    throw new InputError(where, 'LoRA tensors only (lora_A.weight, lora_B.weight)', name);
  }
  const modules = modulesOf(tensors);
  if (modules.length === 0) throw new InputError(where, 'LoRA tensors', 'none');
  for (const module of modules) {
    const [a, b] = ['A', 'B'].map((half) => tensors.get(`${module}.lora_${half}.weight`));
    if (!a || !b) throw new InputError(`${where}: ${module}`, 'lora_A and lora_B', 'one of them');
    if (
      a.shape.length !== 2 ||
      b.shape.length !== 2 ||
      a.shape[0] !== rank ||
      b.shape[1] !== rank
    ) {
      const expected = `A [${rank}, in] and B [out, ${rank}]`;
      throw new ShapeError(`${where}: ${module}`, expected, `[${a.shape}] and [${b.shape}]`);
    }
    if (!targetModules.some((target) => module === target || module.endsWith(`.${target}`))) {
      const expected = `modules of target_modules ${targetModules.join(', ')}`;
      throw new InputError(where, expected, module, 'The files do not belong together.');
    }
  }
}

function checkValueHead(where: string, tensors: Tensors): void {
  const shapes = [...tensors].map(([name, { shape }]) => `${name} [${shape}]`).sort();
  if (!/^v_head\.summary\.bias \[1\];v_head\.summary\.weight \[1,\d+\]$/.test(shapes.join(';'))) {
    const expected = 'v_head.summary.weight [1, d] and v_head.summary.bias [1]';
    throw new InputError(where, expected, shapes.join(' and ') || 'nothing');
  }
}

/** Paths of the adapted modules. */
function modulesOf(tensors: Tensors): string[] {
  const modules = [...tensors.keys()].map((name) => name.replace(/\.lora_[AB]\.weight$/, ''));
  return [...new Set(modules)];
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** All fields of PEFT 0.14's LoraConfig, in the order of its file. */
function adapterJson(config: LoraConfig, task: PeftTask): Record<string, unknown> {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: config.baseModel || null,
    bias: 'none',
    eva_config: null,
    exclude_modules: null,
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layer_replication: null,
    layers_pattern: null,
    layers_to_transform: null,
    loftq_config: {},
    lora_alpha: config.alpha,
    lora_bias: false,
    lora_dropout: config.dropout,
    megatron_config: null,
    megatron_core: 'megatron.core',
    modules_to_save: null,
    peft_type: 'LORA',
    r: config.rank,
    rank_pattern: {},
    revision: null,
    target_modules: [...config.targetModules].sort(),
    task_type: task,
    use_dora: false,
    use_rslora: config.rsLora,
  };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
