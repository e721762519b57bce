import type { Graph, Value } from '../graph/graph.ts';
import { recompute } from '../graph/recompute.ts';

/** Which linear layers get a low-rank adapter, and how strongly it counts. */
export interface LoraShape {
  readonly rank: number;
  /** What the product of the two matrices is multiplied by: alpha / rank. */
  readonly scale: number;
  /** Share of what A reads that is dropped, where a pass has dropout. @default 0 */
  readonly dropout?: number;
  /** Last parts of module paths: `q`, `SelfAttention.q`. */
  readonly targetModules: readonly string[];
  /** Modules of another rank or scale, by their whole paths. @default none */
  readonly exceptions?: ReadonlyMap<string, { readonly rank: number; readonly scale: number }>;
}

/** The two matrices of an adapted layer: A [rank, in], B [out, rank]. */
export interface LoraPair {
  readonly a: Value;
  readonly b: Value;
  readonly scale: number;
}

/**
 * A place in a model, named as in Hugging Face checkpoints. A parameter that may change is an
 * input of the graph; a frozen one is a weight that the engine finds by its name.
 */
export interface Scope {
  readonly graph: Graph;
  readonly path: string;
  child(name: string): Scope;
  /** The parameter `path.name`. */
  weight(name: string, shape: readonly number[]): Value;
  /** int32 [tokens], odd: what dropout follows from; without it nothing is dropped. */
  readonly noise: Value | undefined;
  /** The same place, whose hidden states belong to the tokens of other random numbers. */
  withNoise(noise: Value | undefined): Scope;
  /** The adapter of the linear layer at this path, if it is a target. */
  lora(inputs: number, outputs: number): LoraPair | undefined;
  /** A block of layers: what `build` makes of the inputs; with `gradientCheckpointing` a segment. */
  segment(inputs: readonly Value[], build: (...inputs: Value[]) => Value): Value;
}

/** What of a model is adapted, and what can change. */
export interface ScopeOptions {
  lora?: LoraShape | undefined;
  /** Parameters that are inputs of the graph. @default none */
  variable?: (name: string) => boolean;
  /** Compute each block again in the backward pass instead of keeping what it made. @default false */
  gradientCheckpointing?: boolean | undefined;
}

/**
 * The root of a model's parameters. `parameters` fills up with what is used as an input, `linears`
 * with the paths of the layers that an adapter could sit on.
 */
export function rootScope(
  graph: Graph,
  { lora, variable = () => false, gradientCheckpointing = false }: ScopeOptions,
): { scope: Scope; parameters: Map<string, Value>; linears: Set<string> } {
  const parameters = new Map<string, Value>();
  const linears = new Set<string>();
  const variableAt = (name: string, shape: readonly number[]) => {
    const value = graph.input(name, 'float32', shape);
    parameters.set(name, value);
    return value;
  };
  const at = (path: string, noise?: Value): Scope => ({
    graph,
    path,
    noise,
    child: (name) => at(path ? `${path}.${name}` : name, noise),
    withNoise: (other) => at(path, other),
    weight(name, shape) {
      const full = path ? `${path}.${name}` : name;
      return variable(full) ? variableAt(full, shape) : graph.weight(full, shape);
    },
    lora(inputs, outputs) {
      linears.add(path);
      if (!lora?.targetModules.some((target) => isTarget(path, target))) return undefined;
      const { rank, scale } = lora.exceptions?.get(path) ?? lora;
      return {
        a: variableAt(`${path}.lora_A.weight`, [rank, inputs]),
        b: variableAt(`${path}.lora_B.weight`, [outputs, rank]),
        scale,
      };
    },
    segment: (inputs, build) => (gradientCheckpointing ? recompute : plain)(inputs, build),
  });
  return { scope: at(''), parameters, linears };
}

const plain: Scope['segment'] = (inputs, build) => build(...inputs);

/** A target names a module by its whole path or by the last parts of it, as in PEFT. */
export function isTarget(path: string, target: string): boolean {
  return path === target || path.endsWith(`.${target}`);
}
