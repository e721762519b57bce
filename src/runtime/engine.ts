import { InputError, InternalError } from '../errors.ts';
import { weightBytes } from '../graph/cost.ts';
import { type Graph, reachable, readBy } from '../graph/graph.ts';
import { encodeOnnx, inputsUsed, shapeNodes, weightsUsed } from '../graph/onnx.ts';
import { type DType, sizeOf, type Tensor } from '../tensor.ts';
import { separateSquares } from './openvino-graph.ts';
import { besideWeights } from './openvino-weights.ts';
import type { Device, EngineTraits, Precision } from './traits.ts';

/** Libraries that compute; `auto` takes the fastest one that is there and right. */
export const engineNames = ['auto', 'onnxruntime', 'openvino'] as const;
/** Name of an engine. */
export type EngineName = (typeof engineNames)[number];

/** The model that is to be computed with, as far as it decides which engine is faster. */
export interface Work {
  /** Of its hidden states. */
  readonly width: number;
  /** Of its weights in float32. */
  readonly bytes: number;
}

/**
 * The narrowest model on which OpenVINO was seen to be faster than ONNX Runtime: FLAN-T5-small
 * (docs/numerics.md). On the demo's, 96 wide, it is slower and takes more memory.
 */
export const leastWidth = 512;

/** What computes, where and how wide. */
export interface EngineOptions {
  /** @default 'auto' */
  engine?: EngineName;
  /**
   * Says how large the model is, where `auto` has to know (see `workOf`).
   * @default unknown: `auto` is ONNX Runtime
   */
  work?: (() => Promise<Work>) | undefined;
  /** For OpenVINO; ONNX Runtime has f32 alone. @default 'bf16' where the CPU has it */
  precision?: Precision | undefined;
  /** @default 'cpu' */
  device?: Device;
  /** Threads of one run; 0 lets the engine choose. Results are the same bits for the same number. @default 0 */
  threads?: number;
}

/** Tensors by name. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** Where a weight's bytes lie. */
export interface WeightLocation {
  /** Absolute path. */
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly dtype: 'float32' | 'float16' | 'bfloat16' | 'float64';
  /** Elements from one index to the next, when they do not lie one after the other. */
  readonly strides?: readonly number[];
}

/** What an engine has to know of a graph besides itself. */
export interface CompileOptions {
  /** What the graph does, for people: errors and profiles. @default 'graph' */
  name?: string;
  /** Finds a frozen weight by its name. */
  weights?: (name: string) => WeightLocation;
  /** Outputs that stay with the engine after a run: output name to the input that it becomes. */
  keep?: Readonly<Record<string, string>>;
  /** The same for float32, but rows (axis 0) are added behind those that the input has, if any. */
  append?: Readonly<Record<string, string>>;
  /** Rearrange weights for speed at the price of a second copy in memory. @default false */
  prepack?: boolean;
  /**
   * Keep the memory of a run for the next one. For runs that take and free blocks of the same sizes
   * again and again, which a system's allocator may fail to fit together (docs/numerics.md, memory).
   * @default false
   */
  keepsMemory?: boolean;
}

/** Runs graphs. Everything that computes on tensors larger than a vector goes through one. */
export interface Engine extends EngineTraits {
  /** The name that it is asked for by. */
  readonly name: string;
  /** Library, version, device and threads, for people. */
  readonly description: string;
  /** Makes the outputs of a graph computable. */
  compile(graph: Graph, options?: CompileOptions): Promise<Session>;
  /** Tensors that stay with the engine between runs. */
  state(tensors?: Feeds): Promise<State>;
  /** Waits for the runs under way; sessions and states go with it. */
  close(): Promise<void>;
}

