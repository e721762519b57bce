import type { Tensor } from '../tensor.ts';
import type { Feeds } from './feeds.ts';
import type { EngineTraits } from './traits.ts';
import type { WeightLocation } from './weight-source.ts';

/** A model as bytes, as it crosses threads. */
export interface LoadRequest {
  readonly name: string;
  readonly model: Uint8Array;
  /** Names of the graph's inputs, without weights. */
  readonly inputs: readonly string[];
  /** Names of its outputs, in the model's order. */
  readonly outputs: readonly string[];
  /** Names of the model's nodes that tell shapes. */
  readonly shapeNodes: readonly string[];
  /** Folder of the weight files that the model refers to; absent when it has none. */
  readonly folder: string | undefined;
  /** Weights that are inputs of the model. */
  readonly shared: readonly SharedWeight[];
  /** Inputs that the model grows itself, from the first run with a state on. @default none */
  readonly variables?: readonly Variable[];
  readonly keep: Readonly<Record<string, string>>;
  readonly append: Readonly<Record<string, string>>;
  readonly prepack: boolean;
  readonly keepsMemory: boolean;
  readonly needsRoom: boolean;
}

/** A past that a model holds: [rows, batch, …], of which each run adds one row. */
export interface Variable {
  /** The input that it begins with. */
  readonly input: string;
  /** The output that would be appended to it. */
  readonly output: string;
  /** The input that tells its sizes, where the model asks for them. */
  readonly sizes?: string;
}

/** The input of a model with variables that tells which of their rows go on: int32 [batch]. */
export const rowsInput = 'rows that go on';

/** A frozen weight that all sessions read from one place in memory. */
export interface SharedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  /** Shape of the tensor that it begins each axis of; the rest of it is 0. @default its own */
  readonly within?: readonly number[];
  readonly place: WeightLocation | HeldWeight;
}

/** A weight that lies in no file. */
export interface HeldWeight {
  /** Number of the source that it was read from: another one may have another weight of this name. */
  readonly source: number;
  readonly values: Float32Array;
}

/** What a backend is. */
export interface BackendDescription extends EngineTraits {
  /** Library, version, device and threads, for people. */
  readonly description: string;
  /** Whether weights are best given as inputs, so that sessions share them. */
  readonly sharesWeights: boolean;
}

/** What an engine has to be able to do, in plain data: in this thread, or at the end of a wire. */
export interface Backend {
  describe(): Promise<BackendDescription>;
  load(request: LoadRequest): Promise<number>;
  run(session: number, feeds: Feeds, states: readonly number[]): Promise<Record<string, Tensor>>;
  unload(session: number): Promise<void>;
  openState(state: number): Promise<void>;
  writeState(state: number, tensors: Feeds): Promise<void>;
  reserveState(state: number, rows: Readonly<Record<string, number>>): Promise<void>;
  selectState(
    state: number,
    axes: Readonly<Record<string, number>>,
    rows: readonly number[],
  ): Promise<void>;
  dropState(state: number): Promise<void>;
  close(): Promise<void>;
}
