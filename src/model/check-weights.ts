/** What must hold of a model's stored weights before anything is computed with them. */

import { InputError, ShapeError } from '../errors.ts';
import { familyOf, isPolicy, type ModelConfig } from '../family/families.ts';
import type { Graph } from '../graph/graph.ts';
import { sizeOf } from '../tensor.ts';
import { checkFinite } from '../tensors/finite.ts';
import type { Naming } from '../tensors/parameter-names.ts';
import type { StoredWeight, Weights } from '../tensors/weights.ts';
import { classifierGraph } from './classifier.ts';
import { scoreGraph } from './policy-graphs.ts';

/** A graph's frozen weights, with their shapes. */
type Needed = Pick<Graph, 'weights'>;

/**
 * Every weight of a model is there, of a type that is computed with, in the shape that the config
 * promises, and holds numbers alone; a table that is read in several places has one value.
 * @throws {InputError} or {ShapeError} naming the weight
 */
export async function checkModel(config: ModelConfig, weights: Weights): Promise<void> {
  const { graph } = isPolicy(config)
    ? scoreGraph({ config, valueHead: false })
    : classifierGraph({ config }, false);
  checkWeights(graph, weights);
  const names = [...graph.weights.keys()];
  await checkFinite(names.map((name) => [name, weights.entries.get(name)!]));
  await checkTable(weights, familyOf(config).names.table);
}

/**
 * Every weight that the graph needs is there, of a type that is computed with, in the shape that the
 * config promises.
 */
export function checkWeights({ weights: needed }: Needed, weights: Weights): void {
  const { folder, entries, stored } = weights;
  refuseAdapted(weights);
  const absent = [...needed.keys()].filter((name) => !stored.has(name) && !entries.has(name));
  if (absent.length > 0) throw missing(absent, needed, weights);
  for (const [name, { shape }] of needed) {
    const entry = entries.get(name);
    if (!entry) throw notComputed(name, stored.get(name)!, weights);
    if (String(entry.shape) !== String(shape)) {
      const remedy = 'config.json and the weights belong to different models.';
      throw new ShapeError(`${folder}: ${name}`, `[${shape}]`, `[${entry.shape}]`, remedy);
    }
  }
}

/** Weights of a model that PEFT had wrapped, saved as they were: the numbers are in two places. */
function refuseAdapted({ folder, stored }: Weights): void {
  const parts = /\.(base_layer|lora_[A-Za-z_]+|modules_to_save|original_module)\./;
  const found = [...stored.keys()].filter((name) => parts.test(name));
  if (found.length === 0) return;
  const actual = `one with an adapter in it that is not merged (${some(found)})`;
  const remedy =
    "In PEFT, call merge_and_unload() and save what it gives; or save the adapter alone with the PEFT model's save_pretrained.";
  throw new InputError(folder, 'the weights of a model', actual, remedy);
}

function missing(
  absent: readonly string[],
  needed: Needed['weights'],
  weights: Weights,
): InputError {
  const { folder, stored, quantised } = weights;
  const packed = absent.find((name) => packedAs(name, stored) !== undefined);
  if (packed !== undefined || quantised !== undefined) {
    const how = quantised ?? `packed as ${packedAs(packed!, stored)}`;
    const actual = `weights quantised (${how})`;
    return new InputError(`${folder}: ${packed ?? absent[0]}`, types, actual, dequantise);
  }
  const head = /^(classifier|pre_classifier|head)\./;
  if (absent.every((name) => head.test(name))) {
    const expected = `a classifier's head (${some(absent)})`;
    const actual = 'an encoder without one';
    const remedy =
      'transformers would draw the head at random: name a classifier that was trained.';
    return new InputError(folder, expected, actual, remedy);
  }
  const [name] = absent;
  const { shape } = needed.get(name)!;
  const others = absent.length > 1 ? `, nor of ${absent.length - 1} others` : '';
  return new InputError(folder, `weight "${name}" [${shape}]`, `none of that name${others}`);
}

const types = 'F32, F16, BF16 or F64';
const dequantise =
  'Take the model before it was quantised; or load it in transformers, call dequantize(), and save that.';

/** What GPTQ, AWQ, compressed-tensors and torchao have in a weight's place. */
function packedAs(name: string, stored: Weights['stored']): string | undefined {
  const module = name.replace(/\.weight$/, '');
  const endings = ['qweight', 'weight_packed', 'weight_quantized', 'weight:_data', 'weight.qdata'];
  return endings.find((ending) => stored.has(`${module}.${ending}`));
}

function notComputed(
  name: string,
  { dtype, shape }: StoredWeight,
  { folder, quantised }: Weights,
): InputError {
  const kind = /^F[468]/.test(dtype)
    ? `${dtype} (fp${dtype[1]})`
    : /^[IU]8$/.test(dtype)
      ? `${dtype} (int8)`
      : dtype;
  const how = quantised === undefined ? '' : `, quantised with ${quantised}`;
  return new InputError(`${folder}: ${name} [${shape}]`, types, `${kind}${how}`, dequantise);
}

/**
 * An encoder–decoder reads one table of embeddings in two places. Where a file has two of other numbers, transformers
 * 4.47 takes the decoder's for both, and 5.24 each its own.
 */
async function checkTable(
  { folder, entries, load }: Weights,
  table: Naming['table'],
): Promise<void> {
  if (!table) return;
  const names = [table.name, ...table.readers].filter((name) => entries.has(name));
  // by the place: one storage may have several names, of which the last is the file's own
  const places = names.map((name) => {
    const { file, offset } = entries.get(name)!;
    return [`${file} ${offset}`, name] as const;
  });
  const [first, ...copies] = new Map(places).values();
  if (copies.length === 0) return;
  const { data } = await load(first);
  for (const name of copies) {
    const copy = await load(name);
    if (copy.data.length === sizeOf(entries.get(first)!.shape) && isSame(copy.data, data)) continue;
    const actual = `${first} and ${name} with other numbers`;
    const remedy = `transformers 4 would take one for both, transformers 5 each: save the model with the one that it was trained with, as ${table.name} alone.`;
    throw new InputError(folder, 'one table of embeddings', actual, remedy);
  }
}

function isSame(one: Float32Array, other: Float32Array): boolean {
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/** The first of some names, and how many more there are. */
function some(names: readonly string[]): string {
  return names.length > 1 ? `${names[0]} and ${names.length - 1} more` : names[0];
}
