/**
 * Thrift's compact protocol, in which Parquet writes its footer and page headers, read with bounds:
 * a length that the bytes cannot hold is refused before anything is allocated. Pure.
 */

/** Fields of a struct by their ids. Binary values are `Uint8Array`s, maps and sets are refused. */
export type Struct = ReadonlyMap<number, Value>;
export type Value = boolean | number | bigint | Uint8Array | readonly Value[] | Struct;

/** Structs within structs at most. */
const deepest = 24;

/** What is not Thrift, or has no end. */
export class ThriftError extends Error {}

/**
 * The struct at an offset, and where it ends.
 * @throws {ThriftError} when there is none
 */
export function readStruct(bytes: Uint8Array, offset = 0): { struct: Struct; end: number } {
  const reader = { bytes, offset };
  const struct = readFields(reader, deepest);
  return { struct, end: reader.offset };
}

/** A whole number of a field; 0 when it is missing or something else. */
export function integer(struct: Struct | undefined, id: number): number {
  const value = struct?.get(id);
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

/** A struct within a struct. */
export function inner(struct: Struct | undefined, id: number): Struct | undefined {
  const value = struct?.get(id);
  return value instanceof Map ? value : undefined;
}

interface Reader {
  readonly bytes: Uint8Array;
  offset: number;
}

function readFields(reader: Reader, depth: number): Struct {
  if (depth === 0) throw new ThriftError('structs too deep');
  const fields = new Map<number, Value>();
  let id = 0;
  for (let head = byte(reader); (head & 15) !== 0; head = byte(reader)) {
    id = head >> 4 ? id + (head >> 4) : Number(zigzag(reader));
    fields.set(id, readValue(reader, head & 15, depth));
  }
  return fields;
}

function readValue(reader: Reader, type: number, depth: number): Value {
  if (type === 1 || type === 2) return type === 1;
  if (type === 3) return byte(reader);
  if (type === 4 || type === 5) return Number(zigzag(reader));
  if (type === 6) return zigzag(reader);
  if (type === 7) return taken(reader, 8);
  if (type === 8) return taken(reader, Number(varint(reader)));
  if (type === 9) return readList(reader, depth);
  if (type === 12) return readFields(reader, depth - 1);
  throw new ThriftError(`unknown type ${type}`);
}

function readList(reader: Reader, depth: number): readonly Value[] {
  const head = byte(reader);
  const type = head & 15;
  const length = head >> 4 === 15 ? Number(varint(reader)) : head >> 4;
  // every element takes a byte or more
  if (depth === 1 || length > reader.bytes.length - reader.offset) {
    throw new ThriftError(`a list of ${length}`);
  }
  const isTruth = type === 1 || type === 2;
  return Array.from({ length }, () =>
    isTruth ? byte(reader) === 1 : readValue(reader, type, depth - 1),
  );
}

function byte(reader: Reader): number {
  if (reader.offset >= reader.bytes.length) throw new ThriftError('an early end');
  return reader.bytes[reader.offset++];
}

function taken(reader: Reader, length: number): Uint8Array {
  const end = reader.offset + length;
  if (end > reader.bytes.length) throw new ThriftError(`${length} bytes`);
  const bytes = reader.bytes.subarray(reader.offset, end);
  reader.offset = end;
  return bytes;
}

function varint(reader: Reader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const next = byte(reader);
    value |= BigInt(next & 127) << shift;
    if (next < 128) return value;
  }
  throw new ThriftError('a number without end');
}

function zigzag(reader: Reader): bigint {
  const value = varint(reader);
  return (value >> 1n) ^ -(value & 1n);
}
