/**
 * The safetensors header: 8 bytes of length, a JSON object, then the tensors one after the other.
 * Pure; `safetensors.ts` reads and writes the files.
 * @see https://github.com/huggingface/safetensors#format
 */
import { InputError } from '../errors.ts';
import { type DType, sizeOf, type Tensor } from '../tensor.ts';

/** Bytes per element of each element type that a file may name: those of safetensors 0.8. */
export const elementBytes = {
  BOOL: 1,
  F4: 1 / 2,
  F6_E2M3: 3 / 4,
  F6_E3M2: 3 / 4,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2: 1,
  F8_E5M2FNUZ: 1,
  F8_E8M0: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
  C64: 8,
} as const;
/** An element type as files name it. */
export type FileDType = keyof typeof elementBytes;

/** The element types that tactful has arrays for. */
export const tensorDTypes: Partial<Record<FileDType, DType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  BOOL: 'bool',
};

/** Those that are read as float32 numbers: exactly, but for F64, which is rounded once. */
export const floatDTypes: Partial<Record<FileDType, FloatDType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F64: 'float64',
};
/** How floating-point numbers are stored. */
export type FloatDType = 'float32' | 'float16' | 'bfloat16' | 'float64';
/** Bytes of one of them. */
export const floatBytes: Readonly<Record<FloatDType, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
};

/** Where one tensor lies. */
export interface TensorEntry {
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  /** Length in bytes. */
  readonly length: number;
  /**
   * Elements from one index to the next, for each axis, when the elements do not lie one after the
   * other: never in safetensors, sometimes in files of torch.
   */
  readonly strides?: readonly number[];
}

/** What a header says. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of the bytes in the file. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** The reference implementation's limit on the JSON part, in bytes. */
const maxHeaderBytes = 100_000_000;

/**
 * Length of the JSON part from a file's first 8 bytes.
 * @param start at least the first 8 bytes of the file, fewer when it is shorter
 * @param fileBytes size of the whole file
 * @param where the file's name, for messages
 * @throws {InputError} when it is shorter than 8 bytes, above 100 MB, or longer than the file
 */
export function headerLength(start: Uint8Array, fileBytes: number, where: string): number {
  if (start.length < 8 || fileBytes < 8) {
    throw bad(where, 'at least 8 bytes', `${Math.min(start.length, fileBytes)}`);
  }
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const length = Number(view.getBigUint64(0, true)); // inexact above 2^53, which is refused anyway
  if (length > maxHeaderBytes) {
    throw bad(where, `a header of at most ${maxHeaderBytes} bytes`, `one of ${length}`);
  }
  if (8 + length > fileBytes) {
    throw bad(where, `a header that ends within ${fileBytes} bytes`, `one of ${length} bytes`);
  }
  return length;
}

/**
 * A file's header, checked as the reference implementation checks it.
 * @param start the file's first bytes: the 8 length bytes and the whole JSON part, or more
 * @param fileBytes size of the whole file
 * @param where the file's name, for messages
 * @throws {InputError} when anything is out of order: unknown element type, a shape that does not
 *   fit its bytes, tensors that overlap or leave a hole, bytes left over, a key given twice; not for
 *   further fields of a tensor, which the reference leaves unread as well
 */
export function parseHeader(
  start: Uint8Array,
  fileBytes: number,
  where: string,
): SafetensorsHeader {
  const length = headerLength(start, fileBytes, where);
  if (start.length < 8 + length) {
    throw bad(where, `${8 + length} header bytes`, `${start.length}`);
  }
  const text = decodeText(start.subarray(8, 8 + length), where);
  const root = parseObject(text, where);
  const { __metadata__: rawMetadata, ...rawTensors } = root;
  const metadata = parseMetadata(rawMetadata, where);
  const tensors = Object.entries(rawTensors)
    .map(([name, raw]) => parseEntry(name, raw, 8 + length, where))
    .sort((a, b) => a.entry.offset - b.entry.offset || a.entry.length - b.entry.length);

  // JSON.parse keeps the last of two equal keys: the text then has strings that the object lacks.
  const strings = text.match(/"(?:[^"\\]|\\.)*"/g)?.length ?? 0;
  if (strings !== stringsIn(root)) throw bad(where, 'each key once', 'a key given twice');

  let end = 8 + length;
  for (const { name, entry } of tensors) {
    if (entry.offset !== end) {
      throw bad(`${where}: ${quote(name)}`, `its bytes to start at ${end}`, `${entry.offset}`);
    }
    end += entry.length;
  }
  if (end !== fileBytes) {
    throw bad(where, `${end} bytes, as its header says`, `${fileBytes}`);
  }
  return { metadata, tensors: new Map(tensors.map(({ name, entry }) => [name, entry])) };
}

/** The bytes of a file before its first tensor, and the tensors in the order they must follow. */
export interface FileLayout {
  readonly header: Uint8Array;
  readonly order: readonly Tensor[];
}

/** A tensor that is to be written: what a header says of it, but its place. */
export interface HeaderEntry {
  readonly dtype: FileDType;
  readonly shape: readonly number[];
}

/**
 * Header for some tensors, and their names in the order in which their bytes must follow: widest
 * elements first, then by name, as the reference writes them. It is padded with spaces to a multiple
 * of 8 bytes, so that every tensor is aligned. Same input, same bytes.
 * @throws {InputError} for a tensor named `__metadata__`
 */
