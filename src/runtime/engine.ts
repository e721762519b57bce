import { ClosedError } from '../errors.ts';
import { weightBytes } from '../graph/cost.ts';
import type { Graph } from '../graph/graph.ts';
import { inputsUsed, shapeNodes } from '../graph/onnx.ts';
import { readWhole } from '../graph/tables.ts';
import type { Tensor } from '../tensor.ts';
import type { Backend } from './backend.ts';
import { checkFeeds, type Feeds } from './feeds.ts';
import type { Plain } from './plain.ts';
import type { EngineRecord } from './record.ts';
import type { EngineTraits, Precision } from './traits.ts';
import { noWeights, type WeightSource } from './weight-source.ts';

/** What an engine has to know of a graph besides itself. */
export interface CompileOptions {
  /** What the graph does, for people: errors and profiles. @default 'graph' */
  name?: string;
  /** Of its frozen weights. @default none */
  weights?: WeightSource;
  /** Outputs that stay with the engine after a run: output name to the input that it becomes. */
  keep?: Readonly<Record<string, string>>;
  /**
   * The same for float32, but rows (axis 0) are added behind those that the input has, if any. An
   * engine may keep them in what it multiplies in: other sessions that read them say so in `cached`.
   */
  append?: Readonly<Record<string, string>>;
  /** Inputs that other sessions appended: an engine may hold them in what it multiplies in. @default none */
  cached?: readonly string[];
  /** Rearrange weights for speed at the price of a second copy in memory. @default false */
  prepack?: boolean;
  /**
   * Keep the memory of a run for the next one. For runs that take and free blocks of the same sizes
   * again and again, which a system's allocator may fail to fit together (docs/numerics.md, memory).
   * @default false
   */
  keepsMemory?: boolean;
  /**
   * Its runs take much memory: weights that other sessions alone read may be given back before, and
   * read again when those run.
   * @default false
   */
  needsRoom?: boolean;
}

/** Runs graphs. Everything that computes on tensors larger than a vector goes through one. */
export interface Engine extends EngineTraits {
  /** The name that it is asked for by. */
  readonly name: string;
  /** All that it could compute matrix products in. */
  readonly precisions: readonly Precision[];
  /** Library, version, device and threads, for people. */
  readonly description: string;
  /** Makes the outputs of a graph computable. */
  compile(graph: Graph, options?: CompileOptions): Promise<Session>;
  /** Tensors that stay with the engine between runs. */
  state(tensors?: Feeds): Promise<State>;
  /**
   * Runs that it can do at the same time, 1 or more: who has several that do not need each other starts
   * so many at once. It may change while the engine works.
   */
  readonly lanes: number;
  /**
   * Most rows of one run of a batch; fewer let more lanes share it. Bits depend on which rows share a run,
   * so it belongs to what is computed, not to who computes it. @default as many as fit
   */
  readonly rowsPerRun?: number | undefined;
  /**
   * Does a routine, by its name, where the graphs are run: work of many small runs, each of which
   * would wait for the way there and back. Missing where they are run here.
   */
  readonly call?: (
    routine: string,
    args: Plain,
    refs: References,
    signal?: AbortSignal,
  ) => Promise<Plain>;
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

/** What of an engine a routine works with. */
export interface References {
  readonly sessions: readonly Session[];
  readonly states: readonly State[];
}

/**
 * Work of many runs on one engine: the same arguments give the same result, on whatever machine and
 * however often it is done.
 * @param refs of this engine
 * @throws {InputError} when the arguments are none of it
 */
export type Routine = (
  engine: Engine,
  args: Plain,
  refs: References,
  signal?: AbortSignal,
) => Promise<Plain>;

/** What an engine is besides its backend. */
type Encoder = Pick<EngineRecord, 'name' | 'precisions' | 'encode'>;

/** The engine over a backend. */
export async function engineOver(backend: Backend, record: Encoder): Promise<Engine> {
  const { name, precisions } = record;
  const { sharesWeights, ...traits } = await backend.describe();
  let states = 0;
  let closed = false;
  const checkOpen = () => {
    if (closed) throw new ClosedError('the engine is closed');
  };
  return {
    name,
    precisions,
    ...traits,
    lanes: 1, // runs wait for each other in its thread
    async compile(graph, options = {}) {
      checkOpen();
      const {
        name: title = 'graph',
        weights = noWeights,
        keep = {},
        append = {},
        cached = [],
        prepack = false,
        keepsMemory = false,
        needsRoom = false,
      } = options;
      const inputs = inputsUsed(graph);
      const { precision } = traits;
      const how = { sharesWeights, prepack, precision, append, cached };
      const session = await backend.load({
        name: title,
        ...(await record.encode(graph, weights, how)),
        inputs,
        outputs: [...graph.outputs.keys()],
        shapeNodes: shapeNodes(graph),
        ...{ keep, append, prepack, keepsMemory, needsRoom },
      });
      return {
        inputs,
        ownBytes: sharesWeights && prepack ? weightBytes(readWhole(graph)) : 0,
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
