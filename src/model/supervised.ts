import { ConfigError, NumericError } from '../errors.ts';
import { type Draw, randomStream } from '../random.ts';
import { inOrder, type Laned } from '../runtime/lanes.ts';
import type { Tensor } from '../tensor.ts';
import { sequenceGroups } from './budgets.ts';
import { type Classifier, textGroups } from './classifier.ts';
import { dropoutOf } from './dropout.ts';
import { type AdamState, adam, addGradients, clipGradients, emptyState } from './optimizer.ts';
import type { Parameters } from './parameters.ts';
import type { Policy } from './policy.ts';
import { crossEntropy } from './policy-graphs.ts';
import { scheduleFactor } from './schedule.ts';
import type { SupervisedConfig } from './supervised-config.ts';

type Gradients = Map<string, Tensor<'float32'>>;

/** Something with parameters that can say how wrong it is on some examples. */
export interface Learner {
  readonly parameters: Parameters;
  /** Number of examples. */
  readonly count: number;
  /** Mean loss over the examples of these indices, and its gradients; `step` counts from 0. */
  gradient(
    indices: readonly number[],
    step: number,
  ): Promise<{ loss: number; gradients: Gradients }>;
}

/** How the examples of a step are computed; loss and gradients are the same, up to rounding. */
export interface Splitting {
  /** Most examples at a time. @default as many as fit the budget of a run */
  readonly microBatchSize?: number | undefined;
}

/** What one step of supervised training did. */
export interface TrainingStep {
  /** Counted from 1. */
  readonly step: number;
  readonly steps: number;
  /** Loss of the batch before the step. */
  readonly loss: number;
  readonly learningRate: number;
  /** Norm of the gradients before clipping. */
  readonly gradNorm: number;
}

/** How a policy learns. */
export interface PolicyLearning extends Splitting {
  /** Share of the model's values that is dropped; what an adapter reads has its own. @default 0 */
  readonly dropout?: number;
  /** Of what is dropped. @default 0 */
  readonly seed?: number;
}

/** A learner for query → response pairs: mean cross-entropy per response token. */
export function policyLearner(
  policy: Pick<Policy, 'parameters' | 'shape' | 'gradient' | 'sequence'> & Laned,
  examples: readonly { query: readonly number[]; response: readonly number[] }[],
  { microBatchSize, dropout: share = 0, seed = 0 }: PolicyLearning = {},
): Learner {
  const { config } = policy.shape;
  return {
    parameters: policy.parameters,
    count: examples.length,
    gradient(indices, step) {
      const sequences = indices.map((i) =>
        policy.sequence(examples[i].query, examples[i].response),
      );
      const tokens = sequences.reduce((sum, { labels }) => sum + labels.length, 0);
      const groups = partsOfStep(
        sequenceGroups(config, sequences),
        sequences.length,
        microBatchSize,
      );
      return summed(policy, groups, (group) => {
        const part = group.map((i) => sequences[i]);
        // of the whole, not of the part: so the parts add up
        const weights = part.map(({ labels }) => new Float32Array(labels.length).fill(1 / tokens));
        const draw: Draw = { seed, key: ['dropout', step], rows: group };
        const dropout = dropoutOf(policy.shape, draw, { model: share });
        return policy.gradient(crossEntropy, part, { weights }, { dropout });
      });
    },
  };
}

/** How a classifier learns. */
export interface ClassifierLearning extends Splitting {
  /** What an example of each class counts in the mean of a step. @default all the same */
  readonly classWeights?: readonly number[] | undefined;
}

/** A learner for text → label pairs: mean cross-entropy. */
export function classifierLearner(
  classifier: Pick<Classifier, 'parameters' | 'config' | 'gradient'> & Laned,
  examples: readonly { ids: readonly number[]; label: number }[],
  { microBatchSize, classWeights }: ClassifierLearning = {},
): Learner {
  return {
    parameters: classifier.parameters,
    count: examples.length,
    gradient(indices) {
      const batch = indices.map((i) => examples[i]);
      const weights = batch.map(({ label }) => classWeights?.[label] ?? 1);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const fitting = textGroups(
        classifier.config,
        batch.map(({ ids }) => ids),
      );
      return summed(classifier, partsOfStep(fitting, batch.length, microBatchSize), (group) =>
        classifier.gradient(
          group.map((i) => batch[i].ids),
          group.map((i) => batch[i].label),
          group.map((i) => weights[i] / total),
        ),
      );
    },
  };
}

