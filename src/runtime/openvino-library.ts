/** I/O: OpenVINO's C library. */
import { UnavailableError } from '../errors.ts';
import { type DType, sizeOf, type Tensor } from '../tensor.ts';
import { type Koffi, loadKoffi } from './native.ts';

/** Address of an object that the library made. Whoever asked for it frees it. */
export type Pointer = bigint;

/**
 * The calls that tactful makes, with JavaScript's values in place of C's.
 * All throw an Error with the library's own words when it refuses.
 */
export interface OpenVino {
  /** For instance `2026.4.1-22982-e213a147257-releases/2026/4`. */
  readonly build: string;
  createCore(): Pointer;
  /** Reads a model in XML; its constants stay where they are, and have to as long as it is used. */
  readModel(core: Pointer, xml: string, constants: Constants): Pointer;
  compileModel(
    core: Pointer,
    model: Pointer,
    properties: Readonly<Record<string, string>>,
  ): Pointer;
  /** What a property of a compiled model came out as. */
  property(compiled: Pointer, key: string): string;
  createRequest(compiled: Pointer): Pointer;
  /** Gives an input without a copy: its array must live until the run is over. */
  setInput(request: Pointer, name: string, tensor: Tensor): void;
  /** Computes; blocks the thread. */
  infer(request: Pointer): void;
  /** An output in memory of the library, which the next run overwrites. */
  output(request: Pointer, index: number): Tensor;
  free(kind: 'core' | 'model' | 'compiled' | 'request', object: Pointer): void;
}

/** Memory that a model's constants lie in. */
export interface Constants {
  readonly address: bigint;
  readonly length: number;
}

/** `ov_element_type_e`, as it is since 2026.4. */
const elementTypes = { bool: 1, bfloat16: 2, float16: 3, float32: 4, int32: 9, int64: 10 } as const;

/** `u8` of the same. */
const bytesOf = 16;

/** `INVALID_C_PARAM` of `ov_status_e`. */
const invalidParameter = -14;

/**
 * Loads the library.
 * @param file path of libopenvino_c
 * @throws {UnavailableError} when koffi or the library cannot be loaded here, or is too old
 */
export function loadOpenVino(file: string): OpenVino {
  const koffi = koffiFor('engine openvino');
  const { call, version } = bind(koffi, file);
  const run = (name: string, ...args: unknown[]) => {
    const status = call[name](...args);
    if (status !== 0) throw new Error(`${call.ov_get_last_err_msg() ?? `${name} gave ${status}`}`);
  };
  /** A call whose last argument is where its result goes. */
  const result = (name: string, ...args: unknown[]) => {
    const out: [unknown] = [null];
    run(name, ...args, out);
    return out[0] as Pointer;
  };
  const shapeOf = (tensor: Pointer): number[] => {
    const shape = { rank: 0, dims: 0n };
    // "invalid parameter" is what the library has for the shape of a scalar
    if (call.ov_tensor_get_shape(tensor, shape) === invalidParameter) return [];
    const dims = [...new BigInt64Array(koffi.view(shape.dims, 8 * Number(shape.rank)))];
    call.ov_shape_free(shape);
    return dims.map(Number);
  };

  return {
    build: version,
    createCore: () => result('ov_core_create'),
    readModel(core, xml, { address, length }) {
      const size = { rank: 1, dims: BigInt64Array.of(BigInt(length)) };
      const weights = result('ov_tensor_create_from_host_ptr', bytesOf, size, address);
      try {
        const text = Buffer.from(xml);
        return result('ov_core_read_model_from_memory_buffer', core, text, text.length, weights);
      } finally {
        call.ov_tensor_free(weights);
      }
    },
    compileModel(core, model, properties) {
      const list = Object.entries(properties).map(([key, value]) => ({ key, value }));
      return result('ov_core_compile_model_props', core, model, 'CPU', list.length, list);
    },
    property(compiled, key) {
      const text = result('ov_compiled_model_get_property', compiled, key);
      const copy = koffi.decode.string(text);
      call.ov_free(text);
      return copy;
    },
    createRequest: (compiled) => result('ov_compiled_model_create_infer_request', compiled),
    setInput(request, name, { dtype, shape, data }) {
      const size = { rank: shape.length, dims: BigInt64Array.from(shape, BigInt) };
      const host = data.length > 0 ? data : new Uint8Array(8); // nothing may have no address
      const type = elementTypes[dtype];
      const tensor = result('ov_tensor_create_from_host_ptr', type, size, host);
      try {
        run('ov_infer_request_set_tensor', request, name, tensor);
      } finally {
        call.ov_tensor_free(tensor);
      }
    },
    infer: (request) => run('ov_infer_request_infer', request),
    output(request, index) {
      const tensor = result('ov_infer_request_get_output_tensor_by_index', request, index);
      try {
        const shape = shapeOf(tensor);
        const dtype = dtypeOf(Number(result('ov_tensor_get_element_type', tensor)));
        const Data = arrays[dtype];
        const bytes = sizeOf(shape) * Data.BYTES_PER_ELEMENT;
        const address = bytes > 0 ? result('ov_tensor_data', tensor) : 0n;
        const memory = bytes > 0 ? koffi.view(address, bytes) : new ArrayBuffer(0);
        return { dtype, shape, data: new Data(memory) } as Tensor;
      } finally {
        call.ov_tensor_free(tensor);
      }
    },
    free: (kind, object) => void call[frees[kind]](object),
  };
}

