import { z } from 'zod';
import type { TrainingState } from '../model/checkpoint.ts';
import type { AdamState } from '../model/optimizer.ts';
import { copiesOf } from '../model/parameters.ts';
import { restoreTraining, trainingTensors } from '../model/training-tensors.ts';
import type { Tensor, Tensors } from '../tensor.ts';

const count = z.int().nonnegative();

/** What a learner remembers besides tensors: plain numbers, which survive JSON to the last bit. */
export const LearnerNumbers = z.strictObject({
  /** Optimizer steps so far. */
  updates: count,
  /** Steps of Adam, by parameter. */
  adamSteps: z.record(z.string(), count),
  klCoef: z.number(),
  /** Running moments of the scores. */
  moments: z.strictObject({
    mean: z.number(),
    std: z.number(),
    variance: z.number(),
    count: z.number(),
  }),
  /** Fixed number, mean and deviation of the scores of reference samples. */
  calibration: z.strictObject({ n: count, mean: z.number(), std: z.number() }).optional(),
  /** Place in numpy's stream, where one is replayed. */
  drawn: count,
});
export type LearnerNumbers = z.infer<typeof LearnerNumbers>;

/** All that a learner remembers between steps; tensors have the names of `trainingTensors`. */
export type LearnerState = TrainingState<LearnerNumbers>;

/** Copies of parameters and moments under the names of a state. */
export function stateTensors(parameters: Tensors, state: AdamState) {
  return copiesOf(trainingTensors(parameters, state));
}

/**
 * Puts copies of the tensors of a state where they came from; moments that it does not hold are
 * forgotten.
 * @throws {ShapeError} when the state holds other parameters than the policy; nothing is changed
 */
export function restoreTensors(
  { tensors, memory: { adamSteps } }: LearnerState,
  parameters: Tensors,
  state: AdamState,
): void {
  restoreTraining({ tensors: copiesOf(tensors), adamSteps }, parameters, state);
}

const olderPart = 'older';

/** Parameters of before, the newest first, under the names of a state: `older.1.NAME` is a step before. */
export function olderTensors(older: readonly Tensors[]): Map<string, Tensor<'float32'>> {
  const all = older.flatMap((tensors, i) =>
    [...copiesOf(tensors)].map(
      ([name, tensor]) => [`${olderPart}.${i + 1}.${name}`, tensor] as const,
    ),
  );
  return new Map(all);
}

/** Those that a state has: none, if it is of a run that needs none. */
export function olderIn({ tensors }: Pick<LearnerState, 'tensors'>): Tensors[] {
  const older: Tensors[] = [];
  for (let i = 1; ; i++) {
    const prefix = `${olderPart}.${i}.`;
    const own = [...tensors].filter(([name]) => name.startsWith(prefix));
    if (own.length === 0) return older;
    older.push(copiesOf(new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]))));
  }
}