/**
 * Weights that let each class of the examples count the same in all: n / (classes · n of the class),
 * as scikit-learn's `class_weight="balanced"`; 0 for a class without examples.
 */
export function balancedWeights(labels: readonly number[], classes: number): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const label of labels) counts[label]++;
  const there = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count > 0 ? labels.length / (there * count) : 0));
}

/** The parts of a step: one, in its own order, where it fits; else groups of similar length. */
function partsOfStep(
  fitting: readonly (readonly number[])[],
  count: number,
  most: number | undefined,
): readonly (readonly number[])[] {
  const parts = most === undefined ? fitting : chunks(fitting.flat(), most);
  return parts.length > 1 ? parts : [Array.from({ length: count }, (_, i) => i)];
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Loss and gradients of a sum of parts, in their order. */
async function summed(
  worker: Laned,
  groups: readonly (readonly number[])[],
  gradient: (group: readonly number[]) => Promise<{ loss: number; gradients: Gradients }>,
): Promise<{ loss: number; gradients: Gradients }> {
  let loss = 0;
  let gradients: Gradients | undefined;
  for await (const part of inOrder(worker, groups, gradient)) {
    loss += part.loss;
    gradients = addGradients(gradients, part.gradients);
  }
  return { loss, gradients: gradients ?? new Map() };
}

/**
 * Steps of a whole training on so many examples; the last incomplete batch of a pass is left out.
 * @throws {ConfigError} when there is no whole batch
 */
export function stepsOf(
  count: number,
  { batchSize, epochs }: Pick<SupervisedConfig, 'batchSize' | 'epochs'>,
): number {
  if (batchSize > count) {
    throw new ConfigError(
      '`batchSize`',
      `at most ${count}, the number of examples`,
      `${batchSize}`,
    );
  }
  return Math.max(1, Math.round(epochs * Math.floor(count / batchSize)));
}

/** Where a training is: what it remembers beside the parameters. Each step changes it in place. */
export interface SupervisedState {
  /** Steps done. */
  done: number;
  readonly adam: AdamState;
}

/**
 * Supervised training with AdamW as a stream of steps: nothing runs until read; `break` stops it.
 * @param state where to go on; with the parameters of then, what follows is what followed there
 */
export async function* trainSupervised(
  learner: Learner,
  config: SupervisedConfig,
  signal?: AbortSignal,
  state: SupervisedState = { done: 0, adam: emptyState() },
): AsyncGenerator<TrainingStep> {
  const { batchSize, learningRate, warmup, weightDecay, maxGradNorm, seed } = config;
  const steps = stepsOf(learner.count, config);
  const perEpoch = Math.floor(learner.count / batchSize);
  const optimizer = adam({ learningRate, weightDecay, decoupled: true }, state.adam);
  const all = Array.from({ length: learner.count }, (_, i) => i);
  let order: number[] | undefined;
  while (state.done < steps) {
    signal?.throwIfAborted();
    const { done } = state;
    const place = done % perEpoch;
    const epoch = Math.floor(done / perEpoch);
    if (place === 0 || !order) order = randomStream(seed, ['supervised', epoch]).shuffle(all);
    const batch = order.slice(place * batchSize, (place + 1) * batchSize);
    const { loss, gradients } = await learner.gradient(batch, done);
    if (!Number.isFinite(loss)) {
      const remedy = 'Lower `learningRate`, or look at the examples of this batch.';
      throw new NumericError(`step ${done + 1}`, 'a finite loss', `${loss}`, remedy);
    }
    const gradNorm = clipGradients(gradients, maxGradNorm);
    const rate =
      learningRate * scheduleFactor({ name: config.schedule, warmup, total: steps }, done + 1);
    optimizer.step(learner.parameters.tensors, gradients, rate);
    await learner.parameters.commit();
    state.done++;
    yield { step: done + 1, steps, loss, learningRate: rate, gradNorm };
  }
}