const arrays = {
  bool: Uint8Array,
  bfloat16: Uint16Array,
  float16: Uint16Array,
  float32: Float32Array,
  int32: Int32Array,
  int64: BigInt64Array,
};

const frees = {
  core: 'ov_core_free',
  model: 'ov_model_free',
  compiled: 'ov_compiled_model_free',
  request: 'ov_infer_request_free',
};

function dtypeOf(type: number): DType {
  const known = Object.entries(elementTypes).find(([, number]) => number === type);
  if (!known) throw new Error(`an output has element type ${type}, which tactful does not know`);
  return known[0] as DType;
}

/** The library's functions by name, declared as its headers have them. */
function bind(koffi: Koffi, file: string) {
  const shape = koffi.struct({ rank: 'int64_t', dims: 'void *' });
  const property = koffi.pointer(koffi.struct({ key: 'str', value: 'str' }));
  const version = koffi.struct({ buildNumber: 'void *', description: 'void *' });
  const object = 'void *';
  const made = koffi.out(koffi.pointer('void *'));
  const statuses = {
    ov_get_openvino_version: [koffi.out(koffi.pointer(version))],
    ov_core_create: [made],
    ov_core_read_model_from_memory_buffer: [object, 'void *', 'size_t', object, made],
    ov_core_compile_model_props: [object, object, 'str', 'size_t', property, made],
    ov_compiled_model_get_property: [object, 'str', made],
    ov_compiled_model_create_infer_request: [object, made],
    ov_tensor_create_from_host_ptr: ['int', shape, 'void *', made],
    ov_infer_request_set_tensor: [object, 'str', object],
    ov_infer_request_infer: [object],
    ov_infer_request_get_output_tensor_by_index: [object, 'size_t', made],
    ov_tensor_get_shape: [object, koffi.out(koffi.pointer(shape))],
    ov_tensor_get_element_type: [object, koffi.out(koffi.pointer('int'))],
    ov_tensor_data: [object, made],
  };
  const nothings = {
    ov_version_free: [koffi.pointer(version)],
    ov_shape_free: [koffi.pointer(shape)],
    ov_free: ['void *'],
    ov_tensor_free: [object],
    ov_core_free: [object],
    ov_model_free: [object],
    ov_compiled_model_free: [object],
    ov_infer_request_free: [object],
  };
  try {
    const library = koffi.load(file);
    const call: Record<string, (...args: unknown[]) => unknown> = {
      ov_get_last_err_msg: library.func('ov_get_last_err_msg', 'str', []),
    };
    for (const [name, types] of Object.entries(statuses))
      call[name] = library.func(name, 'int', types);
    for (const [name, types] of Object.entries(nothings))
      call[name] = library.func(name, 'void', types);
    const words = { buildNumber: 0n, description: 0n };
    call.ov_get_openvino_version(words);
    const build = koffi.decode.string(words.buildNumber);
    call.ov_version_free(words);
    return { call, version: build };
  } catch (cause) {
    throw new UnavailableError(
      'engine openvino',
      `OpenVINO's C library, 2026.4 or later, in ${file}`,
      (cause as Error).message.split('\n')[0],
      'Run: tactful setup openvino',
      cause,
    );
  }
}

function koffiFor(where: string): Koffi {
  try {
    return loadKoffi();
  } catch (cause) {
    throw new UnavailableError(
      where,
      `koffi with binaries for ${process.platform}-${process.arch}`,
      (cause as Error).message.split('\n')[0],
      'Run: npm install koffi --ignore-scripts',
      cause,
    );
  }
}
