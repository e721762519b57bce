/** What jobs share that learn from examples. */

import type { JobEvent } from '../events.ts';
import { emptyState } from '../model/optimizer.ts';
import {
  type Learner,
  type SupervisedState,
  stepsOf,
  trainSupervised,
} from '../model/supervised.ts';
import { type SupervisedConfig, supervisedConfigOf } from '../model/supervised-config.ts';
import { restoreTraining, trainingTensors } from '../model/training-tensors.ts';
import type { Job, Settings } from './kind.ts';
import { learnsSupervised } from './supervised-state.ts';

/** What a job knows better than a number for all. */
type Open = 'warmup';
type Config = Omit<SupervisedConfig, Open> & Partial<Pick<SupervisedConfig, Open>>;

interface Training extends Pick<Job<object, object>, 'total' | 'save' | 'restore'> {
  readonly settings: Settings;
  steps(): AsyncGenerator<Extract<JobEvent, { readonly type: 'step' }>>;
}

/** The training of a learner, as a job has it. */
export function supervisedTraining(
  learner: Learner,
  config: { readonly [Name in keyof Config]: Config[Name] | undefined } & Omit<
    SupervisedConfig,
    Open
  >,
): Training {
  const total = stepsOf(learner.count, config);
  const settings = {
    learningRate: config.learningRate,
    warmup: config.warmup ?? Math.min(20, Math.floor(total / 10)),
  };
  const state: SupervisedState = { done: 0, adam: emptyState() };
  const { parameters } = learner;
  return {
    settings,
    total,
    save: () => ({
      steps: state.done,
      memory: { adamSteps: Object.fromEntries(state.adam.steps) },
      tensors: trainingTensors(parameters.tensors, state.adam),
    }),
    async restore({ steps, memory, tensors }) {
      const { adamSteps } = learnsSupervised.parse({ adamSteps: memory.adamSteps });
      restoreTraining({ tensors, adamSteps }, parameters.tensors, state.adam);
      await parameters.commit();
      state.done = steps;
    },
    async *steps() {
      const training = supervisedConfigOf({ ...config, ...settings });
      for await (const one of trainSupervised(learner, training, undefined, state)) {
        const { step, steps, loss, learningRate: rate, gradNorm } = one;
        const metrics = { loss, learning_rate: rate, grad_norm: gradNorm };
        yield { type: 'step', step, steps, metrics };
      }
    },
  };
}
