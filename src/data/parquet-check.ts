/**
 * Looks a Parquet file over before the library reads it, which trusts its lengths: a few wrong bytes
 * could ask for all the memory there is. Pure.
 * @see https://parquet.apache.org/docs/file-format/
 */
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { inner, integer, readStruct, type Struct } from './thrift.ts';

/** Bytes of one column of one row group, unpacked, at most. */
export const largestColumn = 2 ** 29;
/** Rows of a row group at most. */
export const mostRows = 2 ** 24;
/** Values of a row group at most in a column of lists or objects, each of which is one in memory. */
export const mostNested = 2 ** 22;

/** One column of one row group. */
export interface Chunk {
  readonly bytes: Uint8Array;
  /** Unpacks a page of a known length. */
  unpack(page: Uint8Array, length: number): Uint8Array;
  /** Nulls and empty lists counted: as many as rows, where there are no lists. */
  readonly values: number;
  readonly type: string;
  /** Of a value that is there; 0 where nothing is optional. */
  readonly definition: number;
  /** Lists within lists. */
  readonly repetition: number;
}

/** What is wrong with the file. */
export class ParquetError extends Error {}

const [dataPage, dictionaryPage, dataPageV2] = [0, 2, 3];
const [plainDictionary, rle, deltaTexts, rleDictionary] = [2, 3, 7, 8];

/**
 * Checks the pages of a column, or of one of the columns that lists and structs are written as.
 * @throws {ParquetError} when a length is not true
 * @throws {ThriftError} when a page header is none
 */
export function checkChunk(chunk: Chunk): void {
  const { bytes, values, repetition } = chunk;
  let [offset, seen, unpacked] = [0, 0, 0];
  // of nested columns, the library reads all pages
  while (offset < bytes.length - 1 && (seen < values || repetition > 0)) {
    const { struct: header, end } = readStruct(bytes, offset);
    const [type, length, packed] = [1, 2, 3].map((id) => integer(header, id));
    const page = bytes.subarray(end, end + packed);
    unpacked += length;
    if (length < 0 || packed < 0 || page.length !== packed) fail('a page without its bytes');
    if (unpacked > largestColumn) fail(`more than ${largestColumn} bytes in a column`);
    if (type === dictionaryPage) checkDictionary(chunk, header, page);
    else if (type === dataPage) seen += checkPage(chunk, header, page);
    else if (type === dataPageV2) seen += checkPageV2(chunk, header, page);
    else fail(`a page of the unknown type ${type}`);
    if (seen > values) fail('more values than rows');
    offset = end + packed;
  }
  if (seen !== values) fail(`${seen} values of ${values}`);
}

function checkDictionary(chunk: Chunk, header: Struct, page: Uint8Array): void {
  const count = integer(inner(header, 7), 1);
  const plain = unpackPage(chunk, page, integer(header, 2));
  // a text takes 4 bytes for its length or more, a truth value a bit
  if (count < 0 || count > 8 * plain.length) fail('a dictionary without its values');
}

function checkPage(chunk: Chunk, header: Struct, page: Uint8Array): number {
  const [count, encoding] = [1, 2].map((id) => integer(inner(header, 5), id));
  expectCount(chunk, count);
  const plain = unpackPage(chunk, page, integer(header, 2));
  const { definition, repetition } = chunk;
  const repeated = checkLevels(plain, repetition, count);
  const defined = checkLevels(repeated.rest, definition, count);
  checkValues(chunk, encoding, defined.rest, defined.highest);
  return count;
}

/** Levels with their length before them: what follows, and how many are the highest. */
function checkLevels(bytes: Uint8Array, highest: number, count: number) {
  if (highest === 0) return { rest: bytes, highest: count };
  const length = uint32(bytes, 0);
  const given = checkRunsOfLevels(bytes.subarray(4), highest, count, length);
  return { rest: bytes.subarray(4 + length), highest: given };
}

