/** How much memory answers and their judgements take, without a training. Pure. */
import type { MemoryEstimate } from '../events.ts';
import { weightBytes } from '../graph/cost.ts';
import { classifierGraph } from './classifier.ts';
import {
  added,
  decodingCopy,
  heldApart,
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
  const { rewardModel, toxicityModel, witnesses = [] } = options;
  const graphs = {
    judge: classifierGraph({ config: rewardModel }, false),
    measurer: toxicityModel && classifierGraph({ config: toxicityModel }, false),
    witnesses: witnesses.map((config) => classifierGraph({ config }, false)),
  };
  const judges = [graphs.judge, ...(graphs.measurer ? [graphs.measurer] : []), ...graphs.witnesses];
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
      judging: judges,
    };
    return { ...added({ ...heldApart(runs, used), adapter }, tokens, options), rough };
  }
  const models = sides.filter(
    ({ model }, i) => sides.findIndex((one) => one.model === model) === i,
  );
  const ofWeights = (some: typeof judges) =>
    some.reduce((total, { graph }) => total + weightBytes(graph.weights.values()), 0);
  const copies = sum(({ copy }) => copy);
  return added(
    {
      weights: sum(({ score }) => weightBytes(score.graph.weights.values()), models),
      'reward model': ofWeights([graphs.judge]),
      ...(graphs.measurer && { 'toxicity model': ofWeights([graphs.measurer]) }),
      ...(witnesses.length > 0 && { 'other judges': ofWeights(graphs.witnesses) }),
      ...worstRun(runs, copies),
      adapter,
    },
    tokens,
    options,
  );
}