/** A compiled graph. */
export interface Session {
  /** Names of the inputs that a run needs. */
  readonly inputs: readonly string[];
  /** Bytes of weights that it holds for itself, beside those that sessions share. */
  readonly ownBytes: number;
  /**
   * Computes the outputs. An input that is not fed is looked up in the states, first to last; kept
   * and appended outputs go to the last state.
   */
  run(feeds: Feeds, ...states: State[]): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

/** Named tensors inside an engine: an adapter, a key–value cache. */
export interface State {
  readonly id: number;
  /** Adds tensors, or replaces them. */
  write(tensors: Feeds): Promise<void>;
  /** Tells how many rows tensors that are appended to will have. */
  reserve(rows: Readonly<Record<string, number>>): Promise<void>;
  /** Keeps some rows of float32 tensors, in ascending order, along one axis each. */
  select(axes: Readonly<Record<string, number>>, rows: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

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
  readonly keep: Readonly<Record<string, string>>;
  readonly append: Readonly<Record<string, string>>;
  readonly prepack: boolean;
  readonly keepsMemory: boolean;
}

/** A frozen weight that all sessions read from one place in memory. */
export interface SharedWeight extends WeightLocation {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What a backend is. */
export interface BackendDescription extends EngineTraits {
  /** The name that the engine is asked for by. */
  readonly name: string;
  /** Library, version, device and threads, for people. */
  readonly description: string;
  /** Whether weights are best given as inputs, so that sessions share them. */
  readonly sharesWeights: boolean;
  /** Whose habits a model has to suit. @default none: standard ONNX, weight files by name */
  readonly dialect?: 'openvino';
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

/** The engine over a backend. */
export async function engineOver(backend: Backend): Promise<Engine> {
  const { sharesWeights, dialect, ...traits } = await backend.describe();
  let states = 0;
  let closed = false;
  const checkOpen = () => {
    if (closed) throw new InternalError('the engine is closed');
  };
  return {
    ...traits,
    async compile(graph, options = {}) {
      checkOpen();
      const {
        name = 'graph',
        weights = noWeights,
        keep = {},
        append = {},
        prepack = false,
        keepsMemory = false,
      } = options;
      const inputs = inputsUsed(graph);
      const outputs = [...graph.outputs.keys()];
      const encoded =
        dialect === 'openvino'
          ? await encodeForOpenVino(graph, weights)
          : encodeModel(graph, weights, sharing(graph, sharesWeights && !prepack));
      const kept = { keep, append, prepack, keepsMemory };
      const request = { name, ...encoded, inputs, outputs, shapeNodes: shapeNodes(graph), ...kept };
      const session = await backend.load(request);
      return {
        inputs,
        ownBytes: sharesWeights && prepack ? weightBytes(graph.weights.values()) : 0,
        async run(feeds, ...from) {
          checkOpen();
          checkFeeds(graph, feeds);
          const ids = from.map((state) => state.id);
          return backend.run(session, feeds, ids);
        },
        close: async () => (closed ? undefined : backend.unload(session)),
      };
    },
    async state(tensors = {}) {
      checkOpen();
      const id = states++;
      await backend.openState(id);
      await backend.writeState(id, tensors);
      return {
        id,
        async write(more) {
          checkOpen();
          return backend.writeState(id, more);
        },
        async reserve(rows) {
          checkOpen();
          return backend.reserveState(id, rows);
        },
        async select(axes, rows) {
          checkOpen();
          return backend.selectState(id, axes, rows);
        },
        close: async () => (closed ? undefined : backend.dropState(id)),
      };
    },
    async close() {
      if (closed) return;
      closed = true;
      await backend.close();
    },
  };
}

function noWeights(name: string): never {
  throw new InternalError(`the graph needs weight "${name}", but no weights were given`);
}

type Weights = (name: string) => WeightLocation;
type IsInput = (location: WeightLocation, name: string) => boolean;

async function encodeForOpenVino(graph: Graph, weights: Weights) {
  const names = weightsUsed(graph);
  const { weights: real, beside } = await besideWeights(names, weights);
  const cannotMap = names.some((name) => mustBeRead(real(name)));
  if (!beside || cannotMap) return encodeModel(graph, real, () => true);
  const separate = separateSquares(graph, real);
  return encodeModel(separate.graph, separate.weights, () => false);
}

function encodeModel(graph: Graph, weights: Weights, isInput: IsInput) {
  const shared: SharedWeight[] = [];
  let folder: string | undefined;
  const model = encodeOnnx(graph, (name) => {
    const location = weights(name);
    const { file, dtype, ...place } = location;
    if (dtype === 'float64' || isInput(location, name)) {
      shared.push({ name, shape: graph.weights.get(name)!.shape as number[], ...location });
      return 'input';
    }
    const cut = Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\'));
    const parent = file.slice(0, cut) || '/';
    if (folder !== undefined && folder !== parent) {
      throw new InputError(
        'weights',
        `all files in ${folder}`,
        file,
        'Put the shards into one folder.',
      );
    }
    folder = parent;
    return { location: file.slice(cut + 1), dtype, ...place };
  });
  return { model, folder, shared };
}

/** Weights that sessions share: those whose every element is read, in memory as float32. */
function sharing(graph: Graph, shares: boolean): IsInput {
  if (!shares) return mustBeRead;
  const whole = readWhole(graph);
  return (location, name) =>
    whole.has(name) || location.dtype !== 'float32' || mustBeRead(location);
}

/** Weights that no library can map as they lie: out of order, beginning within an element, or too wide. */
function mustBeRead({ dtype, offset, strides }: WeightLocation): boolean {
  if (dtype === 'float64' || strides !== undefined) return true;
  return offset % (dtype === 'float32' ? 4 : 2) !== 0;
}

/** Names of the weights of which every element is read: all but tables that rows are taken from. */
function readWhole(graph: Graph): Set<string> {
  const names = new Set<string>();
  for (const value of reachable(graph.outputs.values())) {
    const { source } = value;
    const isGather = source.kind === 'op' && source.op.onnx === 'Gather';
    for (const { source: input } of readBy(value).slice(isGather ? 1 : 0))
      if (input.kind === 'weight') names.add(input.name);
  }
  return names;
}

/** A wrong dtype or size deep inside an engine is hard to read; here it has a name. */
function checkFeeds(graph: Graph, feeds: Feeds): void {
  const sizes = new Map<string, { size: number; name: string }>();
  for (const [name, tensor] of Object.entries(feeds)) {
    const input = graph.inputs.get(name);
    if (!input) throw new InternalError(`run: the graph has no input "${name}"`);
    const fits =
      tensor.shape.length === input.shape.length &&
      input.shape.every((dim, i) => typeof dim === 'string' || dim === tensor.shape[i]);
    if (!fits || tensor.dtype !== input.dtype) {
      const expected = `${input.dtype satisfies DType} [${input.shape}]`;
      throw new InternalError(
        `run: "${name}" is ${tensor.dtype} [${tensor.shape}], not ${expected}`,
      );
    }
    if (tensor.data.length !== sizeOf(tensor.shape)) {
      const elements = `${tensor.data.length} elements`;
      throw new InternalError(`run: "${name}" is [${tensor.shape}], but has ${elements}`);
    }
    for (const [i, dim] of input.shape.entries()) {
      if (typeof dim === 'number') continue;
      const size = tensor.shape[i];
      const first = sizes.get(dim) ?? { size, name };
      sizes.set(dim, first);
      if (first.size === size) continue;
      throw new InternalError(
        `run: ${dim} is ${first.size} in "${first.name}", but ${size} in "${name}"`,
      );
    }
  }
}
