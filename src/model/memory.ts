import type { MemoryEstimate } from '../events.ts';
import { type Cost, costOf } from '../graph/cost.ts';
import type { Value } from '../graph/graph.ts';
import type { RobertaConfig } from '../hub/config.ts';
import { sizeOf } from '../tensor.ts';
import { classifierGraph, judgeBudget } from './classifier.ts';
import { decodeBudget, encodeBudget, logitBudget, scoreBudget } from './policy.ts';
import {
  decodeGraph,
  encodeGraph,
  gradientGraph,
  type Loss,
  type PolicyShape,
  scoreGraph,
} from './policy-graphs.ts';

/** What decides how much memory a training with rollouts takes. */
export interface MemoryOptions {
  readonly policy: PolicyShape;
  readonly loss: Loss;
  readonly rewardModel: RobertaConfig;
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
}

/** The engine keeps freed blocks for the next run, and not every block fits again (measured). */
const arena = 1.1;
/** What a process has before any model, with data and tokenizers, in bytes (measured). */
const program = 280e6;
/** Adapter, reference, both on the engine as well, gradients, two moments. */
const adapterCopies = 7;

/**
 * Memory of a training with rollouts, from its graphs: an engine holds for each of them what its
 * largest run took, and nothing is given back in between.
 */
export function estimateMemory(options: MemoryOptions): MemoryEstimate {
  const { policy, loss, learnt } = options;
  const score = scoreGraph(policy);
  const adapter = [...score.parameters.values()].reduce((sum, value) => sum + bytesOf(value), 0);
  const training = costOf(gradientGraph(policy, loss).graph, sequences(options, learnt));
  const scoring = costOf(score.graph, sequences(options, scoredAtOnce(options)));
  const { decoder, sampling } = samplingCost(options);
  const parts = {
    weights: scoring.weightBytes, // once for all graphs
    'decoding copy': decoder.weightBytes, // rearranged
    training: arena * training.peakBytes,
    sampling,
    scoring: arena * scoring.peakBytes,
    'reward model': rewardModelBytes(options),
    adapter: adapterCopies * adapter,
    program,
  };
  return { parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) };
}

/** Rows that the scoring graph gets at once. */
function scoredAtOnce({ policy, promptTokens, responseTokens, scored }: MemoryOptions): number {
  const { vocabSize, dModel } = policy.config;
  const budget = Math.floor(scoreBudget / dModel);
  const logits = (responseTokens * vocabSize * budget) / logitBudget;
  return fitting(scored, Math.max(longestOf(promptTokens), logits), budget);
}

/** Of `rows` rows of `size` tokens those that fit into a run. */
function fitting(rows: number, size: number, budget: number): number {
  return Math.max(1, Math.min(rows, Math.floor(budget / size)));
}

/** Encoding, and one step of decoding, beside all caches. */
function samplingCost(options: MemoryOptions): { decoder: Cost; sampling: number } {
  const { policy, promptTokens, responseTokens, sampled } = options;
  const { decoderLayers, heads, dKv, dModel } = policy.config;
  const source = longestOf(promptTokens);
  const batch = fitting(sampled, source, decodeBudget);
  const prompts = fitting(batch, meanOf(promptTokens), encodeBudget / dModel);
  const encoding = { ...prompting(promptTokens, prompts), batch: prompts };
  const encoder = costOf(encodeGraph(policy).graph, encoding);
  const past = 1 + responseTokens;
  const decoder = costOf(decodeGraph(policy, 'graph').graph, { batch, source, past });
  const caches = 4 * 2 * decoderLayers * batch * heads * dKv * (source + past);
  return { decoder, sampling: arena * (encoder.peakBytes + decoder.peakBytes) + caches };
}

function rewardModelBytes({ rewardModel, judgedTokens, sampled }: MemoryOptions): number {
  const { maxPositions, padId, hidden } = rewardModel;
  const time = Math.min(judgedTokens, maxPositions - padId - 1);
  const batch = fitting(sampled, time, judgeBudget / hidden);
  const { graph } = classifierGraph({ config: rewardModel }, false);
  const { weightBytes, peakBytes } = costOf(graph, { batch, time, tokens: batch * time });
  return weightBytes + arena * peakBytes;
}

/** Sizes of sequences of a prompt and a response each. */
function sequences({ promptTokens, responseTokens }: MemoryOptions, batch: number) {
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

function longestOf(lengths: readonly number[]): number {
  return lengths.reduce((most, length) => Math.max(most, length), 1);
}

function meanOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
}

function bytesOf({ shape }: Value): number {
  return 4 * sizeOf(shape as number[]);
}
