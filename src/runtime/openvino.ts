/** I/O: OpenVINO, a second engine: bf16 on CPUs that have it. Its library is optional. */
import { availableParallelism } from 'node:os';
import { InternalError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { Backend, LoadRequest } from './backend.ts';
import { copiesIn, newIr, placed, unpacked } from './openvino-ir.ts';
import { loadOpenVino, type OpenVino, type Pointer } from './openvino-library.ts';
import { isMapped, type Stretch, stretchOf } from './openvino-weights.ts';
import type { OpenOptions } from './record.ts';
import { sharedWeights } from './shared-weights.ts';
import { lookUp, settle, stateCalls, states, targetOf } from './states.ts';

interface Loaded extends Pick<LoadRequest, 'inputs' | 'outputs' | 'keep' | 'append'> {
  readonly compiled: Pointer;
  readonly request: Pointer;
  readonly stretch: Stretch;
  /** What the request has been given: the library reads it where it is. */
  readonly given: Map<string, Tensor>;
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
    // of what the graph leaves in float32; what it has in bfloat16 is computed in that
    INFERENCE_PRECISION_HINT: 'f32',
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
  const placedConstants = async ({ model, shared }: LoadRequest) => {
    const loose = shared.filter(({ place }) => !isMapped(place));
    const tensors = await frozen.acquire(loose);
    try {
      const { xml, constants } = unpacked(model);
      const values = new Map([...tensors].map(([name, { data }]) => [name, data]));
      const stretch = stretchOf(constants, shared, { values, copies: copiesIn(xml) });
      return { ...stretch, xml: placed(xml, stretch.offsetOf) };
    } finally {
      frozen.release(loose);
    }
  };

  return {
    async describe() {
      const [version] = openvino.build.split('-');
      const found = realPrecision(openvino, core, {
        ...properties,
        INFERENCE_PRECISION_HINT: precision,
      });
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
      const { inputs, outputs, keep, append } = request;
      const stretch = await placedConstants(request);
      try {
        const model = openvino.readModel(core, stretch.xml, stretch);
        const compiled = compile(openvino, core, model, properties);
        stretch.release();
        const given = new Map<string, Tensor>();
        sessions.set(count, { ...compiled, stretch, given, inputs, outputs, keep, append });
        return count++;
      } catch (cause) {
        stretch.free();
        throw new InternalError(`openvino refused the graph "${request.name}": ${reasonOf(cause)}`);
      }
    },

    async run(id, feeds, stateIds) {
      const session = sessions.get(id);
      if (!session) throw new InternalError(`session ${id} is closed`);
      const { request, inputs, outputs, given, stretch } = session;
      const sources = stateIds.map(kept.of);
      const target = targetOf(sources, session);
      const tensors = inputs.map((name) => [name, feeds[name] ?? lookUp(name, sources)] as const);
      try {
        for (const [name, tensor] of tensors) {
          if (given.get(name) === tensor) continue;
          openvino.setInput(request, name, tensor);
          given.set(name, tensor);
        }
        openvino.infer(request);
      } catch (cause) {
        throw new InternalError(`openvino: ${reasonOf(cause)}`);
      }
      stretch.release(); // a new shape may have had weights rearranged anew
      const results = outputs.map((name, i) => [name, openvino.output(request, i)] as const);
      return settle(results, session, target);
    },

    async unload(id) {
      const session = sessions.get(id);
      if (!session) return;
      sessions.delete(id);
      openvino.free('request', session.request);
      openvino.free('compiled', session.compiled);
      session.stretch.free();
    },

    ...stateCalls(kept),

    async close() {
      for (const id of [...sessions.keys()]) await this.unload(id);
      kept.clear();
      openvino.free('core', core);
    },
  };
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
  const ir = newIr();
  const shape = { shape: '?,?', element_type: 'f32' };
  const x = ir.layer('Parameter', [], { type: 'f32', tensor: 'x', data: shape });
  const plain = { transpose_a: false, transpose_b: false };
  ir.layer('Result', [ir.layer('MatMul', [x, x], { data: plain })]);
  const constants = stretchOf(new Uint8Array(8), [], { values: new Map(), copies: 1 });
  const model = openvino.readModel(core, ir.finish().xml, constants);
  const { compiled, request } = compile(openvino, core, model, properties);
  const precision = openvino.property(compiled, 'INFERENCE_PRECISION_HINT');
  openvino.free('request', request);
  openvino.free('compiled', compiled);
  constants.free();
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
