/** SentencePiece's table of normalised characters: a trie (darts-clone) and the texts it leads to. */
import { InputError } from '../errors.ts';

/**
 * Refuses a table that the native tokenizer could not follow to its end: it would take the process
 * down with it.
 * @param bytes the trie's length in bytes as uint32, the trie (uint32 units), the texts, each closed
 * by a zero byte; all little-endian
 * @throws {InputError}
 * @see spm_precompiled's lib.rs and sentencepiece's normalizer.cc
 */
export function checkCharsmap(bytes: Uint8Array, where: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length < 4 ? 0 : view.getUint32(0, true);
  if (size === 0 || size % 4 !== 0 || 4 + size > bytes.length) {
    throw damaged(where, `${bytes.length} bytes with a trie of ${size}`);
  }
  const texts = bytes.subarray(4 + size);
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(texts);
  } catch {
    throw damaged(where, 'texts that are no UTF-8');
  }
  const units = new Uint32Array(size / 4);
  for (let i = 0; i < units.length; i++) units[i] = view.getUint32(4 + 4 * i, true);
  checkTrie(units, texts, where);
}

/** What a table that has been checked makes of a text that it holds as it is; else undefined. */
export function normalisedBy(bytes: Uint8Array): (text: string) => string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts = bytes.subarray(4 + view.getUint32(0, true));
  const unitAt = (place: number) => view.getUint32(4 + 4 * place, true);
  return (text) => {
    let [place, unit] = [0, unitAt(0)];
    for (const byte of new TextEncoder().encode(text)) {
      place = (place ^ offsetOf(unit) ^ byte) >>> 0;
      unit = unitAt(place);
      if (labelOf(unit) !== byte) return undefined;
    }
    if (!hasLeaf(unit)) return undefined;
    const start = unitAt((place ^ offsetOf(unit)) >>> 0) & 0x7fffffff;
    return new TextDecoder().decode(texts.subarray(start, texts.indexOf(0, start)));
  };
}

/** Follows every path of the trie: each step and each leaf must lie within the tables. */
function checkTrie(units: Uint32Array, texts: Uint8Array, where: string): void {
  const seen = new Uint8Array(units.length);
  const open = [offsetOf(units[0])];
  for (let base = open.pop(); base !== undefined; base = open.pop()) {
    // a step reads the unit at base ^ byte, for whatever byte the text holds
    if ((base | 0xff) >>> 0 >= units.length)
      throw damaged(where, 'a trie that leads out of itself');
    for (let byte = 1; byte < 256; byte++) {
      const place: number = base ^ byte;
      const unit: number = units[place];
      if (labelOf(unit) !== byte) continue;
      const next = (place ^ offsetOf(unit)) >>> 0;
      if (hasLeaf(unit)) checkLeaf(units[next], texts, where);
      if (seen[next] === 1) continue;
      seen[next] = 1; // beyond the end nothing is kept, and the next round refuses it
      open.push(next);
    }
  }
}

/** A leaf holds the place of a text's first byte. */
function checkLeaf(unit: number | undefined, texts: Uint8Array, where: string): void {
  const start = unit === undefined ? Infinity : unit & 0x7fffffff;
  const within = start <= texts.length && ((texts[start] ?? 0) & 0xc0) !== 0x80;
  if (!within) throw damaged(where, 'a trie that leads to no text');
}

// The units of darts-clone: label with leaf bit 31, leaf flag 8, offset from bit 10, shifted by bit 9.
function labelOf(unit: number): number {
  return unit & 0x800000ff;
}

function hasLeaf(unit: number): boolean {
  return ((unit >>> 8) & 1) === 1;
}

function offsetOf(unit: number): number {
  return ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0;
}

function damaged(where: string, actual: string): InputError {
  const remedy = 'The file is damaged: fetch it again.';
  return new InputError(where, 'a table of normalised characters', actual, remedy);
}