/** How many levels are the highest, of levels that the library reads on where the runs end late. */
function checkRunsOfLevels(bytes: Uint8Array, highest: number, count: number, length: number) {
  const width = widthOf(highest);
  checkRuns(bytes, width, count);
  const levels: number[] = new Array(count);
  readRleBitPackedHybrid(readerOf(bytes), width, levels, length);
  if (levels.some((level) => level > highest)) fail('levels that cannot be');
  return levels.slice(0, count).filter((level) => level === highest).length;
}

function widthOf(level: number): number {
  return 32 - Math.clz32(level);
}

function checkPageV2(chunk: Chunk, header: Struct, page: Uint8Array): number {
  const own = inner(header, 8);
  const [count, nulls, , encoding, levels, repeats] = [1, 2, 3, 4, 5, 6].map((id) =>
    integer(own, id),
  );
  expectCount(chunk, count);
  const { definition, repetition } = chunk;
  const impossible = nulls < 0 || nulls > count || levels < 0 || repeats < 0;
  if (impossible || (repetition === 0 && repeats !== 0)) fail('levels that cannot be');
  if (repetition > 0) checkRunsOfLevels(page, repetition, count, repeats);
  const defined = page.subarray(repeats);
  if (definition > 0) {
    const given = checkRunsOfLevels(defined, definition, count, levels);
    if (given !== count - nulls) fail('another number of nulls than it says');
  }
  const values = defined.subarray(levels);
  const length = integer(header, 2) - levels - repeats;
  const packed = own?.get(7) !== false;
  checkValues(chunk, encoding, packed ? unpackPage(chunk, values, length) : values, count - nulls);
  return count;
}

/** Encodings whose length is not bounded by the bytes that they take. */
function checkValues({ type }: Chunk, encoding: number, values: Uint8Array, count: number): void {
  if (encoding === plainDictionary || encoding === rleDictionary) {
    if (values.length === 0) return;
    if (values[0] > 32) fail(`indices of ${values[0]} bits`);
    // the library reads a width of 0 as zeros, without runs
    if (values[0] > 0) checkRuns(values.subarray(1), values[0], count);
  } else if (encoding === rle && type === 'BOOLEAN') {
    checkRuns(values.subarray(4), 1, count);
  } else if (encoding === deltaTexts) checkPrefixes(values, count);
}

/** Texts that begin like the one before: few bytes can make long ones. */
function checkPrefixes(values: Uint8Array, count: number): void {
  const reader = readerOf(values);
  const lengths = [new Int32Array(count), new Int32Array(count)];
  for (const part of lengths) deltaBinaryUnpack(reader, count, part);
  let sum = 0;
  for (const part of lengths) {
    for (const length of part) {
      if (length < 0) fail('a text of negative length');
      sum += length;
    }
  }
  if (sum > largestColumn) fail(`more than ${largestColumn} bytes in a column`);
}

function readerOf(bytes: Uint8Array) {
  return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}

/** Runs of repeated or packed values may be a little longer than there are values, not more. */
function checkRuns(bytes: Uint8Array, width: number, count: number): void {
  let [offset, seen] = [0, 0];
  while (seen < count && offset < bytes.length) {
    let head = 0;
    let shift = 0;
    for (;;) {
      const next = bytes[offset++] ?? fail('a run without its length');
      head += (next & 127) * 2 ** shift;
      shift += 7;
      if (next < 128) break;
      if (shift > 28) fail('a run without end');
    }
    const packed = head % 2 === 1;
    const length = packed ? 8 * Math.floor(head / 2) : head / 2;
    if (length > count - seen + (packed ? 503 : 0)) fail('a run longer than its page');
    offset += packed ? (length / 8) * width : Math.ceil(width / 8);
    seen += length;
  }
}

function expectCount({ values }: Chunk, count: number): void {
  if (count < 0 || count > values) fail(`a page of ${count} values of ${values}`);
}

function unpackPage({ unpack }: Chunk, page: Uint8Array, length: number): Uint8Array {
  if (length < 0) fail('a page of negative length');
  const plain = unpack(page, length);
  if (plain.length !== length) fail('a page of another length than it says');
  return plain;
}

function uint32(bytes: Uint8Array, offset: number): number {
  if (offset + 4 > bytes.length) fail('an early end');
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, true);
}

function fail(message: string): never {
  throw new ParquetError(message);
}
