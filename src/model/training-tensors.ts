import { ShapeError } from '../errors.ts';
import type { Tensor, Tensors } from '../tensor.ts';
import type { AdamState } from './optimizer.ts';

/**
 * Parameters and Adam's moments under the names that a checkpoint has them by: `parameter.NAME`,
 * `adam.first.NAME`, `adam.second.NAME`. No copies.
 */
export function trainingTensors(
  parameters: Tensors,
  { first, second }: Pick<AdamState, 'first' | 'second'>,
): Map<string, Tensor<'float32'>> {
  const parts = { parameter: parameters, 'adam.first': first, 'adam.second': second };
  return new Map(
    Object.entries(parts).flatMap(([part, tensors]) =>
      [...tensors].map(([name, tensor]) => [`${part}.${name}`, tensor] as const),
    ),
  );
}

/**
 * Puts such tensors where they came from; moments that are not among them are forgotten, the others
 * become Adam's own.
 * @param adamSteps how often Adam took a step, by parameter
 * @throws {ShapeError} when there are other parameters; nothing is changed
 */
export function restoreTraining(
  { tensors, adamSteps }: { tensors: Tensors; adamSteps: Readonly<Record<string, number>> },
  parameters: Tensors,
  { steps, first, second }: AdamState,
): void {
  checkParameters(parametersIn(tensors), parameters);
  for (const [name, { data }] of parameters) data.set(tensors.get(`parameter.${name}`)!.data);
  replace(steps, Object.entries(adamSteps));
  replace(first, partOf(tensors, 'adam.first'));
  replace(second, partOf(tensors, 'adam.second'));
}

/** The parameters among such tensors, under their own names. */
export function parametersIn(tensors: Tensors): Map<string, Tensor<'float32'>> {
  return partOf(tensors, 'parameter');
}

/** The tensors of one part, under their own names. */
function partOf(tensors: Tensors, part: string): Map<string, Tensor<'float32'>> {
  const own = [...tensors].filter(([name]) => name.startsWith(`${part}.`));
  return new Map(own.map(([name, tensor]) => [name.slice(part.length + 1), tensor]));
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
    const remedy = 'The state is of another model.';
    throw new ShapeError(`state: parameter "${name}"`, expected, actual, remedy);
  }
}
