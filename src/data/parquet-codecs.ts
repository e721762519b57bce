/** I/O: unpacks the pages of Parquet files, to no more than the length that they say. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type Compressors, compressors, decompressZstd } from 'hyparquet-compressors';

/** By the codec's name in the file. */
export const codecs: Compressors = {
  ...compressors,
  GZIP: (input, length) => gunzipSync(input, { maxOutputLength: length || 1 }),
  BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: length || 1 }),
  ZSTD(input, length) {
    expectOneFrame(input);
    return decompressZstd(input, new Uint8Array(length));
  },
};

/** The library goes round for ever on some frames that follow the first: there may be none. */
function expectOneFrame(input: Uint8Array): void {
  const fault = () => new RangeError('not one zstd frame');
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (view.getUint32(0, true) !== 0xfd2fb528) throw fault();
  const flags = input[4];
  const single = (flags >> 5) & 1;
  const dictionary = [0, 1, 2, 4][flags & 3];
  const size = flags >> 6 ? 1 << (flags >> 6) : single;
  let end = 6 - single + dictionary + size;
  for (let last = 0; last === 0; ) {
    const head = input[end] | (input[end + 1] << 8) | (input[end + 2] << 16);
    if (end + 3 > input.length) throw fault();
    last = head & 1;
    end += 3 + (((head >> 1) & 3) === 1 ? 1 : head >> 3);
  }
  if (end + (flags & 4) !== input.length) throw fault();
}
