import type { MemoryEstimate } from '../events.ts';
import type { ClassifierConfig } from '../family/families.ts';
import { familyOf } from '../family/families.ts';
import { mostTokens } from '../family/positions.ts';
import { costOf, multiplierBytes, weightBytes } from '../graph/cost.ts';
import type { Value } from '../graph/graph.ts';
import type { EngineTraits } from '../runtime/traits.ts';
import { sizeOf } from '../tensor.ts';
import { decodeBudget, encodeBudget, logitBudget, ownLimit, scoreBudget } from './budgets.ts';
import { classifierGraph, judgeBudget } from './classifier.ts';

import {
  decodeGraph,
  encodeGraph,
  gradientGraph,
  type Loss,
  type PolicyGraph,
  scoreGraph,
} from './policy-graphs.ts';
import type { PolicyShape } from './policy-shape.ts';

/** What decides how much memory a training with rollouts takes. */
export interface MemoryOptions extends Holding {
  readonly policy: PolicyShape;
  readonly loss: Loss;
  readonly rewardModel: ClassifierConfig;
  /** Where another model than the reward model measures the toxicity. */
  readonly toxicityModel?: ClassifierConfig | undefined;
  /** Classifiers that have no part in the training. @default none */
  readonly witnesses?: readonly ClassifierConfig[] | undefined;
  /** Tokens of each prompt that there is. */
  readonly promptTokens: readonly number[];
  /** Most tokens of a response. */
  readonly responseTokens: number;
  /** Responses that are sampled, scored and learnt from at a time, before they are split to fit. */
  readonly sampled: number;
  readonly scored: number;
  readonly learnt: number;
  /** Most tokens of a text that the reward model reads. */
  readonly judgedTokens: number;
  /** Adapters of earlier steps that are sampled from. @default 0 */
  readonly older?: number;
}

/** What decides how much the policy's own runs take. */
export type PolicyRuns = Pick<
  MemoryOptions,
  'policy' | 'promptTokens' | 'responseTokens' | 'sampled' | 'scored' | 'apart'
>;

/** How an engine holds what its sessions need. */
export type Holding = Partial<Pick<EngineTraits, 'apart' | 'memory'>>;

/** What runs take for each byte that `costOf` counts. */
interface Fragments {
  readonly training: number;
  /** Runs without gradients. */
  readonly forward: number;
}

/**
 * Allowances for blocks that were freed and do not fit the next one. Both runtimes ask for aligned
 * blocks, and glibc before 2.38 often does not find a freed one again for the same size: measured on
 * 2.36 over four sizes of T5, 1.03 to 1.23 in training, whose tensors stay, and 1.05 to 1.17 in an
 * arena; behind other runs up to 1.4. Where one layer's blocks go before the next one's come: 1.6 to
 * 4.5 in scoring. OpenVINO shares out its memory before it knows the sizes: 1.0 to 2.1, 1.9.
 */
export function fragmentsOf({ apart = false }: Holding): Fragments {
  return apart ? { training: 2, forward: 2 } : { training: 1.2, forward: 2.5 };
}

/** What an engine that holds all apart takes of its own varies, and in bf16 was not measured. */
export const rough = true;

/** What a process has before any model or data, in bytes (measured: 160 to 200 million). */
const program = 180e6;
/**
 * What a token of the data takes, in bytes: its id, its text, and what the tokenizer made of it, as far
 * as the garbage collector has not come for it (measured: 150 to 180, of 19,200 dialogues).
 */
const tokenBytes = 170;
/** Adapter, reference, both on the engine as well, gradients, two moments; older ones as well. */
const adapterCopies = 7;

/**
 * Memory of a training with rollouts, from its graphs: the weights, and what its runs take
 * (`worstMoment`, `heldApart`).
 */
export function estimateMemory(options: MemoryOptions): MemoryEstimate {
  const graphs = graphsOf(options);
  const { gradient, score, encode, decode } = graphs;
  const runs = runBytes(options, graphs);
  const { older = 0 } = options;
  const copies = adapterCopies + (older > 0 ? 2 * older + 1 : 0);
  const adapter = copies * parameterBytes(score.parameters);
  const tokens = options.promptTokens.reduce((sum, length) => sum + length, 0);
  if (options.apart) {
    const used = { training: [gradient], scoring: [score], sampling: [encode, decode] };
    const held = { ...heldApart(runs, { ...used, judging: allJudges(graphs) }), adapter };
    return { ...added(held, tokens, options), rough };
  }
  const copy = decodingCopy(options.policy, decode);
  const keeps = options.policy.gradientCheckpointing === true;
  const parts = {
    weights: weightBytes(score.graph.weights.values()), // once for all graphs
    ...judgeWeights(graphs),
    ...worstMoment(runs, { copy, keeps }),
    adapter,
  };
  return added(parts, tokens, options);
}

