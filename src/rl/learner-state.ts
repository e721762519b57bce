import { z } from 'zod';
import { InternalError } from '../errors.ts';
import type { AdamState } from '../model/optimizer.ts';
import { float32, type Tensor, type Tensors } from '../tensor.ts';

const count = z.int().nonnegative();

/** What a learner remembers besides tensors: plain numbers, which survive JSON to the last bit. */
export const LearnerMemory = z.strictObject({
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
  /** Fixed mean and deviation of the scores of reference samples. */
  calibration: z.strictObject({ mean: z.number(), std: z.number() }).optional(),
  /** Place in numpy's stream, where one is replayed. */
  drawn: count,
});
export type LearnerMemory = z.infer<typeof LearnerMemory>;

/** All that a learner remembers between steps, parameters included. */
export interface LearnerState {
  /** Steps done: also the cursor into the data. */
  readonly steps: number;
  readonly memory: LearnerMemory;
  /** `parameter.NAME`, and Adam's moments `adam.first.NAME` and `adam.second.NAME`. */
  readonly tensors: Map<string, Tensor<'float32'>>;
}

/** Copies of parameters and moments under the names of a state. */
export function stateTensors(parameters: Tensors, { first, second }: AdamState) {
  const parts = { parameter: parameters, 'adam.first': first, 'adam.second': second };
  return new Map(
    Object.entries(parts).flatMap(([part, tensors]) =>
      [...tensors].map(
        ([name, { data, shape }]) => [`${part}.${name}`, float32(data.slice(), shape)] as const,
      ),
    ),
  );
}

/**
 * Puts the tensors of a state where they came from.
 * @throws {InternalError} when the state holds other parameters than the policy
 */
export function restoreTensors(
  { tensors, memory }: LearnerState,
  parameters: Tensors,
  { steps, first, second }: AdamState,
): void {
  for (const [name, { data }] of parameters) {
    const stored = tensors.get(`parameter.${name}`);
    if (stored?.data.length !== data.length) {
      throw new InternalError(`the state's parameter "${name}" is not the policy's`);
    }
    data.set(stored.data);
  }
  for (const [name, taken] of Object.entries(memory.adamSteps)) steps.set(name, taken);
  for (const [moments, part] of [
    [first, 'adam.first.'],
    [second, 'adam.second.'],
  ] as const) {
    for (const [name, { data, shape }] of tensors) {
      if (name.startsWith(part)) {
        moments.set(name.slice(part.length), float32(data.slice(), shape));
      }
    }
  }
}
