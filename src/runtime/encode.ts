import { InputError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { encodeOnnx } from '../graph/onnx.ts';
import { readWhole } from '../graph/tables.ts';
import type { LoadRequest, SharedWeight } from './backend.ts';
import { mustBeRead, numberOf, type WeightLocation, type WeightSource } from './weight-source.ts';

/** A graph as an engine reads it: the model, and where its weights are. */
export type Encoded = Pick<LoadRequest, 'model' | 'folder' | 'shared' | 'variables'>;

/** Says of a weight in a file whether it is given as an input; else the model refers to the file. */
export type IsInput = (location: WeightLocation, name: string) => boolean;

/**
 * A graph in ONNX. Weights that lie in no file, or in float64, are inputs always.
 * @param stored shapes of weights that are wider in the graph, as `wider` makes them: all of them inputs
 */
export async function encodeModel(
  graph: Graph,
  weights: WeightSource,
  isInput: IsInput,
  stored: ReadonlyMap<string, readonly number[]> = new Map(),
): Promise<Encoded> {
  const inputs: Promise<SharedWeight>[] = [];
  let folder: string | undefined;
  const model = encodeOnnx(graph, (name) => {
    const width = graph.weights.get(name)!.shape as number[];
    const shape = stored.get(name) ?? width;
    const location = weights.locate?.(name, shape);
    if (!location || location.dtype === 'float64' || isInput(location, name)) {
      const given = givenWeight(name, shape, weights);
      inputs.push(
        given.then((weight) => (shape === width ? weight : { ...weight, within: width })),
      );
      return 'input';
    }
    const { file, dtype, ...place } = location;
    const [parent, base] = cut(file);
    folder ??= parent;
    if (folder !== parent) throw scattered(folder, file);
    return { location: base, dtype, ...place };
  });
  return { model, folder, shared: await Promise.all(inputs) };
}

/** A weight by its place in a file, if it is in one; else with its values. */
export async function givenWeight(
  name: string,
  shape: readonly number[],
  weights: WeightSource,
): Promise<SharedWeight> {
  const location = weights.locate?.(name, shape);
  if (location) return { name, shape, place: location };
  const values = await weights.read(name, shape);
  return { name, shape, place: { source: numberOf(weights), values } };
}

/** A path's folder and name, whatever the system's separator. */
function cut(file: string): [folder: string, name: string] {
  const at = Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\'));
  return [file.slice(0, at) || '/', file.slice(at + 1)];
}

function scattered(folder: string, file: string): InputError {
  return new InputError(
    'weights',
    `all files in ${folder}`,
    file,
    'Put the shards into one folder.',
  );
}

/** Of a session that rearranges what it multiplies by: tables that it only takes rows from. */
export function tablesOf(graph: Graph): IsInput {
  const whole = new Set(readWhole(graph));
  return (location, name) => !whole.has(graph.weights.get(name)!) || mustBeRead(location);
}
