import { z } from 'zod';
import type { TrainingState } from '../model/checkpoint.ts';
import type { AdamState } from '../model/optimizer.ts';
import { restoreTraining, trainingTensors } from '../model/training-tensors.ts';
import { float32, type Tensor, type Tensors } from '../tensor.ts';

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

function copiesOf(tensors: Tensors): Map<string, Tensor<'float32'>> {
  const copy = ({ data, shape }: Tensor<'float32'>) => float32(data.slice(), shape);
  return new Map([...tensors].map(([name, tensor]) => [name, copy(tensor)]));
}
