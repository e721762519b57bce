import { familyOf } from '../family/families.ts';
import type { CacheShape, LanguageModel } from '../family/language-model.ts';
import { gradients } from '../graph/autodiff.ts';
import { Graph, type Shape, type Value } from '../graph/graph.ts';
import { exp, mul, neg, sub } from '../graph/ops/elementwise.ts';
import { reduceSum, reshape, zerosLike } from '../graph/ops/shape.ts';
import { logSumExp, stopGradient } from '../graph/ops/softmax.ts';
import { rateInputs } from '../nn/dropout.ts';
import { headInput, labelLogits, logitsOf } from '../nn/head.ts';
import { type KeyValue, maskBias } from '../nn/layers.ts';
import { stepPass, wholePass } from '../nn/passes.ts';
import { packingInputs, sharedSplit } from '../nn/rows.ts';
import { rootScope, type Scope } from '../nn/scope.ts';
import { valueHead } from '../nn/value-head.ts';
import { draw } from './draw.ts';
import { type Half, noiseInputs } from './dropout.ts';
import type { PolicyShape } from './policy-shape.ts';

/** A graph that the engine can compile: its parameters, and what stays with the engine. */
export interface PolicyGraph {
  readonly graph: Graph;
  readonly parameters: ReadonlyMap<string, Value>;
  /** Outputs whose rows are added to kept inputs. */
  readonly append: Readonly<Record<string, string>>;
  /** Inputs that another graph's outputs were appended to. */
  readonly cached: readonly string[];
  /** Paths of the layers that an adapter could sit on. */
  readonly linears: ReadonlySet<string>;
}

/** What the policy says of each scored token. All [tokens], but logits [tokens, vocabulary]. */
export interface TokenOutputs {
  readonly logprobs: Value;
  /** Zero when the policy has no value head. */
  readonly values: Value;
  /** Entropy of the distribution that the token was drawn from. */
  readonly entropies: Value;
  readonly logits: Value;
}

/** A loss over scored tokens, made from the policy's outputs and further inputs. */
export interface Loss {
  /** Losses of the same name are the same function. */
  readonly name: string;
  /** Names of the float32 inputs, each [tokens]. */
  readonly inputs: readonly string[];
  /** Gradients of the values end at the value head. @default false */
  readonly detachesValues?: boolean;
  build(outputs: TokenOutputs, inputs: Readonly<Record<string, Value>>): BuiltLoss;
}

/** What is minimised, and what there is to tell of it. */
export interface BuiltLoss {
  /** A scalar. */
  readonly loss: Value;
  /** What it is made of and measured by, token by token: [tokens] each. @default none */
  readonly terms?: Readonly<Record<string, Value>>;
}

/** How a graph passes through the model. */
export interface PassOptions {
  /** With inputs for dropout: `rateInputs` of nn/dropout.ts, `noiseInputs`. @default false */
  readonly dropout?: boolean | undefined;
}

/**
 * Reads queries: appends to the cross-attention's keys and values, and to the mask.
 * @param options `tells` the encoder's states as well: `states` [sourceTokens, width]
 */
export function encodeGraph(
  shape: PolicyShape,
  { tells = false, ...options }: PassOptions & { tells?: boolean } = {},
): PolicyGraph {
  return graphOf(shape, (p, model) => {
    const { keyValues, mask, states } = promptsRead(p, model, options);
    const outputs = {
      ...keyValueOutputs('cross', keyValues),
      'next.crossMask': mask,
      ...(tells && states && { states }),
    };
    return { outputs, append: { ...cache('cross', model.cache), 'next.crossMask': 'crossMask' } };
  });
}

/** Who chooses the tokens: the graph, or whoever reads the logits. */
export type Chooser = 'graph' | 'caller';

/**
 * One decoding step: ids [batch] and the caches -> values [batch], and either logits [batch,
 * vocabulary] or tokens that the graph draws, with their logprobs. Appends to the caches.
 */
export function decodeGraph(
  shape: PolicyShape,
  chooser: Chooser,
  options: PassOptions = {},
): PolicyGraph {
  return graphOf(shape, (root, model) => {
    const { graph } = root;
    const p = noisy(root, 'decoder', 'batch', options);
    const { heads, size } = model.cache;
    const ids = graph.input('ids', 'int64', ['batch']);
    const bias = maskBias(graph.input('crossMask', 'float32', ['batch', 'source']));
    const past = keyValueInputs(graph, model.cache, 'past', ['past', 'batch', heads, size]);
    const keyValues = keyValueInputs(graph, model.cache, 'cross', ['batch', heads, 'source', size]);
    const pass = stepPass(ids, past);
    const hidden = model.decode(p, pass, { keyValues, bias });
    const { values } = headValues(p, shape.valueHead, hidden);
    const outputs = { values, ...keyValueOutputs('past', pass.present) };
    const append = cache('past', model.cache);
    const cached = [...Object.values(cache('cross', model.cache)), 'crossMask'];
    if (chooser === 'caller') {
      const head = model.head(p);
      return {
        outputs: { ...outputs, logits: logitsOf(head, headInput(head, hidden)) },
        append,
        cached,
      };
    }
    const inverseTemperature = graph.input('inverseTemperature', 'float32', []);
    const scaled = mul(hidden, inverseTemperature);
    const head = model.head(p);
    const drawn = draw(logitsOf(head, headInput(head, scaled), inverseTemperature), {
      uniform: graph.input('uniform', 'float32', ['batch']),
      refused: graph.input('refusesEnd', 'float32', ['batch']),
      refusedIds: shape.config.eosIds,
      forced: forcedFirst(graph, shape.config),
    });
    return { outputs: { ...outputs, ...drawn }, append, cached };
  });
}

