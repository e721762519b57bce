import {
  addGradients,
  clipGradients,
  gradientNorm,
  type Optimizer,
  scaleGradients,
} from '../model/optimizer.ts';
import type { Parameters } from '../model/parameters.ts';
import type { Policy } from '../model/policy.ts';
import type { Loss } from '../model/policy-graphs.ts';
import { inOrder, type Laned } from '../runtime/lanes.ts';
import { float32, type Tensor, type Tensors } from '../tensor.ts';
import type { Advantages, Experience } from './algorithm.ts';
import type { RlConfig } from './config.ts';
import { checkRatio, checkRows, checkTensors } from './invariants.ts';
import { maskedCount, type Rows, zipRows } from './masked.ts';
import type { Places } from './places.ts';
import { type MinibatchStats, minibatchStats } from './stats.ts';

/** What an update works with. */
export interface UpdateOptions {
  readonly policy: Pick<Policy, 'gradient'> &
    Laned & {
      readonly parameters: Pick<Parameters, 'tensors' | 'commit'>;
    };
  readonly optimizer: Optimizer;
  readonly loss: Loss;
  readonly config: RlConfig;
  readonly places: Places;
  /** At which the policy scores. */
  readonly temperature: number;
  /** Counted from 1, for messages. */
  readonly step: number;
  readonly klCoef: number;
  readonly learningRate: (parameter: string) => number;
  /** Whether a parameter learns in this step. */
  readonly learns: (parameter: string) => boolean;
  /** Optimizer steps of the run so far. */
  readonly updates: number;
  /** The very first ratio of the run has to be 1. */
  readonly checksStart: boolean;
  /** Order of the rows in an epoch. */
  readonly shuffle: (epoch: number) => readonly number[];
}

/** Rows of a minibatch, as the update met them. */
export interface TrainedRows {
  readonly rows: readonly number[];
  /** What their tokens' probabilities were to those of the rollouts. */
  readonly ratios: Rows;
  /** Of the policy at each of their tokens, in nats. */
  readonly entropies: Rows;
}

/** What an update did. */
export interface Update {
  /** One entry a minibatch, in the order of training. */
  readonly minibatches: readonly MinibatchStats[];
  /** In the order of training; a row may come several times, or never. */
  readonly trained: readonly TrainedRows[];
  /** Gradient norm before clipping, one an optimizer step. */
  readonly gradNorms: readonly number[];
}

/** What is learnt from; rows [labels] each. */
export interface UpdateBatch extends Experience, Advantages {
  /** What the policy loss of each token is worth, none below 0. @default 1 */
  readonly samplingWeights?: Rows | undefined;
}
type Gradients = Map<string, Tensor<'float32'>>;

/** Epochs of minibatches over one batch. */
export async function update(batch: UpdateBatch, options: UpdateOptions): Promise<Update> {
  const { config, places, policy, optimizer, step } = options;
  const minibatches: MinibatchStats[] = [];
  const trained: TrainedRows[] = [];
  const gradNorms: number[] = [];
  const group = config.miniBatchSize * config.gradientAccumulationSteps;
  const isFirst = () => options.updates + gradNorms.length === 0;
  for (let epoch = 0; epoch < config.ppoEpochs; epoch++) {
    const order = options.shuffle(epoch);
    for (let start = 0; start < order.length; start += group) {
      const parts = chunks(order.slice(start, start + group), config.miniBatchSize);
      const result = await accumulated(parts, batch, options, isFirst());
      minibatches.push(...result.stats);
      trained.push(...result.trained);
      if (result.verdict === 'stop') return { minibatches, trained, gradNorms };
      if (result.verdict === 'skip') continue;
      gradNorms.push(clip(result.gradients, options, isFirst()));
      const learning = learners(policy.parameters.tensors, options);
      optimizer.step(learning, result.gradients, options.learningRate);
      checkTensors('parameter', learning, step);
      await policy.parameters.commit();
    }
    const last = minibatches[minibatches.length - 1];
    if (config.earlyStopping && places.endsAfterEpoch(last, 1.5 * config.targetKl)) break;
  }
  return { minibatches, trained, gradNorms };
}

