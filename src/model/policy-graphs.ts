import { gradients } from '../graph/autodiff.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { exp, mul, neg, sub } from '../graph/ops/elementwise.ts';
import { gather } from '../graph/ops/gather.ts';
import { gemm } from '../graph/ops/linear.ts';
import { reduceSum, reshape, zerosLike } from '../graph/ops/shape.ts';
import { logSumExp, stopGradient } from '../graph/ops/softmax.ts';
import type { T5Config } from '../hub/config.ts';
import { rootScope, type Scope, type ScopeOptions } from '../nn/scope.ts';
import {
  crossKeyValues,
  decoder,
  decoderStep,
  encoder,
  headInput,
  headWeight,
  type KeyValue,
  lmHead,
} from '../nn/t5.ts';
import { valueHead } from '../nn/value-head.ts';

/** What makes up a policy, as far as its graphs are concerned. */
export interface PolicyShape extends ScopeOptions {
  readonly config: T5Config;
  readonly valueHead: boolean;
}

/** A graph that the engine can compile: its frozen weights, its parameters, its kept outputs. */
export interface PolicyGraph {
  readonly graph: Graph;
  readonly parameters: ReadonlyMap<string, Value>;
  readonly keep: Readonly<Record<string, string>>;
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

/** A loss over scored tokens: a scalar value made from the policy's outputs and further inputs. */
export interface Loss {
  /** Losses of the same name are the same function. */
  readonly name: string;
  /** Names of the float32 inputs, each [tokens]. */
  readonly inputs: readonly string[];
  /** Gradients of the values end at the value head. @default false */
  readonly detachesValues?: boolean;
  build(outputs: TokenOutputs, inputs: Readonly<Record<string, Value>>): Value;
}

/** Encodes queries: keeps the cross-attention's keys and values, and the mask. */
export function encodeGraph(shape: PolicyShape): PolicyGraph {
  return graphOf(shape, (p, config) => {
    const { ids, mask } = sourceInputs(p.graph);
    const pairs = crossKeyValues(p, config, encoder(p, config, ids, mask), ids);
    return { outputs: keyValueOutputs('cross', pairs), keep: [cache('cross', config)] };
  });
}

/** One decoding step: ids [batch, 1] and the caches -> logits [batch, vocabulary]. */
export function decodeGraph(shape: PolicyShape): PolicyGraph {
  return graphOf(shape, (p, config) => {
    const { graph } = p;
    const ids = graph.input('ids', 'int64', ['batch', 1]);
    const sourceMask = graph.input('sourceMask', 'float32', ['batch', 'source']);
    const past = keyValueInputs(graph, config, 'past', 'past');
    const cross = keyValueInputs(graph, config, 'cross', 'source');
    const { hidden, present } = decoderStep(p, config, { ids, past, cross, sourceMask });
    const logits = lmHead(p, config, hidden);
    const outputs = { logits, ...keyValueOutputs('past', present) };
    return { outputs, keep: [cache('past', config)] };
  });
}

/** Drops rows from all caches: rows int64 [kept]. */
export function selectGraph(shape: PolicyShape): PolicyGraph {
  return graphOf(shape, (p, config) => {
    const { graph } = p;
    const rows = graph.input('rows', 'int64', ['kept']);
    const select = (pairs: KeyValue[]) =>
      pairs.map(({ key, value }) => ({ key: gather(key, rows), value: gather(value, rows) }));
    const mask = graph.input('sourceMask', 'float32', ['batch', 'source']);
    const outputs = {
      'next.sourceMask': gather(mask, rows),
      ...keyValueOutputs('past', select(keyValueInputs(graph, config, 'past', 'past'))),
      ...keyValueOutputs('cross', select(keyValueInputs(graph, config, 'cross', 'source'))),
    };
    const keep = [
      cache('past', config),
      cache('cross', config),
      { 'next.sourceMask': 'sourceMask' },
    ];
    return { outputs, keep };
  });
}

/** Logprobs, values and entropies of given responses. */
export function scoreGraph(shape: PolicyShape): PolicyGraph {
  return graphOf(shape, (p, config) => {
    const { logprobs, values, entropies } = tokenOutputs(p, config, shape.valueHead);
    return { outputs: { logprobs, values, entropies } };
  });
}

/** Full logits of given responses. */
export function logitsGraph(shape: PolicyShape): PolicyGraph {
  return graphOf(shape, (p, config) => ({
    outputs: { logits: tokenOutputs(p, config, shape.valueHead).logits },
  }));
}

/** A loss, its gradient for each parameter, and what the policy said on the way. */
export function gradientGraph(shape: PolicyShape, loss: Loss): PolicyGraph {
  return graphOf(shape, (p, config, parameters) => {
    const outputs = tokenOutputs(p, config, shape.valueHead, loss.detachesValues);
    const inputs = loss.inputs.map((name) => [name, p.graph.input(name, 'float32', ['tokens'])]);
    const value = loss.build(outputs, Object.fromEntries(inputs));
    const names = [...parameters.keys()];
    const parts = gradients(value, [...parameters.values()]);
    const byName = names.map((name, i) => [`gradient.${name}`, parts[i]]);
    const { logprobs, values, entropies } = outputs;
    return { outputs: { loss: value, logprobs, values, entropies, ...Object.fromEntries(byName) } };
  });
}

type Built = { outputs: Record<string, Value>; keep?: Record<string, string>[] };

function graphOf(
  shape: PolicyShape,
  build: (p: Scope, config: T5Config, parameters: Map<string, Value>) => Built,
): PolicyGraph {
  const graph = new Graph();
  const { scope, parameters, linears } = rootScope(graph, shape);
  const { outputs, keep = [] } = build(scope, shape.config, parameters);
  for (const [name, value] of Object.entries(outputs)) graph.output(name, value);
  return { graph, parameters, keep: Object.assign({}, ...keep), linears };
}

function sourceInputs(graph: Graph): { ids: Value; mask: Value } {
  return {
    ids: graph.input('sourceIds', 'int64', ['batch', 'source']),
    mask: graph.input('sourceMask', 'float32', ['batch', 'source']),
  };
}

/** Runs encoder and decoder, and the heads on the scored positions only. */
function tokenOutputs(
  p: Scope,
  config: T5Config,
  withValues: boolean,
  detachesValues = false,
): TokenOutputs {
  const { graph } = p;
  const source = sourceInputs(graph);
  const ids = graph.input('decoderIds', 'int64', ['batch', 'target']);
  const positions = graph.input('positions', 'int64', ['tokens']); // into batch * target
  const labels = graph.input('labels', 'int64', ['tokens']);
  const inverseTemperature = graph.input('inverseTemperature', 'float32', []);
  const memory = encoder(p, config, source.ids, source.mask);
  const cross = crossKeyValues(p, config, memory, source.ids);
  const states = decoder(p, config, { ids, cross, sourceMask: source.mask });
  const hidden = gather(states, positions); // [tokens, dModel]
  const head = headWeight(p, config);
  // (h / T) W^T = logits / T, without another pass over [tokens, vocabulary]
  const x = mul(headInput(config, hidden), inverseTemperature);
  const logits = gemm(x, head, { transA: false, transB: true });
  const normaliser = logSumExp(logits);
  // the label's own logit as h · W[y]: its gradient is W[y], and no one-hot is ever made
  const chosen = reduceSum(mul(x, gather(head, labels)), { axis: 1 });
  const probabilities = exp(sub(logits, reshape(normaliser, ['tokens', 1])));
  const expected = reduceSum(mul(probabilities, logits), { axis: 1 });
  return {
    logprobs: sub(chosen, normaliser),
    values: withValues
      ? valueHead(p, detachesValues ? stopGradient(hidden) : hidden)
      : zerosLike(normaliser),
    entropies: sub(normaliser, expected),
    logits,
  };
}

function keyValueInputs(
  graph: Graph,
  { decoderLayers, heads, dKv }: T5Config,
  prefix: string,
  time: string,
): KeyValue[] {
  const input = (name: string) => graph.input(name, 'float32', ['batch', heads, time, dKv]);
  return Array.from({ length: decoderLayers }, (_, i) => ({
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
function cache(prefix: string, { decoderLayers }: T5Config): Record<string, string> {
  const names = Array.from({ length: decoderLayers }, (_, i) => [
    `${prefix}.${i}.key`,
    `${prefix}.${i}.value`,
  ]).flat();
  return Object.fromEntries(names.map((name) => [`next.${name}`, name]));
}

/** Minus the mean of w · logprob: cross-entropy with weights that sum to one. */
export const crossEntropy: Loss = {
  name: 'crossEntropy',
  inputs: ['weights'],
  build: ({ logprobs }, { weights }) => neg(reduceSum(mul(weights, logprobs))),
};
