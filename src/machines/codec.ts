/** Plain values as bytes and back, the same to the last bit. Pure. */
import { crc32 } from 'node:zlib';
import { InputError, InternalError } from '../errors.ts';
import type { NumberArray, Plain } from '../runtime/plain.ts';
import { type DType, sizeOf, type Tensor } from '../tensor.ts';
import {
  type FileDType,
  fileDType,
  headerFor,
  parseHeader,
  type SafetensorsHeader,
  tensorDTypes,
} from '../tensors/safetensors-header.ts';

/** Arrays by how safetensors names what they hold. */
const arrays = {
  F32: Float32Array,
  F64: Float64Array,
  I64: BigInt64Array,
  I32: Int32Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  // those of tensors alone
  F16: Uint16Array,
  BF16: Uint16Array,
  BOOL: Uint8Array,
} as const;
const ofTensors = ['F16', 'BF16', 'BOOL'];

/** How deep a value may nest: what is sent is flat, and what is deeper is a mistake, or was sent to do harm. */
const maxDepth = 32;

/** Key of an object that stands for what JSON does not have. */
const mark = '$';
const numbers = ['NaN', 'Infinity', '-Infinity', '-0'] as const;

const magic = 0x31706674; // "tfp1"

/**
 * A value as bytes: a word to know them by, their checksum, and a safetensors file with the arrays and, in
 * its metadata, the rest as JSON. Equal values give equal bytes.
 * @throws {InternalError} for what is not plain: functions, instances of classes, circles
 */