export function headerFor(
  tensors: ReadonlyMap<string, HeaderEntry>,
  metadata: Readonly<Record<string, string>> = {},
): { header: Uint8Array; order: readonly string[] } {
  const named = [...tensors];
  named.sort(
    ([a, one], [b, other]) => elementBytes[other.dtype] - elementBytes[one.dtype] || compare(a, b),
  );
  const parts: string[] = [];
  const keys = Object.keys(metadata).sort(compare);
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
    parts.push(`"__metadata__":{${pairs.join(',')}}`);
  }
  let offset = 0;
  for (const [name, { dtype, shape }] of named) {
    if (name === '__metadata__') {
      throw new InputError('safetensors', 'another name than __metadata__', quote(name));
    }
    const data_offsets = [offset, offset + sizeOf(shape) * elementBytes[dtype]];
    parts.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets })}`);
    offset = data_offsets[1];
  }
  const json = new TextEncoder().encode(`{${parts.join(',')}}`);
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true);
  header.set(json, 8);
  return { header, order: named.map(([name]) => name) };
}

/**
 * Header for some tensors, see `headerFor`.
 * @throws {InputError} for a tensor named `__metadata__` or whose shape does not fit its data
 */
export function layout(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): FileLayout {
  const entries = new Map<string, HeaderEntry>();
  for (const [name, tensor] of tensors) {
    const { shape, data } = tensor;
    if (sizeOf(shape) !== data.length) {
      const expected = `${sizeOf(shape)} elements`;
      throw new InputError('safetensors', expected, `${quote(name)} with ${data.length}`);
    }
    entries.set(name, { dtype: fileDType(tensor.dtype), shape });
  }
  const { header, order } = headerFor(entries, metadata);
  return { header, order: order.map((name) => tensors.get(name)!) };
}

/** How files name an element type. */
export function fileDType(dtype: DType): FileDType {
  const found = Object.entries(tensorDTypes).find(([, known]) => known === dtype);
  return found![0] as FileDType; // tensorDTypes has every DType
}

function decodeText(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw bad(where, 'a header in UTF-8', 'other bytes', cause);
  }
}

function parseObject(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(where, 'a header in JSON', quote(text), cause);
  }
  if (!isObject(value)) throw bad(where, 'a header that is a JSON object', quote(text));
  return value;
}

function parseMetadata(raw: unknown, where: string): Record<string, string> {
  if (raw === undefined || raw === null) return {};
  const place = `${where}: __metadata__`;
  if (!isObject(raw)) throw bad(place, 'an object of strings', quote(raw));
  for (const value of Object.values(raw)) {
    if (typeof value !== 'string') throw bad(place, 'strings only', quote(value));
  }
  return raw as Record<string, string>;
}

function parseEntry(name: string, raw: unknown, dataStart: number, file: string) {
  const where = `${file}: ${quote(name)}`;
  const fields = ['dtype', 'shape', 'data_offsets'];
  if (!isObject(raw) || fields.some((field) => !Object.hasOwn(raw, field))) {
    throw bad(where, 'an object of dtype, shape and data_offsets', quote(raw));
  }
  const { dtype, shape, data_offsets: offsets } = raw;
  if (typeof dtype !== 'string' || !Object.hasOwn(elementBytes, dtype)) {
    throw bad(where, `a dtype of ${Object.keys(elementBytes).join(', ')}`, quote(dtype));
  }
  if (!isSizes(shape)) throw bad(where, 'a shape of non-negative integers', quote(shape));
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw bad(where, 'data_offsets [start, end], start <= end', quote(offsets));
  }
  const length = offsets[1] - offsets[0];
  let bits = 8 * elementBytes[dtype as FileDType];
  for (const dim of shape) {
    bits *= dim;
    if (!Number.isSafeInteger(bits)) throw bad(where, 'a shape below 2^50 bytes', quote(shape));
  }
  const expected = bits / 8;
  if (length !== expected) {
    throw bad(where, `${expected} bytes for ${dtype} [${shape}]`, `${length}`);
  }
  const offset = dataStart + offsets[0];
  const entry: TensorEntry = { dtype: dtype as FileDType, shape, offset, length };
  return { name, entry };
}

/** Keys and texts in a parsed value. Nothing calls itself: a hostile file nests as deep as it likes. */
function stringsIn(root: unknown): number {
  let count = 0;
  const open = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'string') count++;
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) count += Object.keys(value).length;
    for (const inner of Object.values(value)) open.push(inner);
  }
  return count;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  const isSize = (x: unknown) => Number.isSafeInteger(x) && (x as number) >= 0 && !Object.is(x, -0);
  return Array.isArray(value) && value.every(isSize);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** A piece of the file in a message, cut: what a hostile file holds may be long. */
function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  if (Array.isArray(value)) {
    const numbers = value.slice(0, 8).every((item) => typeof item === 'number');
    return numbers ? `[${value.slice(0, 8)}]` : 'a list of other things';
  }
  return isObject(value) ? 'another object' : String(value);
}

function bad(where: string, expected: string, actual: string, cause?: unknown): InputError {
  const remedy = 'The file is damaged or not safetensors: fetch or write it again.';
  return new InputError(where, expected, actual, remedy, cause);
}
