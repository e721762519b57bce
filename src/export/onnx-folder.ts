/** A model as ONNX, in a folder that transformers.js loads. I/O. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readAdapter } from '../adapter/peft.ts';
import { writeFileAtomic } from '../disk/atomic.ts';
import { withFields } from '../disk/json-text.ts';
import { checkResultFolder, expectRoom, writeResultFolder } from '../disk/result-folder.ts';
import { classifierModel } from '../family/classifier-onnx.ts';
import { readModelConfig } from '../family/config.ts';
import type { ExportedModel } from '../family/exported-model.ts';
import { familyOf, isPolicy, type ModelConfig } from '../family/families.ts';
import { usualClass } from '../family/tokenizer.ts';
import { openModel } from '../family/weights.ts';
import { checkPairing } from '../model/check-adapter.ts';
import { checkModel, checkWeights } from '../model/check-weights.ts';
import { type MergedWeights, mergedWeights } from '../model/merge.ts';
import { float32 } from '../tensor.ts';
import { tokenizerConfig } from '../tokenizer/tokenizer-config.ts';
import { readTokenizerFiles, type TokenizerDefinition } from '../tokenizer/tokenizer-files.ts';
import { modelCard } from './card.ts';
import {
  cardOf,
  copyCompanions,
  generationText,
  hubName,
  readConfigText,
  writeJson,
} from './companions.ts';
import type { ExportDType } from './dtypes.ts';
import { counter, type FolderOptions, taskOf, type WrittenFiles } from './merged-folder.ts';
import { normalizerForBrowsers } from './normalizer.ts';
import type { LoadWeight } from './stored.ts';
import { modelFiles } from './write.ts';

export interface ExportOptions extends FolderOptions {
  /** Folder of an adapter to merge in first. */
  readonly adapter?: string | undefined;
  /** Number formats, a set of files each. */
  readonly dtypes: readonly ExportDType[];
  /** Most bytes of a model's file; above, its weights lie beside. @default 2e9 */
  readonly limit?: number;
}

/**
 * Writes `onnx/*.onnx` and what transformers.js reads beside it: config, generation settings, and
 * the tokenizer as `tokenizer.json`.
 * @throws {ConfigError} when the folder holds something else
 * @throws {InputError} when model and adapter do not fit, or a number does not fit float16
 * @throws {UnavailableError} when the model's folder has no tokenizer
 */
export async function exportToFolder(options: ExportOptions): Promise<WrittenFiles> {
  const { model, output, version, signal, onProgress, limit } = options;
  const dtypes = [...new Set(options.dtypes)];
  await checkResultFolder(output, 'export');
  const adapter = options.adapter === undefined ? undefined : await readAdapter(options.adapter);
  const { config, weights } = await openModel(model, await readModelConfig(model), adapter);
  await checkModel(config, weights);
  const adapterPath = options.adapter ?? '';
  const ofAdapter = adapter ? await checkPairing({ adapter, adapterPath, config, model }) : [];
  const load = rounded(mergedWeights(weights, adapter));
  const models = Object.entries(exportedModels(config));
  for (const [, { graph, choice }] of models) {
    checkWeights(graph, weights);
    if (choice) checkWeights(choice.computed, weights);
  }
  const files = dtypes.flatMap((dtype) =>
    models.map(([name, exported]) => modelFiles(name, exported, { dtype, load, limit })),
  );
  const tokenizer = await readTokenizerFiles(model, usualClass);
  const normalizer = normalizerForBrowsers(tokenizer.json.normalizer);
  const notes = [...weights.notes, ...ofAdapter, ...normalizer.notes];
  const generation = await generationText(model, config);
  const { text, raw } = await readConfigText(model);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const onBytes = counter(total, onProgress);
  const said = [raw._name_or_path, adapter?.config.baseModel];
  const own = await cardOf(model);
  const adapted = options.adapter === undefined ? own : await cardOf(options.adapter);
  const card = modelCard({
    kind: 'onnx',
    task: taskOf(config),
    version,
    baseModel: options.baseModel ?? (await hubName(model, said)),
    license: own.license,
    prompt: adapted.prompt ?? own.prompt,
    ...(!isPolicy(config) && { head: config.head }),
    adapter: adapter?.config,
    dtypes,
  });
  const record = { job: 'export', version, model, adapter: options.adapter ?? null, dtypes };
  await expectRoom(output, total);
  await writeResultFolder(output, record, async (folder) => {
    await mkdir(join(folder, 'onnx'));
    for (const file of files) await file.write(join(folder, 'onnx'), { signal, onBytes });
    signal?.throwIfAborted();
    await copyCompanions(model, folder);
    await writeTokenizer(folder, config, tokenizer, normalizer.written);
    if (generation) await writeFileAtomic(join(folder, 'generation_config.json'), generation);
    await writeFileAtomic(join(folder, 'README.md'), card);
    const changed = withFields(text, configFields(config, files));
    await writeFileAtomic(join(folder, 'config.json'), changed);
  });
  return { files: files.map(({ name }) => `onnx/${name}`), bytes: total, notes };
}

/** The graphs that transformers.js asks for, by file name. */
export function exportedModels(config: ModelConfig): Record<string, ExportedModel> {
  if (isPolicy(config)) return familyOf(config).onnx(config);
  return { model: classifierModel(config) };
}

/** Weights as float32, rounded once where an adapter was added. */
function rounded({ load }: MergedWeights): LoadWeight {
  return async (name) => {
    const { shape, data } = await load(name);
    return float32(data, shape);
  };
}

/** What transformers.js needs to be told in `config.json`. */
function configFields(
  config: ModelConfig,
  files: readonly { readonly name: string; readonly isExternal: boolean }[],
): Record<string, unknown> {
  const external = files.filter(({ isExternal }) => isExternal).map(({ name }) => [name, 1]);
  return {
    ...(isPolicy(config) && { ...familyOf(config).onnxFields?.(config), is_encoder_decoder: true }),
    // transformers.js takes the softmax of all else, also of one label, which is 1 then
    ...(!isPolicy(config) &&
      config.head === 'multi' && { problem_type: 'multi_label_classification' }),
    ...(external.length > 0 && {
      'transformers.js_config': { use_external_data_format: Object.fromEntries(external) },
    }),
  };
}

/** transformers.js reads no tokenizer but `tokenizer.json`, and asks its config for the class. */
async function writeTokenizer(
  folder: string,
  config: ModelConfig,
  { files, json, named, maxLength }: TokenizerDefinition,
  normalizer: Readonly<Record<string, unknown>> | undefined,
): Promise<void> {
  const whole = files.get('tokenizer.json');
  const isWhole = whole !== undefined;
  const changed = normalizer && { normalizer };
  const file = join(folder, 'tokenizer.json');
  if (!isWhole) await writeJson(file, { ...json, ...changed });
  else if (changed) {
    await writeFileAtomic(file, withFields(new TextDecoder().decode(whole), changed));
  }
  const own = files.get(tokenizerConfig);
  if (own && isWhole) return;
  const tokens = Object.entries(named).map(([name, content]) => [`${name}_token`, content]);
  const fields = {
    tokenizer_class: familyOf(config).tokenizerClass,
    ...Object.fromEntries(tokens),
    ...(Number.isFinite(maxLength) && { model_max_length: maxLength }),
  };
  const path = join(folder, tokenizerConfig);
  if (!own) return writeJson(path, fields);
  const text = new TextDecoder().decode(own);
  const lacking = Object.entries(fields).filter(([name]) => !Object.hasOwn(JSON.parse(text), name));
  await writeFileAtomic(path, withFields(text, Object.fromEntries(lacking)));
}