export function encode(value: Plain): Uint8Array {
  const pieces: { dtype: FileDType; shape: readonly number[]; data: NumberArray }[] = [];
  const put = (dtype: FileDType, shape: readonly number[], data: NumberArray) =>
    pieces.push({ dtype, shape, data }) - 1;
  const text = JSON.stringify(marked(value, put, 'value', 0));
  const named = new Map(pieces.map((piece, i) => [`${i}`, piece]));
  const { header, order } = headerFor(named, { plain: text });
  const parts = order.map((name) => named.get(name)!.data);
  const bytes = new Uint8Array(8 + header.length + parts.reduce((sum, p) => sum + p.byteLength, 0));
  bytes.set(header, 8);
  let at = 8 + header.length;
  for (const { buffer, byteOffset, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  const start = new DataView(bytes.buffer);
  start.setUint32(0, magic, true);
  start.setUint32(4, crc32(bytes.subarray(8)), true);
  return bytes;
}

/**
 * The value that bytes stand for; its arrays are copies of their own.
 * @param where what the bytes are, for messages
 * @throws {InputError} when they are not all of what `encode` made
 */
export function decode(bytes: Uint8Array, where: string): Plain {
  const start = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 16 || start.getUint32(0, true) !== magic) {
    throw new InputError(where, 'a value of tactful', `${bytes.length} other bytes`, remedy);
  }
  const file = bytes.subarray(8);
  const sum = crc32(file);
  if (sum !== start.getUint32(4, true)) {
    const expected = `checksum ${start.getUint32(4, true).toString(16)}`;
    throw new InputError(where, expected, sum.toString(16), remedy);
  }
  const header = parseHeader(file, file.length, where);
  let value: unknown;
  try {
    value = JSON.parse(header.metadata.plain);
  } catch (cause) {
    throw new InputError(where, 'a value in JSON', (cause as Error).message, remedy, cause);
  }
  return unmarked(value, { where, file, header }, 0);
}

const remedy = 'The bytes are damaged, or something else was written in their place.';

type Put = (dtype: FileDType, shape: readonly number[], data: NumberArray) => number;

function marked(value: Plain, put: Put, path: string, depth: number): unknown {
  if (depth > maxDepth) throw new InternalError(`${path}: nested deeper than ${maxDepth}`);
  switch (typeof value) {
    case 'number': {
      const name = Object.is(value, -0) ? '-0' : `${value}`;
      return (numbers as readonly string[]).includes(name) ? { [mark]: [name] } : value;
    }
    case 'bigint':
      return { [mark]: ['bigint', `${value}`] };
    case 'undefined':
      return { [mark]: ['undefined'] };
    case 'boolean':
    case 'string':
      return value;
    case 'object':
      break;
    default:
      throw new InternalError(`${path}: a ${typeof value} is not plain`);
  }
  if (value === null) return value;
  if (Array.isArray(value)) {
    return Array.from(value, (one, i) => marked(one, put, `${path}[${i}]`, depth + 1));
  }
  if (ArrayBuffer.isView(value)) {
    const array = value as NumberArray;
    return { [mark]: ['array', put(typeOf(array, path), [array.length], array)] };
  }
  if (isTensor(value)) {
    const { dtype, shape, data } = value;
    if (sizeOf(shape) !== data.length) {
      throw new InternalError(`${path}: ${data.length} elements for [${shape}]`);
    }
    return { [mark]: ['tensor', put(fileDType(dtype), shape, data)] };
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new InternalError(`${path}: a ${prototype.constructor?.name} is not plain`);
  }
  const entries = Object.entries(value).map(
    ([name, inner]) => [name, marked(inner, put, `${path}.${name}`, depth + 1)] as const,
  );
  return Object.hasOwn(value, mark) ? { [mark]: ['object', entries] } : Object.fromEntries(entries);
}

/** Node's Buffer is a Uint8Array like others. */
function typeOf(array: NumberArray, path: string): FileDType {
  const types = Object.entries(arrays).filter(([dtype]) => !ofTensors.includes(dtype));
  const found = types.find(([, type]) => array instanceof type);
  if (!found) throw new InternalError(`${path}: no array of this type is plain`);
  return found[0] as FileDType;
}

function isTensor(value: object): value is Tensor {
  const { dtype, shape, data, ...rest } = value as Partial<Tensor>;
  const isOne = typeof dtype === 'string' && Array.isArray(shape) && ArrayBuffer.isView(data);
  return isOne && Object.keys(rest).length === 0;
}

interface Source {
  readonly where: string;
  readonly file: Uint8Array;
  readonly header: SafetensorsHeader;
}

function unmarked(value: unknown, source: Source, depth: number): Plain {
  const bad = (expected: string, actual: string) =>
    new InputError(source.where, expected, actual, remedy);
  if (depth > maxDepth) throw bad(`at most ${maxDepth} levels`, 'more');
  if (typeof value !== 'object' || value === null) return value as Plain;
  const inner = (one: unknown) => unmarked(one, source, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  if (!Object.hasOwn(value, mark)) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inner(one)]));
  }
  const [kind, what] = [(value as Record<string, unknown>)[mark]].flat() as [string, unknown];
  if (kind === 'undefined') return undefined;
  if ((numbers as readonly string[]).includes(kind)) return Number(kind);
  if (kind === 'bigint' && typeof what === 'string' && /^-?\d+$/.test(what)) return BigInt(what);
  if (kind === 'object' && Array.isArray(what) && what.every(isEntry)) {
    return Object.fromEntries(what.map(([name, one]) => [name, inner(one)]));
  }
  if (kind === 'array' || kind === 'tensor') {
    const read = elements(`${what}`, source);
    if (!read) throw bad(`the elements of an ${kind}`, 'none');
    const { dtype, shape, data } = read;
    const isOfTensors = tensorDTypes[dtype];
    if (kind === 'array' && !ofTensors.includes(dtype)) return data;
    if (kind === 'tensor' && isOfTensors) {
      return { dtype: isOfTensors, shape, data } as Tensor<DType>;
    }
  }
  throw bad('a value that JSON does not have', JSON.stringify(kind)?.slice(0, 40) ?? 'nothing');
}

function isEntry(value: unknown): value is [string, unknown] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string';
}

/** One array of the file, in memory of its own: what is posted to a thread takes its whole buffer along. */
function elements(name: string, { file, header }: Source) {
  const entry = header.tensors.get(name);
  if (!entry || !Object.hasOwn(arrays, entry.dtype)) return undefined;
  const { dtype, shape, offset, length } = entry;
  const bytes = new Uint8Array(length);
  bytes.set(file.subarray(offset, offset + length));
  const data: NumberArray = new arrays[dtype as keyof typeof arrays](bytes.buffer);
  return { dtype, shape, data };
}
