/** A model with an adapter merged in, as a folder that transformers loads. I/O. */

import { join } from 'node:path';
import { readAdapter } from '../adapter/peft.ts';
import { writeFileAtomic } from '../disk/atomic.ts';
import { withFields } from '../disk/json-text.ts';
import { checkResultFolder, expectRoom, writeResultFolder } from '../disk/result-folder.ts';
import type { Note } from '../events.ts';
import { readModelConfig } from '../family/config.ts';
import { familyOf, isPolicy, type ModelConfig } from '../family/families.ts';
import { openModel } from '../family/weights.ts';
import { checkPairing } from '../model/check-adapter.ts';
import { checkModel } from '../model/check-weights.ts';
import { asWritten, mergedWeights } from '../model/merge.ts';
import { type CardTask, modelCard } from './card.ts';
import { cardOf, copyCompanions, hubName, readConfigText } from './companions.ts';
import type { WeightDType } from './range.ts';
import { planShards, weightSizes, writeShards } from './shards.ts';

/** Where a folder that is made of a model comes from and goes to. */
export interface FolderOptions {
  /** Folder of the base model. */
  readonly model: string;
  /** Folder of the result: new, empty, or with an earlier result of the same job. */
  readonly output: string;
  /** Name of the base model on the hub, for the card. @default what its files say */
  readonly baseModel?: string | undefined;
  /** Of tactful. */
  readonly version: string;
  /** An abort leaves nothing behind, and is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Called before the first tensor and after each, with bytes written and bytes in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface MergeOptions extends FolderOptions {
  /** Folder of the adapter. */
  readonly adapter: string;
  /** @default 'float32' */
  readonly dtype?: WeightDType | undefined;
  /** Most bytes of one file of weights. @default 5e9 */
  readonly maxShardBytes?: number | undefined;
}

/** Files of weights, and their bytes. */
export interface WrittenFiles {
  readonly files: readonly string[];
  readonly bytes: number;
  /** What was found in the model's files that a user would want to know. */
  readonly notes: readonly Note[];
}

/**
 * Writes W + scale · B A for each adapted weight and all others as they are, one at a time, each
 * computed in float64 and rounded once; config, tokenizer and generation settings come along.
 * @throws {ConfigError} when the folder holds something else
 * @throws {InputError} when model and adapter do not fit, or a number does not fit the dtype
 */
export async function mergeToFolder(options: MergeOptions): Promise<WrittenFiles> {
  const { model, adapter: adapterFolder, output, dtype = 'float32', version } = options;
  const { maxShardBytes = 5e9, signal, onProgress } = options;
  await checkResultFolder(output, 'merge');
  const said = await readModelConfig(model);
  const adapter = await readAdapter(adapterFolder);
  const pairing = { adapter, adapterPath: adapterFolder, config: said, model };
  const ofAdapter = await checkPairing(pairing);
  const { weights: stored, config } = await openModel(model, said, adapter);
  await checkModel(config, stored);
  const merged = mergedWeights(stored, adapter);
  const written = isPolicy(config) ? familyOf(config).written?.(config) : undefined;
  const weights = written ? asWritten(merged, written) : merged;
  const sizes = weightSizes(weights, dtype);
  const plan = planShards(sizes, maxShardBytes);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const report = counter(total, onProgress);
  const { text, raw } = await readConfigText(model);
  const [own, adapted] = [await cardOf(model), await cardOf(adapterFolder)];
  const card = modelCard({
    kind: 'model',
    task: taskOf(config),
    version,
    baseModel:
      options.baseModel ?? (await hubName(model, [raw._name_or_path, adapter.config.baseModel])),
    license: own.license,
    prompt: adapted.prompt ?? own.prompt,
    ...(!isPolicy(config) && { head: config.head }),
    adapter: adapter.config,
    dtypes: [dtype],
  });
  const record = { job: 'merge', version, model, adapter: adapterFolder, dtype };
  await expectRoom(output, total);
  await writeResultFolder(output, record, async (folder) => {
    await writeShards(folder, weights, { dtype, plan, signal, onBytes: report });
    signal?.throwIfAborted();
    await copyCompanions(model, folder);
    await writeFileAtomic(join(folder, 'README.md'), card);
    const types = { torch_dtype: dtype, ...('dtype' in raw && { dtype }) };
    const changed = withFields(text, { ...written?.fields(raw), ...types });
    await writeFileAtomic(join(folder, 'config.json'), changed);
  });
  return { files: [...plan.keys()], bytes: total, notes: [...stored.notes, ...ofAdapter] };
}

/** What the hub calls what a model does. */
export function taskOf(config: ModelConfig): CardTask {
  return isPolicy(config) ? 'summarization' : 'text-classification';
}

/** Adds bytes up, and tells. */
export function counter(total: number, tell: FolderOptions['onProgress']): (bytes: number) => void {
  let done = 0;
  tell?.(done, total);
  return (bytes) => {
    done += bytes;
    tell?.(done, total);
  };
}
