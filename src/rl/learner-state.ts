import { z } from 'zod';
import { ShapeError } from '../errors.ts';
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
  /** Fixed number, mean and deviation of the scores of reference samples. */
  calibration: z.strictObject({ n: count, mean: z.number(), std: z.number() }).optional(),
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
 * Puts the tensors of a state where they came from; moments that it does not hold are forgotten.
 * @throws {ShapeError} when the state holds other parameters than the policy; nothing is changed
 */
export function restoreTensors(
  { tensors, memory }: LearnerState,
  parameters: Tensors,
  { steps, first, second }: AdamState,
): void {
  checkParameters(partOf(tensors, 'parameter'), parameters);
  for (const [name, { data }] of parameters) data.set(tensors.get(`parameter.${name}`)!.data);
  replace(steps, Object.entries(memory.adamSteps));
  replace(first, partOf(tensors, 'adam.first'));
  replace(second, partOf(tensors, 'adam.second'));
}

/** Copies of the tensors of one part, under their own names. */
function partOf(tensors: Tensors, part: string): Map<string, Tensor<'float32'>> {
  const own = [...tensors].filter(([name]) => name.startsWith(`${part}.`));
  return new Map(
    own.map(([name, { data, shape }]) => [
      name.slice(part.length + 1),
      float32(data.slice(), shape),
    ]),
  );
}

function replace<T>(map: Map<string, T>, entries: Iterable<readonly [string, T]>): void {
  map.clear();
  for (const [name, value] of entries) map.set(name, value);
}

function checkParameters(stored: Tensors, parameters: Tensors): void {
  const shapeOf = (tensors: Tensors, name: string) => {
    const shape = tensors.get(name)?.shape;
    return shape ? `[${shape}]` : 'none';
  };
  for (const name of new Set([...parameters.keys(), ...stored.keys()])) {
    const [expected, actual] = [shapeOf(parameters, name), shapeOf(stored, name)];
    if (expected === actual) continue;
    const remedy = 'The state is of another policy.';
    throw new ShapeError(`state: parameter "${name}"`, expected, actual, remedy);
  }
}
