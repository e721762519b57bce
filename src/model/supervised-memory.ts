import type { MemoryEstimate } from '../events.ts';
import { costOf, weightBytes } from '../graph/cost.ts';
import type { ClassifierConfig } from '../hub/classifier-config.ts';
import { classifierGraph, judgeBudget } from './classifier.ts';
import {
  added,
  fitting,
  fragments,
  longestOf,
  type PolicyRuns,
  parameterBytes,
  program,
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
    Splitting {
  /** Most tokens of a response that is learnt. */
  readonly responseTokens: number;
  readonly batchSize: number;
  /** Prompts that are answered at a time in measurements, and most tokens of an answer. */
  readonly sampled: number;
  readonly sampledTokens: number;
}

/** What decides how much memory the training of a classifier takes. */
export interface ClassifierMemoryOptions extends Splitting {
  readonly config: ClassifierConfig;
  /** Tokens of each text that there is. */
  readonly textTokens: readonly number[];
  readonly batchSize: number;
  /** Texts that are judged at a time in measurements. */
  readonly judged: number;
}

/**
 * The parameters here and on the engine, the gradients of a part and their sum, two moments, and
 * what is on its way between here and the engine (measured: all weights of a T5 of 46 million).
 */
const copies = 10;

/**
 * Memory of a supervised training, from its graphs: the weights, and what the largest run takes.
 * Where a step is split, each part is taken for one of the longest prompts.
 */
export function estimateSupervised(options: SupervisedMemoryOptions): MemoryEstimate {
  const { policy, promptTokens, batchSize, microBatchSize, sampled, sampledTokens } = options;
  const gradient = gradientGraph(policy, crossEntropy);
  const score = scoreGraph(policy);
  const scored = scoredAtOnce({ ...options, scored: batchSize });
  const rows = Math.min(batchSize, microBatchSize ?? scored);
  const decode = decodeGraph(policy, 'caller');
  const answers = { policy, promptTokens, responseTokens: sampledTokens, sampled };
  const runs = {
    training: fragments * costOf(gradient.graph, longest(options, rows)).peakBytes,
    scoring: fragments * costOf(score.graph, longest(options, scored)).peakBytes,
    sampling: sampled === 0 ? 0 : samplingBytes(answers, { encode: encodeGraph(policy), decode }),
  };
  return added({
    weights: weightBytes(score.graph.weights.values()), // once for all graphs
    ...worstMoment(runs, {
      copy: sampled === 0 ? 0 : weightBytes(decode.graph.weights.values()),
      keeps: policy.gradientCheckpointing === true,
    }),
    'what is learnt': copies * parameterBytes(score.parameters),
    program,
  });
}

/** Memory of the training of a classifier, every weight of which learns; from its graphs. */
export function estimateClassifier(options: ClassifierMemoryOptions): MemoryEstimate {
  const { config, textTokens, batchSize, microBatchSize, judged } = options;
  const shape = { config, variable: () => true };
  const { graph, parameters } = classifierGraph(shape, true);
  const time = longestOf(textTokens);
  const sizes = (batch: number) => ({ batch, time, tokens: batch * time });
  const atOnce = (rows: number) => fitting(rows, time, Math.floor(judgeBudget / config.hidden));
  const rows = Math.min(batchSize, microBatchSize ?? atOnce(batchSize));
  const runs = {
    training: fragments * costOf(graph, sizes(rows)).peakBytes,
    judging:
      fragments * costOf(classifierGraph(shape, false).graph, sizes(atOnce(judged))).peakBytes,
  };
  return added({
    ...worstMoment(runs, { copy: 0, keeps: false }),
    'what is learnt': copies * parameterBytes(parameters),
    program,
  });
}

/** Sizes of a run of so many rows, each of the longest prompt and the longest response. */
function longest({ promptTokens, responseTokens: target }: SupervisedMemoryOptions, rows: number) {
  const source = longestOf(promptTokens);
  const prompts = { prompts: rows, source, sourceTokens: rows * source, readers: 1 };
  return { ...prompts, batch: rows, target, tokens: rows * target };
}
