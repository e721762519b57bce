/** I/O: ONNX Runtime, the default engine. The only file that imports onnxruntime-node. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import type * as Ort from 'onnxruntime-node';
import { InternalError, UnavailableError } from '../errors.ts';
import type { DType, Tensor } from '../tensor.ts';
import type { Backend, Device, EngineOptions, Feeds, LoadRequest } from './engine.ts';

interface Loaded {
  readonly session: Ort.InferenceSession;
  readonly keep: Readonly<Record<string, string>>;
}

/** ONNX Runtime in the thread of the caller: a run blocks it. */
export function onnxRuntimeBackend({ device = 'cpu', threads = 0 }: EngineOptions = {}): Backend {
  const ort = loadOnnxRuntime();
  const used = threads || availableParallelism();
  const sessions = new Map<number, Loaded>();
  const states = new Map<number, Map<string, Ort.Tensor>>();
  let count = 0;

  const stateOf = (id: number) => {
    const state = states.get(id);
    if (!state) throw new InternalError(`state ${id} is closed`);
    return state;
  };
  const toOrt = ({ dtype, data, shape }: Tensor) =>
    new ort.Tensor(dtype as 'float32', data as Float32Array, [...shape]);

  return {
    describe: async () =>
      `onnxruntime ${ort.env.versions.node ?? ''} ${device}, ${used} thread${used > 1 ? 's' : ''}`,

    async load({ model, folder, keep, prepack }: LoadRequest) {
      const extra = {
        session: {
          ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
          ...(prepack ? {} : { disable_prepacking: '1' }),
          'intra_op.allow_spinning': '0', // waiting threads would eat the cores that others need
        },
      };
      const options: Ort.InferenceSession.SessionOptions = {
        executionProviders: [device],
        graphOptimizationLevel: 'all',
        // plans hold for one shape alone, and shapes change: a plan only doubles the peak memory
        enableMemPattern: false,
        intraOpNumThreads: used,
        interOpNumThreads: 1,
        logSeverityLevel: 3,
        extra,
      };
      const session = await ort.InferenceSession.create(model, options).catch((cause: unknown) => {
        throw loadError(device, cause);
      });
      sessions.set(count, { session, keep });
      return count++;
    },

    async run(id, feeds, stateIds) {
      const loaded = sessions.get(id);
      if (!loaded) throw new InternalError(`session ${id} is closed`);
      const { session, keep } = loaded;
      const sources = stateIds.map(stateOf);
      const target = sources[sources.length - 1];
      if (!target && Object.keys(keep).length > 0) {
        throw new InternalError('run: outputs are kept, but no state was given to keep them in');
      }
      const inputs: Record<string, Ort.Tensor> = {};
      for (const name of session.inputNames) {
        const fed = feeds[name];
        const kept = fed ? undefined : sources.find((source) => source.has(name));
        const tensor = fed ? toOrt(fed) : kept?.get(name);
        if (!tensor) throw new InternalError(`run: input "${name}" is neither fed nor in a state`);
        inputs[name] = tensor;
      }
      const outputs = await session.run(inputs);
      const results: Record<string, Tensor> = {};
      for (const [name, tensor] of Object.entries(outputs)) {
        if (name in keep) target.set(keep[name], tensor);
        else results[name] = fromOrt(tensor);
      }
      return results;
    },

    async unload(id) {
      const loaded = sessions.get(id);
      sessions.delete(id);
      await loaded?.session.release();
    },

    async openState(id) {
      states.set(id, new Map());
    },

    async writeState(id, tensors: Feeds) {
      const state = stateOf(id);
      for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
        state.set(name, toOrt({ dtype, shape, data: data.slice() } as Tensor)); // the caller keeps its own
      }
    },

    async dropState(id) {
      states.delete(id);
    },

    async close() {
      for (const id of [...sessions.keys()]) await this.unload(id);
      states.clear();
    },
  };
}

function fromOrt({ type, dims, data }: Ort.Tensor): Tensor {
  return { dtype: type as DType, shape: dims, data } as Tensor;
}

/** The library is CommonJS with a native part, so it is loaded when the first engine is made. */
function loadOnnxRuntime(): typeof Ort {
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

function loadError(device: Device, cause: unknown): Error {
  const message = (cause as Error).message;
  if (device === 'cpu') return new InternalError(`onnxruntime refused the graph: ${message}`);
  return new UnavailableError(
    `device ${device}`,
    'a device and driver that ONNX Runtime can use',
    message.split('\n')[0],
    'Choose --device cpu, which is always there.',
    cause,
  );
}
