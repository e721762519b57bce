import type { Graph, Value } from '../graph/graph.ts';

/** Inputs or outputs of a model, by name. */
export type Interface = ReadonlyMap<string, Pick<Value, 'dtype' | 'shape'>>;

/** Inputs of a graph that the model takes from its own inputs in one case, and computes in the other. */
export interface Choice {
  /** The bool [1] input that says whether they are given. */
  readonly isGiven: string;
  readonly chosen: readonly {
    /** Name of the graph's input. */
    readonly input: string;
    /** Name in the model, which is an output of it. */
    readonly output: string;
    /** Name of the model's input that is taken. */
    readonly given: string;
  }[];
  /** Computes them: outputs of the names of the graph's inputs. */
  readonly computed: Graph;
}

/** A model as its users see it, before anybody asks in which precision. */
export interface ExportedModel {
  readonly graph: Graph;
  readonly choice?: Choice;
  readonly inputs: Interface;
  readonly outputs: Interface;
  /** Inputs and outputs that are float16 when the precision is: a past. @default none */
  readonly isHalf?: (name: string) => boolean;
}
