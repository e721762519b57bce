/** Reads and writes safetensors files. I/O. */
import { type FileHandle, open } from 'node:fs/promises';
import { writeFileAtomic } from '../disk/atomic.ts';
import { refusePointer } from '../disk/lfs.ts';
import { unread } from '../disk/words.ts';
import { InputError, UnavailableError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { bfloat16ToFloat32, float16ToFloat32 } from './half.ts';
import {
  elementBytes,
  type FloatDType,
  floatBytes,
  floatDTypes,
  headerLength,
  layout,
  parseHeader,
  type SafetensorsHeader,
  type TensorEntry,
  tensorDTypes,
} from './safetensors-header.ts';
import { inRowMajor, spanOf } from './strided.ts';

/** A file of tensors whose header has been read; they themselves have not. */
export interface TensorFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** A safetensors file. */
export interface SafetensorsFile extends SafetensorsHeader, TensorFile {}

/**
 * Reads and checks a file's header; memory is bounded by the header's length, at most 100 MB.
 * @throws {UnavailableError} when the file cannot be opened
 * @throws {InputError} when it is not a whole, well-formed safetensors file
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return withFile(path, async (file) => {
    const stats = await file.stat();
    if (!stats.isFile()) throw new UnavailableError(path, 'a file', 'something else');
    const { size } = stats;
    const start = await readBytes(file, path, 0, Math.min(512, size));
    refusePointer(start, path);
    const length = headerLength(start, size, path);
    const header = await readBytes(file, path, 0, 8 + length);
    return { path, ...parseHeader(header, size, path) };
  });
}

/**
 * One tensor in its own element type; float16 and bfloat16 stay raw bit patterns.
 * @throws {InputError} when the file has no such tensor, or its type has no array here (F64, U8, …)
 */
export async function readTensor(file: TensorFile, name: string): Promise<Tensor> {
  const entry = entryOf(file, name);
  const { dtype: fileDType, shape } = entry;
  const dtype = tensorDTypes[fileDType];
  if (dtype === undefined) {
    const expected = `a dtype of ${Object.keys(tensorDTypes).join(', ')}`;
    throw new InputError(`${file.path}: ${name}`, expected, fileDType);
  }
  const bytes = await readElements(file.path, elementBytes[fileDType], entry);
  const { buffer } = bytes;
  switch (dtype) {
    case 'float32':
      return { dtype, shape, data: new Float32Array(buffer) };
    case 'int64':
      return { dtype, shape, data: new BigInt64Array(buffer) };
    case 'int32':
      return { dtype, shape, data: new Int32Array(buffer) };
    case 'bool':
      return { dtype, shape, data: bytes };
    default:
      return { dtype, shape, data: new Uint16Array(buffer) };
  }
}

/**
 * One F32, F16 or BF16 tensor as float32, exactly; F64 is rounded once.
 * @throws {InputError} when the file has no such tensor, or it is of another type
 */
export async function readFloat32(file: TensorFile, name: string): Promise<Tensor<'float32'>> {
  const { dtype: fileDType, ...place } = entryOf(file, name);
  const dtype = floatDTypes[fileDType];
  if (!dtype) throw new InputError(`${file.path}: ${name}`, 'F32, F16, BF16 or F64', fileDType);
  const data = await readFloats({ file: file.path, dtype, ...place });
  return { dtype: 'float32', shape: place.shape, data };
}

/** Where floating-point numbers lie. */
export interface FloatsLocation {
  readonly file: string;
  readonly dtype: FloatDType;
  readonly shape: readonly number[];
  /** First byte, and number of bytes. */
  readonly offset: number;
  readonly length: number;
  /** Elements from one index to the next, when they do not lie one after the other. */
  readonly strides?: readonly number[];
}

/** Floating-point numbers of a file as float32: exactly, but for float64, which is rounded once. */
export async function readFloats(location: FloatsLocation): Promise<Float32Array<ArrayBuffer>> {
  const { file, dtype } = location;
  const { buffer } = await readElements(file, floatBytes[dtype], location);
  if (dtype === 'float32') return new Float32Array(buffer);
  if (dtype === 'float64') return Float32Array.from(new Float64Array(buffer));
  const widen = dtype === 'float16' ? float16ToFloat32 : bfloat16ToFloat32;
  return widen(new Uint16Array(buffer));
}

/**
 * Bytes of a file in pieces, one after the other in one buffer: what is kept of a piece is copied.
 * @throws {InputError} when the file ends before
 */
export async function withPieces(
  path: string,
  { offset, length, pieceBytes }: { offset: number; length: number; pieceBytes: number },
  use: (bytes: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(length, pieceBytes) + 3); // a last word may be cut off
  await withFile(path, async (file) => {
    for (let done = 0; done < length; done += pieceBytes) {
      const piece = buffer.subarray(0, Math.min(pieceBytes, length - done));
      await readInto(file, path, offset + done, piece);
      use(piece);
    }
  });
}

/**
 * Writes tensors to one file, atomically; the same input gives the same bytes.
 * @throws {InputError} for a tensor named `__metadata__` or whose shape does not fit its data
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { header, order } = layout(tensors, metadata);
  const bytes = order.map(
    ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  );
  await writeFileAtomic(path, [header, ...bytes]);
}

/** A tensor's bytes, its elements one after the other. */
async function readElements(
  path: string,
  width: number,
  { shape, offset, length, strides }: Omit<TensorEntry, 'dtype'>,
): Promise<Uint8Array<ArrayBuffer>> {
  const span = strides ? spanOf(shape, strides) * width : length;
  const bytes = await withFile(path, (handle) => readBytes(handle, path, offset, span));
  if (!strides) return bytes;
  const target = new ArrayBuffer(length);
  if (width === 1) inRowMajor(bytes, shape, strides, new Uint8Array(target));
  else {
    const Elements = { 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array }[
      width
    ] as typeof Uint32Array;
    inRowMajor(new Elements(bytes.buffer), shape, strides, new Elements(target));
  }
  return new Uint8Array(target);
}

function entryOf(file: TensorFile, name: string) {
  const entry = file.tensors.get(name);
  if (entry) return entry;
  const names = [...file.tensors.keys()];
  const actual = names.length > 0 ? `${names.length} others, ${names[0]} first` : 'no tensor';
  throw new InputError(file.path, `a tensor ${name}`, actual);
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw unread(path, cause);
  }
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Exactly `length` bytes in a buffer of their own, so that typed arrays over it are aligned. */
async function readBytes(
  file: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await readInto(file, path, offset, bytes);
  return bytes;
}

/** Fills an array. */
async function readInto(
  file: FileHandle,
  path: string,
  offset: number,
  bytes: Uint8Array,
): Promise<void> {
  const { length } = bytes;
  for (let done = 0; done < length; ) {
    // one read call is limited to 2 GiB
    const piece = Math.min(length - done, 2 ** 30);
    const { bytesRead } = await file.read(bytes, done, piece, offset + done);
    if (bytesRead === 0) {
      throw new InputError(path, `${length} bytes at ${offset}`, `${done}`, 'Fetch it again.');
    }
    done += bytesRead;
  }
}
