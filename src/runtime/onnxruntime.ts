/** I/O: ONNX Runtime, the default engine. The only file that imports onnxruntime-node. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import type * as Ort from 'onnxruntime-node';
import { InternalError, UnavailableError } from '../errors.ts';
import { Graph } from '../graph/graph.ts';
import { encodeOnnx } from '../graph/onnx.ts';
import { mul } from '../graph/ops/elementwise.ts';
import { type DType, sizeOf, type Tensor } from '../tensor.ts';
import type { Backend, LoadRequest, SharedWeight } from './backend.ts';
import { returnFreeMemory } from './native.ts';
import type { OpenOptions } from './record.ts';
import { sharedWeights } from './shared-weights.ts';
import { lookUp, settle, stateCalls, states, targetOf } from './states.ts';
import { keepQuiet } from './telemetry.ts';
import type { Device } from './traits.ts';

interface Loaded extends Pick<LoadRequest, 'keep' | 'append' | 'shared' | 'needsRoom' | 'prepack'> {
  readonly session: Ort.InferenceSession;
  /** Undefined while another session has their room. */
  weights: ReadonlyMap<string, Ort.Tensor> | undefined;
}

/** ONNX Runtime in the thread of the caller: a run blocks it. */
export function onnxRuntimeBackend({ device = 'cpu', threads = 0 }: OpenOptions = {}): Backend {
  const ort = loadOnnxRuntime();
  const library = `onnxruntime ${ort.env.versions.node ?? ''}`;
  const used = threads || availableParallelism();
  const sessions = new Map<number, Loaded>();
  const kept = states();
  const frozen = sharedWeights();
  let count = 0;

  const toOrt = ({ dtype, data, shape }: Tensor) =>
    new ort.Tensor(dtype as 'float32', data as Float32Array, shape);

  const weightsOf = async (shared: readonly SharedWeight[]) => {
    const weights = await frozen.acquire(shared);
    return new Map([...weights].map(([name, tensor]) => [name, toOrt(tensor)]));
  };

  /** Gives back what other sessions read and this one does not, where that is much. */
  const makeRoom = ({ shared }: Loaded) => {
    const own = new Set(shared.map(({ name }) => name));
    for (const other of sessions.values()) {
      const isApart = other.shared.every(({ name }) => !own.has(name));
      if (!other.weights || !isApart || bytesOf(other.shared) < leastRoom) continue;
      other.weights = undefined;
      frozen.release(other.shared);
      returnFreeMemory();
    }
  };

  return {
    describe: async () => ({
      library,
      description: `${library} ${device}, ${used} thread${used > 1 ? 's' : ''}`,
      device,
      precision: 'f32',
      memory: device === 'cpu' ? 'process' : 'device',
      apart: false,
      // another device would have to be sent them at each run
      sharesWeights: device === 'cpu',
    }),

    async load({ name, model, folder, prepack, keepsMemory, shapeNodes, ...rest }: LoadRequest) {
      const { shared } = rest;
      const options: Ort.InferenceSession.SessionOptions = {
        executionProviders: [providerOf(device, shapeNodes)],
        graphOptimizationLevel: 'all',
        // plans hold for one shape alone, and shapes change: a plan only doubles the peak memory
        enableMemPattern: false,
        // an arena stays as large as the largest run; without, sessions share what is free
        enableCpuMemArena: keepsMemory,
        intraOpNumThreads: used,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
        extra: {
          session: {
            ...(folder !== undefined && { model_external_initializers_file_folder_path: folder }),
            ...(!prepack && { disable_prepacking: '1' }),
            ...((await flushesDenormals(ort)) && flushing),
            // waiting threads would eat the cores that others need; many small steps cannot wait
            'intra_op.allow_spinning': prepack ? '1' : '0',
          },
        },
      };
      const weights = await weightsOf(shared);
      if (prepack) frozen.rest(); // it has what it multiplies by for itself
      try {
        const session = await ort.InferenceSession.create(model, options);
        sessions.set(count, { session, weights, prepack, ...rest });
        return count++;
      } catch (cause) {
        frozen.release(shared);
        throw device !== 'cpu' && count === 0 ? noDevice(device, cause) : refused(name, cause);
      }
    },

    async run(id, feeds, stateIds) {
      const loaded = sessions.get(id);
      if (!loaded) throw new InternalError(`session ${id} is closed`);
      if (loaded.needsRoom) makeRoom(loaded);
      const { session, shared } = loaded;
      loaded.weights ??= await weightsOf(shared);
      const { weights } = loaded;
      const sources = stateIds.map(kept.of);
      const target = targetOf(sources, loaded);
      const inputs: Record<string, Ort.Tensor> = {};
      for (const name of session.inputNames) {
        inputs[name] = weights.get(name) ?? toOrt(feeds[name] ?? lookUp(name, sources));
      }
      const outputs = await session.run(inputs);
      const tensors = Object.entries(outputs).map(
        ([name, output]) => [name, fromOrt(output)] as const,
      );
      return settle(tensors, loaded, target);
    },

    async unload(id) {
      const loaded = sessions.get(id);
      if (!loaded) return;
      sessions.delete(id);
      if (loaded.weights) frozen.release(loaded.shared);
      await loaded.session.release();
      if (loaded.prepack) returnFreeMemory(); // its own copy of weights lies in many pieces
    },

    ...stateCalls(kept),

    async close() {
      for (const id of [...sessions.keys()]) await this.unload(id);
      kept.clear();
    },
  };
}

