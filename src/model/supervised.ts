import { ConfigError, NumericError } from '../errors.ts';
import { randomStream } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { sequenceOf } from './batch.ts';
import type { Classifier } from './classifier.ts';
import { adam, clipGradients } from './optimizer.ts';
import type { Parameters } from './parameters.ts';
import type { Policy } from './policy.ts';
import { crossEntropy } from './policy-graphs.ts';
import { scheduleFactor } from './schedule.ts';
import type { SupervisedConfig } from './supervised-config.ts';

/** Something with parameters that can say how wrong it is on some examples. */
export interface Learner {
  readonly parameters: Parameters;
  /** Number of examples. */
  readonly count: number;
  /** Mean loss over the examples of these indices, and its gradients. */
  gradient(
    indices: readonly number[],
  ): Promise<{ loss: number; gradients: Map<string, Tensor<'float32'>> }>;
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

/** A learner for query → response pairs: mean cross-entropy per response token. */
export function policyLearner(
  policy: Policy,
  examples: readonly { query: readonly number[]; response: readonly number[] }[],
): Learner {
  const { decoderStartId } = policy.shape.config;
  return {
    parameters: policy.parameters,
    count: examples.length,
    gradient(indices) {
      const sequences = indices.map((i) =>
        sequenceOf(examples[i].query, examples[i].response, decoderStartId),
      );
      const tokens = sequences.reduce((sum, { labels }) => sum + labels.length, 0);
      const weights = sequences.map(({ labels }) =>
        new Float32Array(labels.length).fill(1 / tokens),
      );
      return policy.gradient(crossEntropy, sequences, { weights });
    },
  };
}

/** A learner for text → label pairs: mean cross-entropy. */
export function classifierLearner(
  classifier: Classifier,
  examples: readonly { ids: readonly number[]; label: number }[],
): Learner {
  return {
    parameters: classifier.parameters,
    count: examples.length,
    gradient: (indices) =>
      classifier.gradient(
        indices.map((i) => examples[i].ids),
        indices.map((i) => examples[i].label),
      ),
  };
}

/** Supervised training with AdamW as a stream of steps: nothing runs until read; `break` stops it. */
export async function* trainSupervised(
  learner: Learner,
  config: SupervisedConfig,
  signal?: AbortSignal,
): AsyncGenerator<TrainingStep> {
  const { batchSize, learningRate, warmup, weightDecay, maxGradNorm, seed } = config;
  const perEpoch = Math.floor(learner.count / batchSize);
  if (perEpoch === 0) {
    throw new ConfigError(
      'batchSize',
      `at most ${learner.count}, the number of examples`,
      `${batchSize}`,
    );
  }
  const steps = Math.max(1, Math.round(config.epochs * perEpoch));
  const optimizer = adam({ learningRate, weightDecay, decoupled: true });
  const all = Array.from({ length: learner.count }, (_, i) => i);
  let order = all;
  for (let done = 0; done < steps; done++) {
    signal?.throwIfAborted();
    const place = done % perEpoch;
    if (place === 0) order = randomStream(seed, ['supervised', done / perEpoch]).shuffle(all);
    const batch = order.slice(place * batchSize, (place + 1) * batchSize);
    const { loss, gradients } = await learner.gradient(batch);
    if (!Number.isFinite(loss)) {
      const remedy = 'Lower the learning rate, or look at the examples of this batch.';
      throw new NumericError(`step ${done + 1}`, 'a finite loss', `${loss}`, remedy);
    }
    const gradNorm = clipGradients(gradients, maxGradNorm);
    const rate =
      learningRate * scheduleFactor({ name: config.schedule, warmup, total: steps }, done + 1);
    optimizer.step(learner.parameters.tensors, gradients, rate);
    await learner.parameters.commit();
    yield { step: done + 1, steps, loss, learningRate: rate, gradNorm };
  }
}
