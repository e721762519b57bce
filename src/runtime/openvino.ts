/** I/O: OpenVINO, a second engine: bf16 on CPUs that have it. Its library is optional. */
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InternalError } from '../errors.ts';
import { Graph } from '../graph/graph.ts';
import { encodeOnnx } from '../graph/onnx.ts';
import { matmul } from '../graph/ops/linear.ts';
import type { Tensor } from '../tensor.ts';
import type { Backend, LoadRequest } from './backend.ts';
import { loadOpenVino, type OpenVino, type Pointer } from './openvino-library.ts';
import type { OpenOptions } from './record.ts';
import { sharedWeights } from './shared-weights.ts';
import { lookUp, settle, stateCalls, states, targetOf } from './states.ts';

interface Loaded extends Pick<LoadRequest, 'inputs' | 'outputs' | 'shared' | 'keep' | 'append'> {
  readonly compiled: Pointer;
  readonly request: Pointer;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/**
 * OpenVINO in the thread of the caller: a run blocks it. A CPU without bf16 computes in f32 all the same.
 * @param library path of libopenvino_c
 */
export function openVinoBackend({
  library = '',
  precision = 'f32',
  threads = 0,
}: OpenOptions): Backend {
  const openvino = loadOpenVino(library);
  const core = openvino.createCore();
  const used = threads || availableParallelism();
  const properties = {
    INFERENCE_PRECISION_HINT: precision,
    INFERENCE_NUM_THREADS: `${used}`,
    PERFORMANCE_HINT: 'LATENCY', // all threads for one run
    NUM_STREAMS: '1',
    ENABLE_HYPER_THREADING: 'YES', // else there may be fewer threads than were asked for
    ENABLE_CPU_PINNING: 'NO', // two processes would be pinned to the same cores
    // kernels that are kept for shapes met before; without a bound memory grows with each new shape
    CPU_RUNTIME_CACHE_CAPACITY: '16',
  };
  const sessions = new Map<number, Loaded>();
  const kept = states();
  const frozen = sharedWeights();
  let count = 0;

  return {
    async describe() {
      const [version] = openvino.build.split('-');
      const found = realPrecision(openvino, core, properties);
      const name = `openvino ${version}`;
      return {
        library: name,
        description: `${name} cpu ${found}, ${used} thread${used > 1 ? 's' : ''}`,
        device: 'cpu',
        precision: found === 'bf16' ? 'bf16' : 'f32',
        memory: 'process',
        apart: true,
        // constants are converted and rearranged once, when a graph is compiled
        sharesWeights: false,
      };
    },

    async load(request) {
      const { shared, inputs, outputs, keep, append } = request;
      const weights = await frozen.acquire(shared);
      try {
        const model = readModel(openvino, core, request);
        const compiled = compile(openvino, core, model, properties);
        sessions.set(count, { ...compiled, shared, weights, inputs, outputs, keep, append });
        return count++;
      } catch (cause) {
        frozen.release(shared);
        throw new InternalError(`openvino refused the graph "${request.name}": ${reasonOf(cause)}`);
      }
    },

    async run(id, feeds, stateIds) {
      const session = sessions.get(id);
      if (!session) throw new InternalError(`session ${id} is closed`);
      const { request, inputs, outputs, weights } = session;
      const sources = stateIds.map(kept.of);
      const target = targetOf(sources, session);
      const given = inputs.map((name) => [name, feeds[name] ?? lookUp(name, sources)] as const);
      try {
        for (const [name, tensor] of [...given, ...weights]) {
          openvino.setInput(request, name, tensor);
        }
        openvino.infer(request);
      } catch (cause) {
        throw new InternalError(`openvino: ${reasonOf(cause)}`);
      }
      const results = outputs.map((name, i) => [name, openvino.output(request, i)] as const);
      return settle(results, session, target);
    },

    async unload(id) {
      const session = sessions.get(id);
      if (!session) return;
      sessions.delete(id);
      frozen.release(session.shared);
      openvino.free('request', session.request);
      openvino.free('compiled', session.compiled);
    },

    ...stateCalls(kept),

    async close() {
      for (const id of [...sessions.keys()]) await this.unload(id);
      kept.clear();
      openvino.free('core', core);
    },
  };
}

/** A model that refers to weight files is read from a file beside them, which is gone afterwards. */
function readModel(
  openvino: OpenVino,
  core: Pointer,
  { model, folder }: Pick<LoadRequest, 'model' | 'folder'>,
): Pointer {
  if (folder === undefined) return openvino.readModel(core, model);
  const file = join(folder, `.tactful-${randomUUID()}.onnx`);
  try {
    writeFileSync(file, model, { flag: 'wx' });
    return openvino.readModelFile(core, file);
  } finally {
    rmSync(file, { force: true });
  }
}

/** Compiles a model and frees it. */
function compile(
  openvino: OpenVino,
  core: Pointer,
  model: Pointer,
  properties: Readonly<Record<string, string>>,
): Pick<Loaded, 'compiled' | 'request'> {
  try {
    const compiled = openvino.compileModel(core, model, properties);
    try {
      return { compiled, request: openvino.createRequest(compiled) };
    } catch (error) {
      openvino.free('compiled', compiled);
      throw error;
    }
  } finally {
    openvino.free('model', model);
  }
}

/** What matrix products really come out as: a CPU without bf16 computes them in f32. */
function realPrecision(
  openvino: OpenVino,
  core: Pointer,
  properties: Readonly<Record<string, string>>,
): string {
  const graph = new Graph();
  const x = graph.input('x', 'float32', ['n', 'n']);
  graph.output('y', matmul(x, x));
  const model = openvino.readModel(
    core,
    encodeOnnx(graph, () => 'input'),
  );
  const { compiled, request } = compile(openvino, core, model, properties);
  const precision = openvino.property(compiled, 'INFERENCE_PRECISION_HINT');
  openvino.free('request', request);
  openvino.free('compiled', compiled);
  return precision;
}

/** The library's message without the places in its source. */
function reasonOf(cause: unknown): string {
  const lines = (cause as Error).message.split('\n').map((line) => line.trim());
  const telling = lines.filter(
    (line) => !/^(Exception from|Check '.*' failed at) \S+:\d+:?$|^$/.test(line),
  );
  return telling.join(' ') || lines.join(' ');
}