/** The id that begins every response, and whether a row is there: `isFirst` [batch]. */
function forcedFirst(graph: Graph, { forcedFirstId: id }: PolicyShape['config']) {
  if (id === undefined) return undefined;
  return { id, isForced: graph.input('isFirst', 'float32', ['batch']) };
}

/** A number for each tensor of a decoding: one for what is past, one for the cross-attention. */
export function eachCache(
  shape: CacheShape,
  { past, cross }: { past: number; cross: number },
): Record<string, number> {
  const all = (prefix: string, number: number) =>
    Object.values(cache(prefix, shape)).map((name) => [name, number]);
  return {
    ...Object.fromEntries([...all('past', past), ...all('cross', cross)]),
    crossMask: cross,
  };
}

/** Logprobs, values and entropies of given responses. */
export function scoreGraph(shape: PolicyShape): PolicyGraph {
  return graphOf(shape, (p, model) => {
    const { logprobs, values, entropies } = tokenOutputs(p, model, shape);
    return { outputs: { logprobs, values, entropies } };
  });
}

/** As `scoreGraph`, of responses whose queries were read: from `states`, as `encodeGraph` tells them. */
export function answerGraph(shape: PolicyShape): PolicyGraph {
  return graphOf(shape, (p, model) => {
    const states = p.graph.input('states', 'float32', ['sourceTokens', shape.config.dModel]);
    const { logprobs, values, entropies } = tokenOutputs(p, model, { ...shape, states });
    return { outputs: { logprobs, values, entropies } };
  });
}

/** Full logits of given responses. */
export function logitsGraph(shape: PolicyShape): PolicyGraph {
  return graphOf(shape, (p, model) => ({
    outputs: { logits: tokenOutputs(p, model, shape).logits },
  }));
}

/** Before the name of a loss's term among the outputs. */
export const termPrefix = 'term.';

/** A loss, its terms, its gradient for each parameter, and what the policy said on the way. */
export function gradientGraph(
  shape: PolicyShape,
  loss: Loss,
  options: PassOptions = {},
): PolicyGraph {
  return graphOf(shape, (p, model, parameters) => {
    const { valueHead } = shape;
    const outputs = tokenOutputs(p, model, { ...options, ...loss, valueHead });
    const inputs = loss.inputs.map((name) => [name, p.graph.input(name, 'float32', ['tokens'])]);
    const { loss: value, terms = {} } = loss.build(outputs, Object.fromEntries(inputs));
    const names = [...parameters.keys()];
    const parts = gradients(value, [...parameters.values()]);
    const byName = [
      ...Object.entries(terms).map(([name, term]) => [`${termPrefix}${name}`, term]),
      ...names.map((name, i) => [`gradient.${name}`, parts[i]]),
    ];
    const { logprobs, values, entropies } = outputs;
    return { outputs: { loss: value, logprobs, values, entropies, ...Object.fromEntries(byName) } };
  });
}

interface Built {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly append?: Readonly<Record<string, string>>;
  readonly cached?: readonly string[];
}

function graphOf(
  shape: PolicyShape,
  build: (p: Scope, model: LanguageModel, parameters: Map<string, Value>) => Built,
): PolicyGraph {
  const graph = new Graph();
  const { scope, parameters, linears } = rootScope(graph, shape);
  const {
    outputs,
    append = {},
    cached = [],
  } = build(scope, familyOf(shape.config).languageModel(shape.config), parameters);
  for (const [name, value] of Object.entries(outputs)) graph.output(name, value);
  return { graph, parameters, append, cached, linears };
}

