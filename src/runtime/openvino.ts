/** I/O: OpenVINO, a second engine: bf16 on CPUs that have it. Its library is optional. */
import { availableParallelism } from 'node:os';
import { InternalError } from '../errors.ts';
import type { DType, Tensor } from '../tensor.ts';
import type { Backend, LoadRequest, SharedWeight } from './backend.ts';
import { hasBf16 } from './cpu.ts';
import { returnLargeBlocks } from './native.ts';
import { elementTypes, newIr, placed, type Slot, slotsIn, unpacked } from './openvino-ir.ts';
import { loadOpenVino, type OpenVino, type Pointer } from './openvino-library.ts';
import { narrowWeights } from './openvino-narrow.ts';
import { type Model, outputsOf, type Request, requestOf } from './openvino-requests.ts';
import { type Bytes, isMapped, type Stretch, stretchOf } from './openvino-weights.ts';
import type { OpenOptions } from './record.ts';
import { sharedWeights } from './shared-weights.ts';
import { settle, stateCalls, states, targetOf } from './states.ts';

/** Bytes of constants from which on memory matters. */
const largeModel = 2 ** 26;

interface Loaded extends Model, Pick<LoadRequest, 'keep'> {
  readonly stretch: Stretch;
  /** By the state that holds its past; 0 of a model without one. */
  readonly requests: Map<number, Request>;
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
  // numbers of bf16 but for the smallest; its attention in float32 has no bf16 to read
  const kept = precision === 'bf16' ? 'f16' : 'f32';
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
    // softmax and its gradient are float32 in every precision: probabilities of far-off tokens are 0. Without
    // AVX-512 a choice between integers then reads a condition that is fed, a 1 of 32 bits, as a denormal number: as false
    CPU_DENORMALS_OPTIMIZATION: precision === 'bf16' && hasBf16() ? 'YES' : 'NO',
    KV_CACHE_PRECISION: kept, // its own choice is 8 bits
  };
  const sessions = new Map<number, Loaded>();
  const held = states();
  const frozen = sharedWeights();
  const narrow = narrowWeights();
  let keepLargeBlocks: (() => void) | undefined;
  let count = 0;
  const placedConstants = async ({ model, shared }: LoadRequest) => {
    const { xml, constants } = unpacked(model);
    const slots = slotsIn(xml);
    const loose = shared.filter(({ place }) => !isMapped(place));
    const values = await frozen.acquire(loose);
    try {
      const bytes = new Map<string, Bytes>();
      for (const { index, type } of slots) {
        const key = `${index} ${type}`;
        if (!bytes.has(key)) bytes.set(key, await bytesAs(type, shared[index], values));
      }
      const bytesOf = ({ index, type }: Slot) => bytes.get(`${index} ${type}`)!;
      const stretch = stretchOf(constants, slots, bytesOf);
      return { ...stretch, xml: placed(xml, stretch.offsetOf) };
    } finally {
      frozen.release(loose);
    }
  };
  const bytesAs = async (
    type: Slot['type'],
    weight: SharedWeight,
    values: ReadonlyMap<string, Tensor<'float32'>>,
  ): Promise<Bytes> => {
    const { name, place } = weight;
    const isStored = isMapped(place) && type === elementTypes[place.dtype as DType];
    if (isStored) return place;
    if (type === 'bf16') return narrow.bytesOf(weight);
    const { buffer, byteOffset, byteLength } = values.get(name)!.data;
    return { values: new Uint8Array(buffer, byteOffset, byteLength) };
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
      const { inputs, outputs, keep, append, variables = [] } = request;
      const stretch = await placedConstants(request);
      // what a model keeps of its runs is made anew where one is larger, and not at each run
      if (stretch.length >= largeModel) keepLargeBlocks ??= returnLargeBlocks();
      try {
        const model = openvino.readModel(core, stretch.xml, stretch);
        const compiled = compile(openvino, core, model, properties);
        stretch.release();
        const requests = new Map<number, Request>();
        const names = { inputs, outputs, keep, append, variables };
        sessions.set(count, { compiled, stretch, requests, ...names });
        return count++;
      } catch (cause) {
        stretch.free();
        throw new InternalError(`openvino refused the graph "${request.name}": ${reasonOf(cause)}`);
      }
    },

    async run(id, feeds, stateIds) {
      const session = sessions.get(id);
      if (!session) throw new InternalError(`session ${id} is closed`);
      const sources = stateIds.map(held.of);
      const target = targetOf(sources, session);
      const holder = session.variables.length > 0 ? stateIds.at(-1)! : 0;
      try {
        const request = session.requests.get(holder) ?? requestOf(openvino, session);
        session.requests.set(holder, request);
        request.run(feeds, sources);
        session.stretch.release(); // a new shape may have had weights rearranged anew
        const results = outputsOf(session).map((name) => {
          const tensor = request.output(name);
          // rows are copied to where they are appended; others before the next run overwrites them
          return [name, name in session.append ? tensor : copyOf(tensor)] as const;
        });
        return settle(results, session, target);
      } catch (cause) {
        if (cause instanceof InternalError) throw cause;
        throw new InternalError(`openvino: ${reasonOf(cause)}`);
      }
    },

    async unload(id) {
      const session = sessions.get(id);
      if (!session) return;
      sessions.delete(id);
      for (const request of session.requests.values()) request.free();
      openvino.free('compiled', session.compiled);
      session.stretch.free();
    },

    ...stateCalls(held),

    async writeState(id, tensors) {
      for (const { variables, requests } of sessions.values()) {
        if (!variables.some(({ input }) => input in tensors)) continue;
        requests.get(id)?.free(); // it begins anew
        requests.delete(id);
      }
      held.write(id, tensors);
    },

    async selectState(id, axes, rows) {
      const inside = new Set<string>();
      for (const { variables, requests } of sessions.values()) {
        const request = variables.length > 0 ? requests.get(id) : undefined;
        const names = request ? variables.map(({ input }) => input) : [];
        if (names.some((name) => name in axes)) request!.select(rows);
        for (const name of names) inside.add(name);
      }
      const outside = Object.entries(axes).filter(([name]) => !inside.has(name));
      held.select(id, Object.fromEntries(outside), rows);
    },

    async dropState(id) {
      for (const { variables, requests } of sessions.values()) {
        if (variables.length === 0) continue;
        requests.get(id)?.free();
        requests.delete(id);
      }
      held.drop(id);
    },

    async close() {
      for (const id of [...sessions.keys()]) await this.unload(id);
      held.clear();
      narrow.close();
      openvino.free('core', core);
      keepLargeBlocks?.();
    },
  };
}

/** Compiles a model and frees it. */
function compile(
  openvino: OpenVino,
  core: Pointer,
  model: Pointer,
  properties: Readonly<Record<string, string>>,
): Pointer {
  try {
    return openvino.compileModel(core, model, properties);
  } finally {
    openvino.free('model', model);
  }
}

function copyOf(tensor: Tensor): Tensor {
  return { ...tensor, data: tensor.data.slice() } as Tensor;
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
  const constants = stretchOf(new Uint8Array(8), [], () => ({ values: new Uint8Array(0) }));
  const model = openvino.readModel(core, ir.finish().xml, constants);
  const compiled = compile(openvino, core, model, properties);
  const precision = openvino.property(compiled, 'INFERENCE_PRECISION_HINT');
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
