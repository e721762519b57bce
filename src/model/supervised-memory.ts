import type { MemoryEstimate } from '../events.ts';
import { costOf, weightBytes } from '../graph/cost.ts';
import {
  bytesOf,
  fragments,
  longestOf,
  type PolicyRuns,
  program,
  samplingBytes,
  scoredAtOnce,
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
  const fitting = scoredAtOnce({ ...options, scored: batchSize });
  const rows = Math.min(batchSize, microBatchSize ?? fitting);
  const decode = decodeGraph(policy, 'caller');
  const runs = {
    training: fragments * costOf(gradient.graph, longest(options, rows)).peakBytes,
    scoring: fragments * costOf(score.graph, longest(options, fitting)).peakBytes,
    sampling:
      sampled === 0
        ? 0
        : samplingBytes(
            { policy, promptTokens, responseTokens: sampledTokens, sampled },
            { encode: encodeGraph(policy), decode },
          ),
  };
  const [name, bytes] = Object.entries(runs).reduce((most, run) => (run[1] > most[1] ? run : most));
  const learnt = [...score.parameters.values()].reduce((sum, value) => sum + bytesOf(value), 0);
  const parts = {
    weights: weightBytes(score.graph.weights.values()), // once for all graphs
    ...(sampled > 0 && { 'decoding copy': weightBytes(decode.graph.weights.values()) }),
    [name]: bytes,
    'what is learnt': copies * learnt,
    program,
  };
  return { parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/** Sizes of a run of so many rows, each of the longest prompt and the longest response. */
function longest({ promptTokens, responseTokens: target }: SupervisedMemoryOptions, rows: number) {
  const source = longestOf(promptTokens);
  const prompts = { prompts: rows, source, sourceTokens: rows * source, readers: 1 };
  return { ...prompts, batch: rows, target, tokens: rows * target };
}
