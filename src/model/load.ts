import { isSaved } from '../adapter/lora-config.ts';
import {
  type Adapter,
  type LoraConfig,
  loraScale,
  readAdapter,
  readValueHead,
  savedTensors,
} from '../adapter/peft.ts';
import { ConfigError, didYouMean, InputError } from '../errors.ts';
import type { Note } from '../events.ts';
import { readModelConfig } from '../family/config.ts';
import {
  type ClassifierConfig,
  familyOf,
  isPolicy,
  type PolicyConfig,
  typesOf,
} from '../family/families.ts';
import { generationNotes } from '../family/generation-config.ts';
import { openModel } from '../family/weights.ts';
import type { Value } from '../graph/graph.ts';
import { isTarget } from '../nn/scope.ts';
import { isValueHead } from '../nn/value-head.ts';
import type { Engine } from '../runtime/engine.ts';
import { inFiles } from '../runtime/weight-source.ts';
import type { Tensor, Tensors } from '../tensor.ts';
import type { Weights } from '../tensors/weights.ts';
import { checkPairing } from './check-adapter.ts';
import { checkModel } from './check-weights.ts';
import { Classifier, classifierGraph } from './classifier.ts';
import { type FreshLora, initialLora, initialValueHead } from './initial.ts';
import { initialise } from './parameters.ts';
import { Policy } from './policy.ts';
import { scoreGraph } from './policy-graphs.ts';
import type { PolicyShape } from './policy-shape.ts';

/** What of a policy can change: nothing, a LoRA adapter, or every weight. */
export type Trainable = 'nothing' | 'adapter' | 'all';

/** A loaded policy. */
export interface PolicyParts {
  readonly policy: Policy;
  /** The adapter's settings, when there is one. */
  readonly lora: LoraConfig | undefined;
  /** What the model itself has where the adapter has whole modules of its own. */
  readonly replaced: Tensors;
  /** What was found in its files that a user would want to know. */
  readonly notes: readonly Note[];
}

/** Where a policy comes from, and what of it may change. */
export interface LoadPolicyOptions {
  /** Folder of the base model. */
  model: string;
  /** Folder or zip of a PEFT adapter to start from. */
  adapter?: string | undefined;
  /** Settings of a fresh adapter, when none is loaded. */
  lora?: FreshLora | undefined;
  /** @default 'adapter' with an adapter, else 'nothing' */
  trainable?: Trainable | undefined;
  /** Add a value head: the adapter's own, or a fresh one. @default 'none' */
  valueHead?: 'none' | 'zero' | 'uniform';
  /** For whatever starts at random. @default 0 */
  seed?: number;
  /** Compute each block again in the backward pass instead of keeping what it made. @default false */
  gradientCheckpointing?: boolean | undefined;
}

/** A policy from Hugging Face folders. Frozen weights stay in their file, mapped by the engine. */
export async function loadPolicy(engine: Engine, options: LoadPolicyOptions): Promise<PolicyParts> {
  const { shape, tensors, weights, lora, notes } = await readPolicy(options);
  const policy = await Policy.create({ ...shape, engine, tensors, weights: sourceOf(weights) });
  return { policy, lora, replaced: await replacedBy(lora, tensors, weights), notes };
}

