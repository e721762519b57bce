/** Bytes in pieces to text in pieces. Pure. */
import { InputError } from '../errors.ts';
import type { Note } from '../events.ts';
import { bareUtf16, encodingName, markOf, windows1252 } from './encoding.ts';

/** How the bytes are read. */
export interface DecodeOptions {
  /** A label of the Encoding Standard, or Python's name. A byte order mark goes over it. @default 'utf-8' */
  readonly encoding?: string | undefined;
  /** Is told what was found out of the encoding. */
  readonly note?: ((note: Note) => void) | undefined;
}

/** Bytes that show the encoding. */
const headLength = 64;
/** Bytes of the line so far that are kept, to find a bad one. */
const longestTail = 4096;

/**
 * Text of UTF-8 bytes, or of the encoding that is named; of UTF-16 that begins with a byte order
 * mark or shows itself by its zeros. The mark is left out.
 * @param file the name that messages use
 * @throws {InputError} when the bytes are something else, with the line and the byte
 */
export async function* decoded(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
  { encoding, note }: DecodeOptions = {},
): AsyncGenerator<string> {
  const begun = (head: Uint8Array) => new Reader(file, foundEncoding(head, encoding, note));
  let reader: Reader | undefined;
  let head = new Uint8Array();
  for await (const piece of bytes) {
    if (reader) {
      yield reader.read(piece);
      continue;
    }
    head = joined(head, piece); // the mark may come in two pieces
    if (head.length < headLength) continue;
    reader = begun(head);
    yield reader.read(head);
  }
  if (reader === undefined) {
    reader = begun(head);
    yield reader.read(head);
  }
  yield reader.end();
}

function foundEncoding(
  head: Uint8Array,
  named: string | undefined,
  note: DecodeOptions['note'],
): string {
  const mark = markOf(head);
  if (named === undefined) {
    const bare = mark === undefined ? bareUtf16(head.subarray(0, headLength)) : undefined;
    if (bare !== undefined) note?.({ says: `The text is ${bare}, as its zeros show.` });
    return mark ?? bare ?? 'utf-8';
  }
  const own = encodingName(named);
  if (own === undefined) throw new InputError('encoding', 'a known text encoding', `"${named}"`);
  if (mark !== undefined && mark !== own) {
    note?.({ says: `Its byte order mark says ${mark}; it is read so, and not as ${own}.` });
  }
  return mark ?? own;
}

/** Reads pieces, and knows where it is. */
class Reader {
  readonly #file: string;
  readonly #encoding: string;
  readonly #decode: (bytes: Uint8Array, stream: boolean) => string;
  #line = 1;
  #last = '';
  /** Bytes of the line so far. */
  #tail = new Uint8Array();

  constructor(file: string, encoding: string) {
    this.#file = file;
    this.#encoding = encoding;
    const decoder = new TextDecoder(encoding, { fatal: true });
    this.#decode =
      encoding === 'windows-1252'
        ? windows1252
        : (bytes, stream) => decoder.decode(bytes, { stream });
  }

  read(piece: Uint8Array): string {
    return this.#part(piece, true);
  }

  end(): string {
    return this.#part(new Uint8Array(), false);
  }

  #part(piece: Uint8Array, stream: boolean): string {
    let text: string;
    try {
      text = this.#decode(piece, stream);
    } catch (cause) {
      if ((cause as { code?: string }).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw cause;
      throw this.#bad(joined(this.#wholeTail(), piece), cause);
    }
    this.#line += linesIn(text) - Number(this.#last === '\r' && text[0] === '\n');
    this.#last = text.at(-1) ?? this.#last;
    const end = piece.findLastIndex((byte) => byte === 10 || byte === 13) + 1;
    const tail = end > 0 ? piece.subarray(end) : joined(this.#tail, piece);
    this.#tail = new Uint8Array(tail.subarray(-longestTail));
    return text;
  }

  /** Of UTF-8 without what was cut in the middle of a character. */
  #wholeTail(): Uint8Array {
    if (this.#encoding !== 'utf-8' || this.#tail.length < longestTail) return this.#tail;
    const start = this.#tail.findIndex((byte) => (byte & 0xc0) !== 0x80);
    return this.#tail.subarray(Math.max(start, 0));
  }

  #bad(bytes: Uint8Array, cause: unknown): InputError {
    const name = this.#encoding === 'utf-8' ? 'UTF-8' : this.#encoding;
    const wide = this.#encoding.startsWith('utf-16');
    const good = wide ? undefined : goodLength(bytes, this.#encoding);
    if (good === undefined) {
      const remedy = 'Set `encoding` to the one that it is in.';
      return new InputError(this.#file, `${name} text`, 'other bytes', remedy, cause);
    }
    const before = new TextDecoder(this.#encoding).decode(bytes.subarray(0, good));
    const where = `${this.#file}:${this.#line + linesIn(before)}`;
    const last = before.slice(-20).replace(/.*[\r\n]/s, '');
    const byte = `the byte 0x${bytes[good].toString(16).padStart(2, '0')}`;
    const got = last === '' ? byte : `${byte} after ${JSON.stringify(last)}`;
    const remedy = `Set \`encoding\` to the one that it is in, ${likely(bytes)}, or save it as UTF-8 (in Excel: "CSV UTF-8").`;
    return new InputError(where, `${name} text`, got, remedy, cause);
  }
}

/** What is worth a try: where every other byte is no ASCII, it is no Latin alphabet. */
function likely(bytes: Uint8Array): string {
  const high = bytes.filter((byte) => byte > 127).length;
  return high > 0.3 * bytes.length && bytes.length > headLength
    ? 'for instance windows-1251, gbk, shift_jis or euc-kr'
    : 'for instance windows-1252';
}

/** Length of the text before the first bad byte; undefined when all bytes are good ones. */
function goodLength(bytes: Uint8Array, encoding: string): number | undefined {
  const isGood = (length: number, stream: boolean) => {
    try {
      new TextDecoder(encoding, { fatal: true }).decode(bytes.subarray(0, length), { stream });
      return true;
    } catch {
      return false;
    }
  };
  // the first length that shows that something is wrong; what is bad may have begun before it
  let [low, high] = [0, bytes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isGood(middle, true)) low = middle + 1;
    else high = middle;
  }
  for (let length = low - 1; length >= 0; length--) if (isGood(length, false)) return length;
  return undefined;
}

function linesIn(text: string): number {
  return text.match(/\r\n?|\n/g)?.length ?? 0;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