/** Bytes of weights that are worth reading again: a quarter of a second, where they are not mapped. */
const leastRoom = 256e6;

/** Bytes of those that lie in files: what was handed over stays where it is. */
function bytesOf(weights: readonly SharedWeight[]): number {
  const inFiles = weights.filter(({ place }) => 'file' in place);
  return inFiles.reduce((sum, { shape, within = shape }) => sum + 4 * sizeOf(within), 0);
}

/** A product with a number below 1.2e-38 takes some processors 20 to 200 times as long as others. */
const flushing = { set_denormal_as_zero: '1' };
let flushes: Promise<boolean> | undefined;

/**
 * Whether this thread computes with 0 in place of denormal numbers. The library sets that for the
 * thread of the process's first session, and for the helpers of each session that asks for it (1.30):
 * where somebody else had the first, or on processors without it, no session asks, since results
 * would depend on which thread computed them. The main thread does not, for JavaScript's own numbers
 * would change with it.
 */
function flushesDenormals(ort: typeof Ort): Promise<boolean> {
  flushes ??= isMainThread
    ? Promise.resolve(false)
    : squareOf(ort, 1e-20).then((square) => square === 0);
  return flushes;
}

async function squareOf(ort: typeof Ort, value: number): Promise<number> {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [1]);
  graph.output('y', mul(x, x));
  const session = await ort.InferenceSession.create(
    encodeOnnx(graph, () => 'input'),
    {
      intraOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: { session: flushing },
    },
  );
  const { y } = await session.run({ x: new ort.Tensor('float32', [value]) });
  await session.release();
  return Number(y.data[0]);
}

/**
 * A device as the library wants it. Its WebGPU provider gives the memory of a `Shape` node's result
 * back before the last node has read it (1.30): sizes come out wrong, in silence, or the process dies.
 * On the CPU the same nodes are right.
 */
function providerOf(
  device: Device,
  shapeNodes: readonly string[],
): Ort.InferenceSession.ExecutionProviderConfig {
  if (device !== 'webgpu' || shapeNodes.length === 0) return device;
  const length = shapeNodes.join('\n').length;
  if (length > mostNames) {
    const got = `${length} characters of names`;
    const expected = `a graph whose Shape nodes have names of ${mostNames} characters`;
    throw new UnavailableError('device webgpu', expected, got, cpuInstead);
  }
  return { name: device, forceCpuNodeNames: shapeNodes };
}

/** Characters of an option's value, in ONNX Runtime: 1,600 layers of a T5. */
const mostNames = 8192;

const cpuInstead = 'Choose `device` cpu, which is always there.';

function fromOrt({ type, dims, data }: Ort.Tensor): Tensor {
  return { dtype: type as DType, shape: dims, data } as Tensor;
}

/** The library is CommonJS with a native part, so it is loaded when the first engine is made. */
function loadOnnxRuntime(): typeof Ort {
  keepQuiet(process.env);
  try {
    return createRequire(import.meta.url)('onnxruntime-node');
  } catch (cause) {
    const platform = `${process.platform}-${process.arch}`;
    throw new UnavailableError(
      'engine onnxruntime',
      `onnxruntime-node with binaries for ${platform}`,
      (cause as Error).message.split('\n')[0],
      'Run: npm install onnxruntime-node --ignore-scripts',
      cause,
    );
  }
}

function refused(name: string, cause: unknown): Error {
  const { message } = cause as Error;
  return new InternalError(`onnxruntime refused the graph "${name}": ${message}`);
}

/** A device that is not there shows when the first graph is loaded. */
function noDevice(device: Device, cause: unknown): Error {
  return new UnavailableError(
    `device ${device}`,
    'a device and driver that ONNX Runtime can use',
    (cause as Error).message.split('\n')[0],
    cpuInstead,
    cause,
  );
}
