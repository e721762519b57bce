import type { MemoryEstimate } from '../events.ts';
import type { ClassifierConfig } from '../family/families.ts';
import { costOf, weightBytes } from '../graph/cost.ts';
import { classifierGraph, judgeBudget } from './classifier.ts';
import {
  added,
  decodingCopy,
  fitting,
  fragmentsOf,
  type Holding,
  heldApart,
  longestOf,
  type PolicyRuns,
  parameterBytes,
  rough,
  samplingBytes,
  scoredAtOnce,
  worstMoment,
} from './memory.ts';
import {
  crossEntropy,
  decodeGraph,
  encodeGraph,
  gradientGraph,
  scoreGraph,
} from './policy-graphs.ts';
import type { Splitting } from './supervised.ts';

/** What decides how much memory a supervised training of a policy takes. */
export interface SupervisedMemoryOptions
  extends Pick<PolicyRuns, 'policy' | 'promptTokens'>,
    Splitting,
    Holding {
  /** Tokens of each response that there is. */
  readonly responseTokens: readonly number[];
  readonly batchSize: number;
  /** Whether training drops. @default false */
  readonly dropout?: boolean | undefined;
  /** Prompts that are answered at a time in measurements, and most tokens of an answer. */
  readonly sampled: number;
  readonly sampledTokens: number;
}

/** What decides how much memory the training of a classifier takes. */
export interface ClassifierMemoryOptions extends Splitting, Holding {
  readonly config: ClassifierConfig;
  /** Tokens of each text that there is. */
  readonly textTokens: readonly number[];
  readonly batchSize: number;
  /** Texts that are judged at a time in measurements. */
  readonly judged: number;
}

/**
 * Of everything that learns: the parameters here and on the engine, the sum of the gradients and those
 * of a part, two moments, and what is on its way between here and the engine, or waits for the garbage
 * collector (measured with all weights of T5s of 49 and 77 million and of encoders of 30 and 51: they
 * would fit with 6 to 9 after two to four steps, and it grows a little with steps).
 */
const copies = 10;

/** Texts are encoded once whole and once cut; some of that is gone in between (measured: 1.6). */
const encodings = 1.6;

/**
 * Memory of a supervised training, from its graphs: the weights, and what the largest run takes.
 * Where a step is split, each part is taken for one of the longest prompts.
 */
export function estimateSupervised(options: SupervisedMemoryOptions): MemoryEstimate {
  const { policy, promptTokens, responseTokens, batchSize, microBatchSize } = options;
  const { sampled, sampledTokens, dropout, apart = false } = options;
  const target = longestOf(responseTokens);
  const gradient = gradientGraph(policy, crossEntropy, { dropout });
  const score = scoreGraph(policy);
  const encode = encodeGraph(policy);
  const decode = decodeGraph(policy, 'caller');
  const atOnce = scoredAtOnce({ policy, promptTokens, responseTokens: target, scored: batchSize });
  const rows = Math.min(batchSize, microBatchSize ?? atOnce);
  const sizes = (batch: number) => pairSizes(batch, longestOf(promptTokens), target);
  const answers = { policy, promptTokens, responseTokens: sampledTokens, sampled, apart };
  const fragments = fragmentsOf(options);
  const runs = {
    training: fragments.training * costOf(gradient.graph, sizes(rows)).peakBytes,
    scoring: fragments.forward * costOf(score.graph, sizes(atOnce)).peakBytes,
    sampling: sampled === 0 ? 0 : samplingBytes(answers, { encode, decode }),
  };
  const learnt = { 'what is learnt': copies * parameterBytes(score.parameters) };
  const tokens = [...promptTokens, ...responseTokens].reduce((sum, length) => sum + length, 0);
  if (apart) {
    const sampling = sampled === 0 ? [] : [encode, decode];
    const used = { training: [gradient], scoring: [score], sampling };
    return { ...added({ ...heldApart(runs, used), ...learnt }, tokens, options), rough };
  }
  const copy = sampled === 0 ? 0 : decodingCopy(policy, decode);
  const keeps = policy.gradientCheckpointing === true;
  const weights = weightBytes(score.graph.weights.values()); // once for all graphs
  return added({ weights, ...worstMoment(runs, { copy, keeps }), ...learnt }, tokens, options);
}

/** Memory of the training of a classifier, every weight of which learns, from its graphs. */
export function estimateClassifier(options: ClassifierMemoryOptions): MemoryEstimate {
  const { config, textTokens, batchSize, microBatchSize, judged, apart = false } = options;
  const shape = { config, variable: () => true };
  const [training, judging] = [true, false].map((train) => classifierGraph(shape, train));
  const time = longestOf(textTokens);
  const sizes = (batch: number) => ({ batch, time, tokens: batch * time });
  const atOnce = (rows: number) => fitting(rows, time, Math.floor(judgeBudget / config.hidden));
  const rows = Math.min(batchSize, microBatchSize ?? atOnce(batchSize));
  const fragments = fragmentsOf(options);
  const runs = {
    training: fragments.training * costOf(training.graph, sizes(rows)).peakBytes,
    judging: fragments.forward * costOf(judging.graph, sizes(atOnce(judged))).peakBytes,
  };
  const standing = apart
    ? heldApart(runs, { training: [training], judging: [judging] })
    : worstMoment(runs, { copy: 0, keeps: false });
  const learnt = { 'what is learnt': copies * parameterBytes(training.parameters) };
  const tokens = textTokens.reduce((sum, length) => sum + length, 0);
  const estimate = added({ ...standing, ...learnt }, encodings * tokens, options);
  return apart ? { ...estimate, rough } : estimate;
}

/** Sizes of a run of so many rows, each of the longest prompt and the longest response. */
function pairSizes(rows: number, source: number, target: number) {
  const prompts = { prompts: rows, source, sourceTokens: rows * source, readers: 1 };
  return { ...prompts, batch: rows, target, tokens: rows * target };
}
