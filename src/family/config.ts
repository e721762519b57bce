/** Model configs in the Hugging Face layout. I/O. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { refuseAdapterFolder } from '../adapter/adapter-folder.ts';
import { readJson } from '../disk/json.ts';
import { InputError } from '../errors.ts';
import { families, isPolicy, type ModelConfig, type ModelType } from './families.ts';
import { comingIds, readGeneration } from './generation-config.ts';

/**
 * The model config of a folder.
 * @param path a folder with `config.json`, or the file itself
 * @throws {UnavailableError} when there is no config
 * @throws {InputError} for a model type, activation or value that is not supported
 */
export async function readModelConfig(path: string): Promise<ModelConfig> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return modelConfig(await readJson(path, z.looseObject({})), path);
  await refuseAdapterFolder(path);
  const file = join(path, 'config.json');
  const raw = await readJson(file, z.looseObject({}));
  if (!isPolicy(modelConfig(raw, file))) return modelConfig(raw, file);
  return modelConfig({ ...raw, ...(await generationIds(path, raw)) }, file);
}

/** As transformers' `generate` has it: start, ends, padding and a forced first id of `generation_config.json` win. */
async function generationIds(
  folder: string,
  { vocab_size }: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const { decoderStartId, eosIds, padId, forcedFirstId } = await readGeneration(folder);
  return {
    ...(decoderStartId !== undefined && { decoder_start_token_id: decoderStartId }),
    ...(comingIds(eosIds, Number(vocab_size)).length > 0 && { eos_token_id: eosIds }),
    ...(padId !== undefined && { pad_token_id: padId }),
    ...(forcedFirstId !== undefined && { forced_bos_token_id: forcedFirstId }),
  };
}

/**
 * The model config in a parsed `config.json`.
 * @param where the file's name, for messages
 * @throws {InputError} for a model type, activation or value that is not supported
 */
export function modelConfig(raw: Record<string, unknown>, where = 'config.json'): ModelConfig {
  const type = raw.model_type;
  if (typeof type !== 'string' || !Object.hasOwn(families, type)) {
    const remedy =
      'A policy is a T5 (T5 v1.1 and FLAN-T5 as well) or mT5, a reward model a classifier of the others.';
    const actual = JSON.stringify(type) ?? 'nothing';
    const known = `one of ${Object.keys(families).join(', ')}`;
    throw new InputError(`${where}: model_type`, known, actual, remedy);
  }
  return families[type as ModelType].read(raw, where);
}