/** What a policy is made of, read and checked; nothing is computed. */
export async function readPolicy(options: LoadPolicyOptions) {
  const { model, valueHead = 'none', seed = 0, gradientCheckpointing } = options;
  const adapter = options.adapter === undefined ? undefined : await readAdapter(options.adapter);
  const said = await readPolicyConfig(model);
  const { weights, config } = await openModel(model, said, adapter);
  await checkModel(config, weights);
  const adapterPath = options.adapter ?? '';
  const ofAdapter = adapter ? await checkPairing({ adapter, adapterPath, config, model }) : [];
  const lora = adapter ? usedTargets(adapter.config, config) : onModules(options.lora, config);
  const trainable = options.trainable ?? (lora ? 'adapter' : 'nothing');
  const shape = policyShape(config, {
    lora,
    trainable,
    valueHead: valueHead !== 'none',
    gradientCheckpointing,
  });
  const { graph, parameters } = scoreGraph(shape);
  if (trainable === 'all') refuseFrozen(graph.weights.keys(), model);
  const tensors = new Map<string, Tensor<'float32'>>(adapter?.tensors);
  if (adapter) refuseForeign(adapter, parameters, options.adapter!);
  const missing = new Map([...parameters].filter(([name]) => !tensors.has(name)));
  if (trainable === 'all') {
    for (const name of missing.keys()) {
      if (weights.entries.has(name)) tensors.set(name, await weights.load(name));
    }
  }
  const stored = options.adapter === undefined ? undefined : await readValueHead(options.adapter);
  for (const [name, tensor] of stored ?? []) if (parameters.has(name)) tensors.set(name, tensor);
  const fresh = new Map([...missing].filter(([name]) => !tensors.has(name)));
  if (options.adapter !== undefined) refuseMissing(fresh.keys(), options.adapter);
  const rule = (name: string, dims: readonly number[]) =>
    isValueHead(name) ? initialValueHead(config, valueHead === 'zero') : initialLora(name, dims);
  for (const [name, tensor] of initialise(fresh, rule, seed)) tensors.set(name, tensor);
  const ofConfig = await generationNotes(model, config);
  const notes = [...weights.notes, ...ofConfig, ...ofAdapter];
  return { shape, tensors, weights, lora, notes };
}

async function replacedBy(
  lora: LoraConfig | undefined,
  tensors: Tensors,
  weights: Weights,
): Promise<Tensors> {
  const names = [...tensors.keys()].filter((name) => isSaved(name, lora?.savedModules));
  const loaded = names.map(async (name) => [name, await weights.load(name)] as const);
  return new Map(await Promise.all(loaded));
}

/** A policy whose every weight is drawn at random. */
export function freshPolicy(engine: Engine, config: PolicyConfig, seed: number): Promise<Policy> {
  const shape = policyShape(config, { lora: undefined, trainable: 'all', valueHead: false });
  const rule = (name: string) => familyOf(config).initial(config, name);
  const tensors = initialise(scoreGraph(shape).parameters, rule, seed);
  return Policy.create({ ...shape, engine, tensors });
}

/** What the graphs need to know of a policy. */
export function policyShape(
  config: PolicyConfig,
  {
    lora,
    trainable,
    valueHead,
    gradientCheckpointing,
  }: Pick<LoadPolicyOptions, 'gradientCheckpointing'> & {
    lora: LoraConfig | undefined;
    trainable: Trainable;
    valueHead: boolean;
  },
): PolicyShape {
  const variable = (name: string) =>
    trainable === 'all' || isValueHead(name) || isSaved(name, lora?.savedModules);
  const shape = { config, valueHead, variable, gradientCheckpointing };
  if (!lora) return shape;
  const { rank, targetModules, rsLora, dropout, exceptions = {} } = lora;
  checkTargets(config, targetModules);
  const own = Object.entries(exceptions).map(([path, { rank, alpha }]) => {
    return [path, { rank, scale: loraScale({ rank, alpha, rsLora }) }] as const;
  });
  const scale = loraScale(lora);
  return { ...shape, lora: { rank, targetModules, scale, dropout, exceptions: new Map(own) } };
}

/** A fresh adapter with its modules, those of the family where it names none. */
function onModules(lora: FreshLora | undefined, config: PolicyConfig): LoraConfig | undefined {
  const usual = familyOf(config).loraTargets;
  return lora && { ...lora, targetModules: [...(lora.targetModules ?? usual)] };
}

/** Without the targets that name no module of this model, which PEFT passes over in a list. */
function usedTargets(lora: LoraConfig, config: PolicyConfig): LoraConfig {
  const { linears } = scoreGraph({ config, valueHead: false });
  const used = (target: string) => [...linears].some((path) => isTarget(path, target));
  return { ...lora, targetModules: lora.targetModules.filter(used) };
}

/** A target that names no module would train nothing, and say nothing. */
function checkTargets(config: PolicyConfig, targets: readonly string[]): void {
  const { linears } = scoreGraph({ config, valueHead: false });
  const unknown = targets.find((target) => ![...linears].some((path) => isTarget(path, target)));
  if (unknown === undefined) return;
  const known = [
    ...new Set([...linears].map((path) => path.slice(path.lastIndexOf('.') + 1))),
  ].sort();
  const remedy = didYouMean(unknown, known);
  throw new ConfigError(
    '`loraTargets`',
    `modules of the model (${known.join(', ')})`,
    `"${unknown}"`,
    remedy,
  );
}