/** Mean gradient of the minibatches of one optimizer step, and whether to take it. */
async function accumulated(
  parts: readonly (readonly number[])[],
  batch: UpdateBatch,
  options: UpdateOptions,
  isFirst: boolean,
) {
  const { config, places } = options;
  let sum: Gradients | undefined;
  let verdict: 'go' | 'skip' | 'stop' = 'go';
  const stats: MinibatchStats[] = [];
  const trained: TrainedRows[] = [];
  const results = inOrder(options.policy, parts, (rows) => gradientsOf(rows, batch, options));
  for await (const { minibatch, gradients, rows, ...met } of results) {
    if (isFirst && options.checksStart && stats.length === 0) {
      checkRatio(minibatch.ratio);
    }
    const tooFar = minibatch.ratio > config.ratioThreshold;
    if (tooFar) scaleGradients(gradients, 0);
    const ends = config.earlyStopping && places.endsBeforeStep(minibatch, 1.5 * config.targetKl);
    if (ends) verdict = 'stop';
    else if (tooFar && places.skips && verdict === 'go') verdict = 'skip';
    const none = { 'loss/policy': 0, 'loss/value': 0, 'loss/total': 0 };
    stats.push(tooFar ? { ...minibatch, ...none } : minibatch);
    trained.push({ rows, ...met });
    scaleGradients(gradients, 1 / parts.length);
    sum = addGradients(sum, gradients);
  }
  return { stats, trained, gradients: sum!, verdict };
}

/** Gradients and statistics of one minibatch. */
async function gradientsOf(rows: readonly number[], batch: UpdateBatch, options: UpdateOptions) {
  const { policy, config, loss, klCoef, temperature, step } = options;
  const { critic } = batch;
  const pick = (all: Rows) => rows.map((i) => all[i]);
  const masks = pick(batch.masks);
  const weights = weightsOf(masks, config.lossAverage);
  const advantages = pick(batch.advantages);
  const { samplingWeights } = batch;
  const inputs = {
    oldLogprobs: pick(batch.logprobs),
    // the policy loss is as large as its advantages are
    advantages: samplingWeights
      ? zipRows(advantages, pick(samplingWeights), (advantage, weight) => advantage * weight)
      : advantages,
    refLogprobs: pick(batch.refLogprobs),
    weights,
    klWeights: weights.map((row) => row.map((x) => x * klCoef)),
    ...(critic && { oldValues: pick(critic.values), returns: pick(critic.returns) }),
  };
  const samples = rows.map((i) => batch.samples[i]);
  const sequences = samples.map(({ sequence }) => sequence);
  const result = await policy.gradient(loss, sequences, inputs, { temperature });
  const { gradients, scores, terms } = result;
  const place = { step, samples, places: rows };
  checkRows(
    'logprobs in training',
    scores.map((row) => row.logprobs),
    place,
  );
  checkTensors('value', new Map([['the loss', float32([result.loss], [])]]), step);
  checkTensors('gradient', gradients, step);
  return {
    rows,
    minibatch: minibatchStats(result, { ...inputs, advantages, masks }),
    gradients,
    ratios: terms.ratio,
    entropies: scores.map((row) => row.entropies),
  };
}

/** What a token counts: all the same, or all responses the same. They sum to one. */
function weightsOf(masks: Rows, average: RlConfig['lossAverage']): Float32Array[] {
  const all = maskedCount(masks);
  return masks.map((mask) => {
    const count = average === 'token' ? all : maskedCount([mask]) * masks.length;
    return mask.map((one) => one / count);
  });
}

/** Clips where that is due. @returns the norm before */
function clip(gradients: Gradients, options: UpdateOptions, isFirst: boolean): number {
  const { maxGradNorm } = options.config;
  const learning = learners(gradients, options);
  const clips = maxGradNorm !== undefined && options.places.clips(isFirst);
  return clips ? clipGradients(learning, maxGradNorm) : gradientNorm(learning);
}

/** Those of the tensors that learn in this step. */
function learners(tensors: Tensors, { learns }: UpdateOptions): Tensors {
  return new Map([...tensors].filter(([name]) => learns(name)));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}
