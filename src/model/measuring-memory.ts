/** How much memory answers and their judgements take, without a training. Pure. */
import type { MemoryEstimate } from '../events.ts';
import { weightBytes } from '../graph/cost.ts';
import {
  added,
  allJudges,
  decodingCopy,
  heldApart,
  judgeGraphs,
  judgeWeights,
  judgingBytes,
  type MemoryOptions,
  parameterBytes,
  rough,
  samplingBytes,
  scoringBytes,
  worstRun,
} from './memory.ts';
import { decodeGraph, encodeGraph, scoreGraph } from './policy-graphs.ts';
import type { PolicyShape } from './policy-shape.ts';

/** What decides how much a measurement takes. */
export interface MeasuringOptions
  extends Omit<MemoryOptions, 'policy' | 'loss' | 'learnt' | 'older'> {
  /** Each that is measured, with the folder of its model: weights of one folder are in memory once. */
  readonly policies: readonly { readonly shape: PolicyShape; readonly model: string }[];
}

/** Adapter and reference, both on the engine as well. */
const adapterCopies = 4;

/** From the graphs that a measurement runs: the weights, and the run that takes most; all policies stay loaded. */
export function estimateMeasuring({ policies, ...options }: MeasuringOptions): MemoryEstimate {
  const graphs = judgeGraphs(options);
  const sides = policies.map(({ shape: policy, model }) => {
    const [score, encode] = [scoreGraph(policy), encodeGraph(policy)];
    const decode = decodeGraph(policy, 'graph');
    const own = { ...options, policy };
    return {
      ...{ model, score, encode, decode },
      scoring: scoringBytes(own, score),
      sampling: samplingBytes(own, { encode, decode }),
      copy: decodingCopy(policy, decode),
      adapter: adapterCopies * parameterBytes(score.parameters),
    };
  });
  const sum = (of: (side: (typeof sides)[number]) => number, some = sides) =>
    some.reduce((total, side) => total + of(side), 0);
  const tokens = options.promptTokens.reduce((total, length) => total + length, 0);
  const runs = {
    // blocks that one policy's sessions have freed are not found again by another's (docs/numerics.md)
    sampling: sum(({ sampling }) => sampling),
    scoring: sum(({ scoring }) => scoring),
    judging: judgingBytes(options, graphs),
  };
  const adapter = sum((side) => side.adapter);
  if (options.apart) {
    const used = {
      scoring: sides.map(({ score }) => score),
      sampling: sides.flatMap(({ encode, decode }) => [encode, decode]),
      judging: allJudges(graphs),
    };
    return { ...added({ ...heldApart(runs, used), adapter }, tokens, options), rough };
  }
  const models = sides.filter(
    ({ model }, i) => sides.findIndex((one) => one.model === model) === i,
  );
  const copies = sum(({ copy }) => copy);
  return added(
    {
      weights: sum(({ score }) => weightBytes(score.graph.weights.values()), models),
      ...judgeWeights(graphs),
      ...worstRun(runs, copies),
      adapter,
    },
    tokens,
    options,
  );
}
