import type { Initial } from '../family/family.ts';
import type { Value } from '../graph/graph.ts';
import type { RandomStream } from '../random.ts';
import { randomStream } from '../random.ts';
import type { Engine, State } from '../runtime/engine.ts';
import { float32, sizeOf, type Tensor, type Tensors } from '../tensor.ts';

/** Parameters that can change, here and on the engine. */
export interface Parameters {
  /** By name; an optimiser changes them in place and calls `commit`. */
  readonly tensors: Map<string, Tensor<'float32'>>;
  readonly state: State;
  /** Sends the tensors to the engine. */
  commit(): Promise<void>;
  /**
   * The same values under a name of their own, for instance to keep the start as a reference; or other
   * values of the same parameters. They are read before it returns.
   */
  copy(values?: Tensors): Promise<Parameters>;
  close(): Promise<void>;
}

/** Puts tensors on an engine. */
export async function parametersOn(
  engine: Engine,
  tensors: Map<string, Tensor<'float32'>>,
): Promise<Parameters> {
  const state = await engine.state(Object.fromEntries(tensors));
  return {
    tensors,
    state,
    commit: () => state.write(Object.fromEntries(tensors)),
    copy: (values = tensors) => parametersOn(engine, copiesOf(values)),
    close: () => state.close(),
  };
}

/** Tensors of the same values that nobody else changes. */
export function copiesOf(tensors: Tensors): Map<string, Tensor<'float32'>> {
  const copy = ({ data, shape }: Tensor<'float32'>) => float32(data.slice(), shape);
  return new Map([...tensors].map(([name, tensor]) => [name, copy(tensor)]));
}

/** Draws values for parameters, each from a stream of its own name. */
export function initialise(
  parameters: ReadonlyMap<string, Value>,
  rule: (name: string, shape: readonly number[]) => Initial,
  seed: number,
): Map<string, Tensor<'float32'>> {
  const tensors = new Map<string, Tensor<'float32'>>();
  for (const [name, value] of parameters) {
    const shape = value.shape as readonly number[];
    const draw = drawer(rule(name, shape), randomStream(seed, ['initial', name]));
    tensors.set(name, float32(Float32Array.from({ length: sizeOf(shape) }, draw), shape));
  }
  return tensors;
}

function drawer(initial: Initial, stream: RandomStream): () => number {
  if ('normal' in initial) return () => initial.normal * stream.normal();
  if ('uniform' in initial) return () => initial.uniform * (2 * stream.next() - 1);
  return () => initial.constant;
}
