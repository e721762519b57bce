/** Whether an adapter and the model that it is put on belong together. */

import { mergeInPeft } from '../adapter/adapter-settings.ts';
import { isSaved } from '../adapter/lora-config.ts';
import { type StoredAdapter, savedTensors } from '../adapter/peft.ts';
import { InputError } from '../errors.ts';
import type { Note } from '../events.ts';
import { otherBase } from '../family/base-model.ts';
import { isPolicy, type ModelConfig } from '../family/families.ts';
import { classifierGraph } from './classifier.ts';
import { scoreGraph } from './policy-graphs.ts';

/** An adapter and its model, with their paths. */
export interface Pairing {
  readonly adapter: StoredAdapter;
  readonly adapterPath: string;
  readonly config: ModelConfig;
  readonly model: string;
}

/**
 * Every module that the adapter's config names in the model has its two matrices, and every matrix has
 * its module.
 * @returns what a user would want to know: a setting that nobody here knows, another base model
 * @throws {InputError} naming the modules, when the file is not whole or is for another model
 */
export async function checkPairing(pairing: Pairing): Promise<Note[]> {
  const { adapter, adapterPath, config, model } = pairing;
  const linears = linearsOf(config);
  const adapted = modulesOf(adapter);
  const foreign = [...adapted].filter((path) => !linears.has(path));
  if (foreign.length > 0) {
    const isTable = foreign.every((path) => /^(shared|lm_head|.*embed\w*)$/.test(path));
    const remedy = isTable ? mergeInPeft : 'Was it trained on another base model?';
    throw new InputError(
      adapterPath,
      `linear layers of the blocks of ${model}`,
      some(foreign),
      remedy,
    );
  }
  refuseIncomplete(pairing, linears, adapted);
  const other = await otherBase(adapter.config.baseModel, model, config);
  return [...adapter.notes, ...(other ? [other] : [])];
}

function refuseIncomplete(
  { adapter, adapterPath }: Pairing,
  linears: ReadonlySet<string>,
  adapted: ReadonlySet<string>,
): void {
  const { targets, config } = adapter;
  const lacks = targets.map((rule) => {
    const named = [...linears].filter((path) => rule(path));
    const wanted = named.filter((path) => !isSaved(`${path}.weight`, config.savedModules));
    const missing = wanted.filter((path) => !adapted.has(path));
    return { wanted, missing, extra: [...adapted].filter((path) => !rule(path)) };
  });
  if (lacks.length === 0 || lacks.some(({ missing, extra }) => missing.length + extra.length === 0))
    return;
  const [{ wanted, missing, extra }] = lacks;
  if (missing.length === 0) {
    const expected = `LoRA tensors of the ${wanted.length} modules that its target_modules name`;
    const remedy =
      'PEFT would leave them out: are adapter_config.json and the tensors of one adapter?';
    throw new InputError(adapterPath, expected, `also those of ${some(extra)}`, remedy);
  }
  const expected = `LoRA tensors of the ${wanted.length} modules that its target_modules name`;
  const actual = `none of ${some(missing)}`;
  const remedy = 'Is the file whole, and for this model? PEFT would leave these modules unadapted.';
  throw new InputError(adapterPath, expected, actual, remedy);
}

/** Paths of the layers that an adapter could sit on. */
function linearsOf(config: ModelConfig): ReadonlySet<string> {
  return isPolicy(config)
    ? scoreGraph({ config, valueHead: false }).linears
    : classifierGraph({ config }, false).linears;
}

/** Paths of the modules that an adapter has matrices for. */
function modulesOf(adapter: StoredAdapter): ReadonlySet<string> {
  const saved = savedTensors(adapter);
  const names = [...adapter.tensors.keys()].filter((name) => !saved.has(name));
  return new Set(names.map((name) => name.replace(/\.lora_[AB]\.weight$/, '')));
}

/** The first of some names, and how many there are. */
function some(names: readonly string[]): string {
  const shown = [...names].sort().slice(0, 3).join(', ');
  return names.length > 3
    ? `${names.length} of them: ${shown} and ${names.length - 3} more`
    : shown;
}
