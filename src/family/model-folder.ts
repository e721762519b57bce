/** Writes model folders that transformers loads. I/O. */

import { join } from 'node:path';
import { writeFileAtomic } from '../disk/atomic.ts';
import { InputError } from '../errors.ts';
import { float32, type Tensor } from '../tensor.ts';
import { saveWeights } from '../tensors/weights.ts';
import { familyOf, isPolicy, type ModelConfig } from './families.ts';
import type { Written } from './family.ts';
import { generationJson } from './generation-config.ts';

/**
 * `config.json` for a config, in the Hugging Face layout; reading it gives the same config back.
 * Fields that tactful does not hold are left to transformers' defaults.
 */
export function configJson(config: ModelConfig): Record<string, unknown> {
  return familyOf(config).write(config);
}

/**
 * Writes weights, config and further files (a tokenizer's) to a folder, each atomically.
 * `config.json` comes last: a folder that has it is whole.
 * @param files contents by plain file name
 * @throws {InputError} when a file's name is a path
 */
export async function writeModelFolder(
  folder: string,
  config: ModelConfig,
  tensors: ReadonlyMap<string, Tensor>,
  files: ReadonlyMap<string, string | Uint8Array> = new Map(),
): Promise<void> {
  const wrong = [...files.keys()].find((name) => !/^[^/\\]+$/.test(name) || /^\.+$/.test(name));
  if (wrong !== undefined) throw new InputError(folder, 'plain file names', JSON.stringify(wrong));
  const written = isPolicy(config) ? familyOf(config).written?.(config) : undefined;
  await saveWeights(folder, written?.made ? withMade(tensors, written.made) : tensors);
  for (const [name, content] of files) await writeFileAtomic(join(folder, name), content);
  if (isPolicy(config)) {
    const generation = {
      ...generationJson(config),
      ...(config.forcedFirstId !== undefined && { forced_bos_token_id: config.forcedFirstId }),
    };
    await writeFileAtomic(join(folder, 'generation_config.json'), pretty(generation));
  }
  await writeFileAtomic(join(folder, 'config.json'), pretty(configJson(written?.config ?? config)));
}

/** The tensors of a model with one that is made of another for writing. */
function withMade(
  tensors: ReadonlyMap<string, Tensor>,
  { name, source, factor }: NonNullable<Written<unknown>['made']>,
) {
  const tensor = tensors.get(source);
  if (tensor?.dtype !== 'float32') return tensors;
  const data = Float32Array.from(tensor.data as Float32Array, (x) => x * factor);
  return new Map<string, Tensor>([...tensors, [name, float32(data, tensor.shape)]]);
}

function pretty(json: Record<string, unknown>): string {
  return `${JSON.stringify(json, null, 2)}\n`;
}
