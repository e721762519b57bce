/** Reads SentencePiece's model files (`spiece.model`): the fields that tokenizers need. */
import { InputError } from '../errors.ts';

/** A SentencePiece model. */
export interface SentencePieceModel {
  readonly pieces: readonly Piece[];
  /** Place of the piece for what no other piece covers. */
  readonly unkId: number;
  readonly algorithm: 'unigram' | 'bpe' | 'word' | 'char';
  /** Table of normalised characters; empty when nothing is normalised. */
  readonly charsmap: Uint8Array;
}

/** One piece of a vocabulary; its id is its place. */
export interface Piece {
  readonly text: string;
  /** Logarithm of its probability. */
  readonly score: number;
  /** `control` and `user` pieces are matched in a text as they are. */
  readonly kind: 'plain' | 'control' | 'user';
}

const algorithms: Record<number, SentencePieceModel['algorithm']> = {
  1: 'unigram',
  2: 'bpe',
  3: 'word',
  4: 'char',
};

/**
 * The model in a file's bytes.
 * @param where the file's name, for messages
 * @throws {InputError} when the bytes are no such model
 * @see sentencepiece_model.proto
 */
export function parseSentencePiece(bytes: Uint8Array, where: string): SentencePieceModel {
  const pieces: Piece[] = [];
  let unkId = 0;
  let type = 1;
  let charsmap: Uint8Array = new Uint8Array();
  for (const { field, value } of fieldsOf(bytes, where)) {
    if (typeof value === 'number') continue;
    if (field === 1) pieces.push(pieceOf(value, where));
    if (field === 2) {
      for (const { field, value: number } of fieldsOf(value, where)) {
        if (typeof number !== 'number') continue;
        if (field === 3) type = number;
        if (field === 40) unkId = number;
      }
    }
    if (field === 3) {
      for (const { field, value: table } of fieldsOf(value, where)) {
        if (field === 2 && typeof table !== 'number') charsmap = table;
      }
    }
  }
  const algorithm = algorithms[type];
  if (algorithm === undefined) throw new InputError(where, 'model_type 1 to 4', `${type}`);
  if (unkId >= pieces.length) {
    throw new InputError(where, `unk_id below ${pieces.length}, the pieces`, `${unkId}`, remedy);
  }
  return { pieces, unkId, algorithm, charsmap };
}

const remedy = 'The file is damaged: fetch it again.';

function pieceOf(bytes: Uint8Array, where: string): Piece {
  let text = '';
  let score = 0;
  let type = 1;
  for (const { field, value, wire } of fieldsOf(bytes, where)) {
    if (field === 1 && typeof value !== 'number') text = textOf(value, where);
    if (field === 2 && typeof value !== 'number' && wire === 5) score = floatOf(value);
    if (field === 3 && typeof value === 'number') type = value;
  }
  if (!Number.isFinite(score)) throw new InputError(where, 'finite scores', `${score}`, remedy);
  return { text, score, kind: type === 3 ? 'control' : type === 4 ? 'user' : 'plain' };
}

// one for all: there are 250,000 pieces in mT5's model
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array, where: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new InputError(where, 'pieces of UTF-8', 'other bytes', remedy, cause);
  }
}

function floatOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
}

/** One field of a protobuf message: a number, or the bytes of anything else. */
interface Field {
  readonly field: number;
  readonly wire: number;
  readonly value: number | Uint8Array;
}

function* fieldsOf(bytes: Uint8Array, where: string): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new InputError(where, 'a SentencePiece model', 'other bytes', remedy);
  };
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) {
      const actual = `${bytes.length - at}`;
      throw new InputError(where, `${length} more bytes at ${at}`, actual, remedy);
    }
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === 0) yield { field, wire, value: varint() };
    else if (wire === 1) yield { field, wire, value: take(8) };
    else if (wire === 2) yield { field, wire, value: take(varint()) };
    else if (wire === 5) yield { field, wire, value: take(4) };
    else throw new InputError(where, 'a SentencePiece model', 'other bytes', remedy);
  }
}