/** An estimate from its parts, with what the program takes and so many tokens of data, which workers do not hold, nor all of what is learnt. */
export function added(
  parts: Readonly<Record<string, number>>,
  tokens: number,
  { memory }: Holding,
): MemoryEstimate {
  const elsewhere = memory === 'workers';
  const all = { ...parts, ...(!elsewhere && { data: tokenBytes * tokens }), program };
  const total = Object.values(all).reduce((sum, part) => sum + part, 0);
  return { parts: all, total, ...(elsewhere && { where: 'in each worker at most' }) };
}

/** A graph, and what of it can change. */
type Compiled = Pick<PolicyGraph, 'graph' | 'parameters'>;

/** What runs of each kind take where every session keeps all that it has (`Holding`). */
export function heldApart<Name extends string>(
  runs: Readonly<Record<Name, number>>,
  graphs: Readonly<Record<Name, readonly Compiled[]>>,
): Record<string, number> {
  const own = ({ graph, parameters }: Compiled) =>
    weightBytes(graph.weights.values()) + multiplierBytes(graph) + parameterBytes(parameters);
  const held = (name: Name) => graphs[name].reduce((sum, used) => sum + own(used), runs[name]);
  const names = Object.keys(runs) as Name[];
  return Object.fromEntries(names.map((name) => [name, held(name)]));
}

/** What the runs of each kind take, in bytes. */
interface Runs {
  readonly training: number;
  readonly [other: string]: number;
}

/**
 * What of runs stands in memory at the worst moment: the largest one, since what one run has freed
 * the next one uses, and the weights that decoding has for itself. A large copy of these is closed
 * before training.
 * @param copy bytes of it; 0 without decoding
 * @param keeps training has an arena of its own, and all others come on top of that
 */
export function worstMoment(
  { training, ...others }: Runs,
  { copy, keeps }: { copy: number; keeps: boolean },
): Record<string, number> {
  const worst = worstRun(others, copy);
  if (keeps) return { ...ofCopy(copy), training, ...worstRun(others, 0) };
  const beside = copy < ownLimit ? copy : 0;
  const bytes = Object.values(worst).reduce((sum, part) => sum + part, 0);
  return training + beside > bytes ? { ...ofCopy(beside), training } : worst;
}

function ofCopy(bytes: number): Record<string, number> {
  return bytes > 0 ? { 'decoding copy': bytes } : {};
}

/** The largest of several runs, none of which trains, beside that copy. */
export function worstRun(
  runs: Readonly<Record<string, number>>,
  copy: number,
): Record<string, number> {
  const [name, bytes] = Object.entries(runs).reduce((most, run) => (run[1] > most[1] ? run : most));
  return { ...ofCopy(copy), [name]: bytes };
}

/**
 * Weights that decoding has for itself: rearranged; and a frozen table of embeddings as it lies in its
 * file, where it is the head as well.
 */
export function decodingCopy({ config }: PolicyShape, { graph }: Compiled): number {
  const { tiedTable } = familyOf(config).languageModel(config);
  const table = tiedTable === undefined ? undefined : graph.weights.get(tiedTable);
  return weightBytes(graph.weights.values()) + (table ? weightBytes([table]) : 0);
}

type Graphs = ReturnType<typeof graphsOf>;

/** The graphs of a training. */
function graphsOf({ policy, loss, ...options }: MemoryOptions) {
  return {
    gradient: gradientGraph(policy, loss),
    score: scoreGraph(policy),
    encode: encodeGraph(policy),
    decode: decodeGraph(policy, 'graph'),
    ...judgeGraphs(options),
  };
}

/** The graphs of all that judges responses. */
export function judgeGraphs({
  rewardModel,
  toxicityModel,
  witnesses = [],
}: Pick<MemoryOptions, 'rewardModel' | 'toxicityModel' | 'witnesses'>) {
  return {
    judge: classifierGraph({ config: rewardModel }, false),
    measurer: toxicityModel && classifierGraph({ config: toxicityModel }, false),
    witnesses: witnesses.map((config) => classifierGraph({ config }, false)),
  };
}

type JudgeGraphs = ReturnType<typeof judgeGraphs>;

/** All of them, one after the other. */
export function allJudges({ judge, measurer, witnesses }: JudgeGraphs): Compiled[] {
  return [judge, ...(measurer ? [measurer] : []), ...witnesses];
}

/** Bytes of their weights, as parts of an estimate. */
export function judgeWeights({ judge, measurer, witnesses }: JudgeGraphs): Record<string, number> {
  return {
    'reward model': weightBytes(judge.graph.weights.values()),
    ...(measurer && { 'toxicity model': weightBytes(measurer.graph.weights.values()) }),
    ...(witnesses.length > 0 && {
      'other judges': weightBytes(witnesses.flatMap(({ graph }) => [...graph.weights.values()])),
    }),
  };
}