/** Queries as responses attend to them, which of their places are real, and an encoder's states. */
function promptsRead(
  root: Scope,
  model: LanguageModel,
  { states: given, ...options }: PassOptions & Pick<OutputOptions, 'states'>,
): { keyValues: KeyValue[]; mask: Value; states?: Value } {
  const { graph } = root;
  const p = noisy(root, 'encoder', 'sourceTokens', options);
  const inputs = () => ({
    slots: graph.input('crossSlots', 'int64', ['batch', 'source']),
    places: graph.input('crossPlaces', 'int64', ['sourceTokens', 'readers']),
    real: graph.input('crossReal', 'float32', ['sourceTokens', 'readers']),
    mask: graph.input('crossMask', 'float32', ['batch', 'source']),
  });
  const split = () => sharedSplit(inputs());
  const { encoder } = model;
  const behind = (states: Value) => ({
    keyValues: encoder!.keyValues(p, states, split()),
    mask: inputs().mask,
    states,
  });
  if (given) return behind(given);
  const ids = graph.input('sourceIds', 'int64', ['sourceTokens']);
  const sizes = { batch: 'prompts', time: 'source', tokens: 'sourceTokens' };
  const packing = packingInputs(graph, 'source', sizes);
  if (encoder) return behind(encoder.encode(p, ids, packing));
  return { keyValues: model.read(p, { ids, packing, split }), mask: inputs().mask };
}

/** The scope with the random numbers of its tokens, where there is dropout. */
function noisy(p: Scope, half: Half, tokens: string, { dropout = false }: PassOptions): Scope {
  if (!dropout) return p;
  for (const name of Object.values(rateInputs)) p.graph.input(name, 'float32', []); // used or not
  return p.withNoise(p.graph.input(noiseInputs[half], 'int32', [tokens]));
}

interface OutputOptions extends PassOptions {
  readonly valueHead: boolean;
  readonly detachesValues?: boolean;
  /** Of an encoder that has read the queries. @default they are read */
  readonly states?: Value;
}

/** Reads queries and responses, and runs the heads on the scored positions. */
function tokenOutputs(p: Scope, model: LanguageModel, options: OutputOptions): TokenOutputs {
  const { valueHead, detachesValues = false } = options;
  const { graph } = p;
  const ids = graph.input('targetIds', 'int64', ['tokens']);
  const packing = packingInputs(graph, 'target', {
    batch: 'batch',
    time: 'target',
    tokens: 'tokens',
  });
  const labels = graph.input('labels', 'int64', ['tokens']);
  const inverseTemperature = graph.input('inverseTemperature', 'float32', []);
  const { keyValues, mask } = promptsRead(p, model, options);
  const cross = { keyValues, bias: maskBias(mask) };
  const decoding = noisy(p, 'decoder', 'tokens', options);
  const hidden = model.decode(decoding, wholePass(ids, packing), cross); // [tokens, width]
  const head = model.head(p);
  // (h / T) W^T = logits / T, without another pass over [tokens, vocabulary]
  const x = mul(headInput(head, hidden), inverseTemperature);
  const logits = logitsOf(head, x, inverseTemperature);
  const normaliser = logSumExp(logits);
  const chosen = labelLogits(head, x, { labels, factor: inverseTemperature, all: logits });
  const probabilities = exp(sub(logits, reshape(normaliser, ['tokens', 1])));
  const expected = reduceSum(mul(probabilities, logits), { axis: 1 });
  return {
    logprobs: sub(chosen, normaliser),
    ...headValues(p, valueHead, detachesValues ? stopGradient(hidden) : hidden),
    entropies: sub(normaliser, expected),
    logits,
  };
}

/** Zero without a value head. */
function headValues(p: Scope, withValues: boolean, hidden: Value): { values: Value } {
  if (withValues) return { values: valueHead(p, hidden) };
  return { values: zerosLike(reduceSum(hidden, { axis: 1 })) };
}

function keyValueInputs(
  graph: Graph,
  { blocks }: CacheShape,
  prefix: string,
  shape: Shape,
): KeyValue[] {
  const input = (name: string) => graph.input(name, 'float32', shape);
  return Array.from({ length: blocks }, (_, i) => ({
    key: input(`${prefix}.${i}.key`),
    value: input(`${prefix}.${i}.value`),
  }));
}

function keyValueOutputs(prefix: string, pairs: readonly KeyValue[]): Record<string, Value> {
  const outputs = pairs.flatMap(({ key, value }, i) => [
    [`next.${prefix}.${i}.key`, key],
    [`next.${prefix}.${i}.value`, value],
  ]);
  return Object.fromEntries(outputs);
}

/** Output names of a cache, and the inputs that they become. */
export function cache(prefix: string, { blocks }: CacheShape): Record<string, string> {
  const names = Array.from({ length: blocks }, (_, i) => [
    `${prefix}.${i}.key`,
    `${prefix}.${i}.value`,
  ]).flat();
  return Object.fromEntries(names.map((name) => [`next.${name}`, name]));
}

/** Minus the mean of w · logprob: cross-entropy with weights that sum to one. */
export const crossEntropy: Loss = {
  name: 'crossEntropy',
  inputs: ['weights'],
  build: ({ logprobs }, { weights }) => ({ loss: neg(reduceSum(mul(weights, logprobs))) }),
};
