import type { Graph } from '../graph/graph.ts';
import type { Backend } from './backend.ts';
import type { Encoded } from './encode.ts';
import type { Device, Precision } from './traits.ts';
import type { WeightSource } from './weight-source.ts';

/** The model that is to be computed with, as far as it decides which engine is faster. */
export interface Work {
  /** Of its hidden states. */
  readonly width: number;
  /** Of its weights in float32. */
  readonly bytes: number;
}

/** How an engine is to compute. */
export interface Wanted {
  /** Where there is a choice. @default what the engine is fastest in on this CPU */
  readonly precision?: Precision | undefined;
  /** @default 'cpu' */
  readonly device?: Device;
  /** Threads of one run; 0 lets the engine choose. Results are the same bits for the same number. @default 0 */
  readonly threads?: number;
  /**
   * Says how large the model is, where `auto` has to know (see `workOf`).
   * @default unknown: `auto` is ONNX Runtime
   */
  readonly work?: (() => Promise<Work>) | undefined;
}

/** What a backend is opened with. */
export interface OpenOptions extends Omit<Wanted, 'work'> {
  /** Path of the native library, where `find` gave one. */
  readonly library?: string;
}

/** What was found of an engine on this machine: what to open it with, or why it cannot be. */
export type Found =
  | {
      readonly library: string;
      readonly precision: Precision;
      /** Said behind the engine's description. */
      readonly note?: string;
    }
  | { readonly missing: string; readonly expected: string; readonly remedy: string };

/** Whether `auto` takes an engine, and why (not), in few words. */
export interface Choice {
  readonly takes: boolean;
  readonly why: string;
  /** Taken only where it is faster on a block of this width, which is measured. */
  readonly width?: number;
}

/** How a graph is to be encoded. */
export interface EncodeOptions {
  /** Whether weights are best given as inputs, so that sessions share them. */
  readonly sharesWeights: boolean;
  /** Whether the session rearranges weights for itself. */
  readonly prepack: boolean;
  /** What matrix products are to be computed in. */
  readonly precision: Precision;
  /** See `CompileOptions`. */
  readonly append: Readonly<Record<string, string>>;
  readonly cached: readonly string[];
}

/** An engine: `engines.ts` has one of each. */
export interface EngineRecord {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly devices: readonly Device[];
  readonly precisions: readonly Precision[];
  /** Writes a graph as its backend reads it. */
  encode(graph: Graph, weights: WeightSource, options: EncodeOptions): Promise<Encoded>;
  /** Opens it in this thread, which its runs will block. */
  open(options: OpenOptions): Promise<Backend>;
  /** Whether all of its engines compute in one thread. Absent: each has its own. */
  readonly sharesThread?: boolean;
  /** Sets what its library reads of the environment, before its thread starts. */
  prepare?(env: NodeJS.ProcessEnv): void;
  /** Looks for what it needs beside packages. Absent: nothing. */
  find?(wanted: Wanted): Promise<Found>;
  /** Whether `auto` takes it; undefined: it says nothing to what is wanted. Absent: never. */
  choose?(wanted: Wanted): Promise<Choice | undefined>;
  /** What else helps when its self-test has failed. */
  readonly remedy?: string;
}