/** What the runs of each kind take beside the weights, in bytes. */
export function runBytes(options: MemoryOptions, graphs: Graphs = graphsOf(options)) {
  const { gradient, score } = graphs;
  const fragments = fragmentsOf(options);
  return {
    training:
      fragments.training * costOf(gradient.graph, sequences(options, options.learnt)).peakBytes,
    sampling: samplingBytes(options, graphs),
    scoring: scoringBytes(options, score),
    judging: judgingBytes(options, graphs),
  };
}

/** How probable responses are. */
export function scoringBytes(
  options: Omit<PolicyRuns, 'sampled'>,
  { graph }: Pick<PolicyGraph, 'graph'>,
): number {
  const scored = sequences(options, scoredAtOnce(options));
  return fragmentsOf(options).forward * costOf(graph, scored).peakBytes;
}

/** Rows that the scoring graph gets at once. */
export function scoredAtOnce({
  policy,
  promptTokens,
  responseTokens,
  scored,
}: Omit<PolicyRuns, 'sampled'>): number {
  const { vocabSize, dModel } = policy.config;
  const budget = Math.floor(scoreBudget / dModel);
  const logits = (responseTokens * vocabSize * budget) / logitBudget;
  return fitting(scored, Math.max(longestOf(promptTokens), logits), budget);
}

/** Of `rows` rows of `size` tokens those that fit into a run. */
export function fitting(rows: number, size: number, budget: number): number {
  return Math.max(1, Math.min(rows, Math.floor(budget / size)));
}

/** Encoding, or one step of decoding, beside all caches. */
export function samplingBytes(
  options: Omit<PolicyRuns, 'scored'>,
  { encode, decode }: Pick<Graphs, 'encode' | 'decode'>,
): number {
  const { policy, promptTokens, responseTokens, sampled } = options;
  const { blocks, heads, size } = familyOf(policy.config).languageModel(policy.config).cache;
  const source = longestOf(promptTokens);
  const batch = fitting(sampled, source, decodeBudget);
  const prompts = fitting(batch, meanOf(promptTokens), encodeBudget / policy.config.dModel);
  const encoding = { ...prompting(promptTokens, prompts), batch: prompts };
  const encoder = costOf(encode.graph, encoding);
  const past = 1 + responseTokens;
  const decoder = costOf(decode.graph, { batch, source, past });
  const caches = 4 * 2 * blocks * batch * heads * size * (source + past);
  return fragmentsOf(options).forward * Math.max(encoder.peakBytes, decoder.peakBytes) + caches;
}

/** Of the model that takes most: they judge one after the other. */
export function judgingBytes(
  options: Omit<MemoryOptions, 'policy' | 'loss' | 'learnt' | 'older'>,
  { judge, measurer, witnesses: others }: JudgeGraphs,
): number {
  const { rewardModel, toxicityModel, witnesses = [], judgedTokens, sampled } = options;
  const bytes = (config: ClassifierConfig, { graph }: Compiled) => {
    const time = Math.min(judgedTokens, mostTokens(config));
    const batch = fitting(sampled, time, judgeBudget / config.hidden);
    return costOf(graph, { batch, time, tokens: batch * time }).peakBytes;
  };
  const measured = toxicityModel && measurer ? bytes(toxicityModel, measurer) : 0;
  const seen = witnesses.map((config, i) => bytes(config, others[i]));
  return fragmentsOf(options).forward * Math.max(bytes(rewardModel, judge), measured, ...seen);
}

/** Sizes of sequences of a prompt and a response each. */
function sequences(
  { promptTokens, responseTokens }: Pick<MemoryOptions, 'promptTokens' | 'responseTokens'>,
  batch: number,
) {
  const target = responseTokens;
  return { ...prompting(promptTokens, batch), batch, target, tokens: batch * target };
}

/**
 * Sizes of prompts that come together: the longest there is, and in all as many tokens as only one
 * batch of several hundred has (three standard errors above the mean).
 */
function prompting(lengths: readonly number[], prompts: number) {
  const source = longestOf(lengths);
  const mean = meanOf(lengths);
  const squares = lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0);
  const error = Math.sqrt(squares / lengths.length / prompts);
  const sourceTokens = Math.ceil(prompts * Math.min(source, mean + 3 * error));
  return { prompts, source, sourceTokens, readers: 1 };
}

export function longestOf(lengths: readonly number[]): number {
  return lengths.reduce((most, length) => Math.max(most, length), 1);
}

function meanOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
}

/** Bytes of everything that can change. */
export function parameterBytes(parameters: ReadonlyMap<string, Value>): number {
  return [...parameters.values()].reduce(
    (sum, { shape }) => sum + 4 * sizeOf(shape as number[]),
    0,
  );
}