/** The tensors of the adapter alone, with the modules that it saves whole and without a value head. */
export function adapterTensors(
  tensors: Tensors,
  { savedModules }: Pick<LoraConfig, 'savedModules'> = {},
): Tensors {
  return new Map([...tensors].filter(([name]) => isAdapted(name) || isSaved(name, savedModules)));
}

function isAdapted(name: string): boolean {
  return /\.lora_[AB]\.weight$/.test(name);
}

/** The tensors of the value head alone. */
export function valueHeadTensors(tensors: Tensors): Tensors {
  return new Map([...tensors].filter(([name]) => isValueHead(name)));
}

/** A classifier that judges, from a Hugging Face folder; with `trainable` it can learn as well. */
export async function loadClassifier(
  engine: Engine,
  folder: string,
  { trainable = false }: { trainable?: boolean } = {},
): Promise<Classifier> {
  const { config, weights } = await readClassifier(folder);
  const options = { config, engine, weights: sourceOf(weights), notes: weights.notes };
  if (!trainable) return Classifier.create(options);
  const { parameters } = classifierGraph({ config, variable: () => true }, false);
  const tensors = new Map<string, Tensor<'float32'>>();
  for (const name of parameters.keys()) tensors.set(name, await weights.load(name));
  return Classifier.create({ ...options, variable: () => true, tensors });
}

/** What a classifier is made of, read and checked; nothing is computed. */
export async function readClassifier(
  folder: string,
): Promise<{ config: ClassifierConfig; weights: Weights }> {
  const config = await readModelConfig(folder);
  if (isPolicy(config)) {
    const remedy = 'Is it the reward model?';
    const expected = `a sequence classifier (${typesOf('classifier').join(', ')})`;
    throw new InputError(folder, expected, config.modelType, remedy);
  }
  const { weights } = await openModel(folder, config);
  await checkModel(config, weights);
  return { config, weights };
}

/** A classifier whose every weight is drawn at random. */
export function freshClassifier(
  engine: Engine,
  config: ClassifierConfig,
  seed: number,
): Promise<Classifier> {
  const shape = { config, variable: () => true };
  const { parameters } = classifierGraph(shape, false);
  const rule = (name: string) => familyOf(config).initial(config, name);
  return Classifier.create({ ...shape, engine, tensors: initialise(parameters, rule, seed) });
}

/** The config of a policy's model. */
export async function readPolicyConfig(folder: string): Promise<PolicyConfig> {
  const config = await readModelConfig(folder);
  if (isPolicy(config)) return config;
  const expected = `an encoder–decoder (${typesOf('policy').join(', ')})`;
  throw new InputError(folder, expected, config.modelType, 'Is it the policy model?');
}

function sourceOf({ entries }: Weights) {
  return inFiles((name) => entries.get(name)!);
}

/**
 * An adapter may hold whole modules, as far as the model reads them from one place: tied embeddings
 * have several, of which PEFT gives one its own.
 */
function refuseForeign(
  adapter: Adapter,
  parameters: ReadonlyMap<string, Value>,
  folder: string,
): void {
  for (const name of savedTensors(adapter).keys()) {
    if (/(^|\.)(shared|embed_tokens)\./.test(name)) {
      const remedy =
        "Put both into the model with PEFT's merge_and_unload, save it, and load that as the model.";
      throw new InputError(folder, 'whole modules other than embeddings', name, remedy);
    }
    if (parameters.has(name)) continue;
    const remedy = 'Was it trained on another base model?';
    throw new InputError(folder, 'weights of the model', name, remedy);
  }
}

/** What is never learnt would be missing where a whole model is written. */
function refuseFrozen(names: Iterable<string>, model: string): void {
  for (const name of names) {
    const remedy = 'Let an adapter learn beside it.';
    throw new InputError(
      model,
      'weights that can all be learnt',
      `${name}, which never is`,
      remedy,
    );
  }
}

/** An adapter folder may lack a value head, but no part of the adapter. */
function refuseMissing(names: Iterable<string>, folder: string): void {
  const missing = [...names].find((name) => !isValueHead(name));
  if (missing === undefined) return;
  const remedy = 'Was it trained on another base model?';
  throw new InputError(folder, `a tensor "${missing}"`, 'none of that name', remedy);
}
