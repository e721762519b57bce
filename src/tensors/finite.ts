/** Looks for NaN and infinity in stored weights, before anything is computed with them. I/O. */
import { InputError } from '../errors.ts';
import type { Tensors } from '../tensor.ts';
import { type FloatsLocation, readFloats, withPieces } from './safetensors.ts';
import { floatBytes } from './safetensors-header.ts';

const pieceBytes = 2 ** 24;

/** float32 numbers are infinite or none when all exponent bits are set. */
const exponent32 = 0x7f800000;
/** Exponent bits of two 16-bit numbers that lie in one word. */
const exponents16 = { float16: [0x7c000000, 0x7c00], bfloat16: [0x7f800000, 0x7f80] } as const;

const remedy = 'Take an earlier checkpoint of it, or fetch the file again.';

/**
 * Every number of some stored weights is finite. Files are read once, 16 MB at a time.
 * @param entries by name
 * @throws {InputError} naming the first weight that has others
 */
export async function checkFinite(entries: Iterable<[string, FloatsLocation]>): Promise<void> {
  const inOrder = [...entries].sort(([, a], [, b]) => a.offset - b.offset);
  const places = new Set<string>();
  for (const [name, entry] of inOrder) {
    const place = `${entry.file} ${entry.offset} ${entry.length}`;
    if (places.has(place)) continue; // one storage under several names
    places.add(place);
    if (await holdsNumbers(entry)) continue;
    throw notFinite(`${entry.file}: ${name}`, await readFloats(entry));
  }
}

/**
 * The same of tensors in memory.
 * @param where the file's name, for messages
 */
export function checkFiniteTensors(tensors: Tensors, where: string): void {
  for (const [name, { data }] of tensors) {
    if (hasBits32(asWords(data))) throw notFinite(`${where}: ${name}`, data);
  }
}

async function holdsNumbers(entry: FloatsLocation): Promise<boolean> {
  const { dtype, strides, length } = entry;
  // what lies between a view's elements is not looked at, and float64 is looked at as float32
  if (strides || dtype === 'float64') return !hasBits32(asWords(await readFloats(entry)));
  const width = floatBytes[dtype];
  let clean = true;
  await withPieces(entry.file, { offset: entry.offset, length, pieceBytes }, (bytes) => {
    if (!clean) return;
    // an odd 16-bit number at the end has a word of its own, filled up with zero
    const words = new Uint32Array(bytes.buffer, 0, Math.ceil(bytes.length / 4));
    if (width === 2 && bytes.length % 4 !== 0) words[words.length - 1] &= 0xffff;
    const found = dtype === 'float32' ? hasBits32(words) : hasBits16(words, exponents16[dtype]);
    clean = !found;
  });
  return clean;
}

function asWords({ buffer, byteOffset, length }: Float32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

/** Adding one to exponents that are all ones carries into the sign: no branch for each number. */
function hasBits32(words: Uint32Array): boolean {
  let carried = 0;
  for (let i = 0; i < words.length; i++) carried |= (words[i] & exponent32) + 0x00800000;
  return carried < 0;
}

function hasBits16(words: Uint32Array, [high, low]: readonly [number, number]): boolean {
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if ((word & high) === high || (word & low) === low) return true;
  }
  return false;
}

function notFinite(where: string, data: Float32Array): InputError {
  let [count, first] = [0, 0];
  for (const x of data) {
    if (Number.isFinite(x)) continue;
    if (count === 0) first = x;
    count++;
  }
  const kind = Number.isNaN(first) ? 'NaN' : 'infinity';
  return new InputError(where, 'finite numbers', `${kind} (${count} of ${data.length})`, remedy);
}
