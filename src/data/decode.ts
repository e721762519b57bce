/** Bytes in pieces to text in pieces. Pure. */
import { InputError } from '../errors.ts';

/**
 * Text of UTF-8 bytes, or of UTF-16 that begins with a byte order mark; the mark is left out.
 * @param file the name that messages use
 * @throws {InputError} when the bytes are something else
 */
export async function* decoded(
  bytes: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let first = new Uint8Array();
  try {
    for await (const piece of bytes) {
      if (decoder) {
        yield decoder.decode(piece, { stream: true });
        continue;
      }
      first = joined(first, piece); // the mark may come in two pieces
      if (first.length < 2) continue;
      decoder = decoderOf(first);
      yield decoder.decode(first, { stream: true });
    }
    decoder ??= decoderOf(first);
    yield first.length < 2 ? decoder.decode(first) : decoder.decode();
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') throw cause;
    const remedy = 'Save it again as UTF-8 (in Excel: "CSV UTF-8").';
    throw new InputError(file, 'UTF-8 text', 'other bytes', remedy, cause);
  }
}

function decoderOf([a, b]: Uint8Array) {
  const little = a === 0xff && b === 0xfe;
  const big = a === 0xfe && b === 0xff;
  return new TextDecoder(little ? 'utf-16le' : big ? 'utf-16be' : 'utf-8', { fatal: true });
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
