import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { codecs } from '../../src/data/parquet-codecs.ts';

/** A zstd frame of "abc", unpacked as it is. */
const frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 0x61, 0x62, 0x63];
const zstd = (...more: number[]) => codecs.ZSTD!(Uint8Array.from([...frame, ...more]), 3);

test('one zstd frame is unpacked', () => {
  expect(Buffer.from(zstd()).toString()).toBe('abc');
});

test.each([
  // of which the library would read the length as -8 and go round for ever
  ['a frame to skip', [0x50, 0x2a, 0x4d, 0x18, 0xf8, 0xff, 0xff, 0xff]],
  ['another frame', frame],
  ['a byte', [0]],
])('%s after a zstd frame is refused', (_, more) => {
  expect(() => zstd(...more)).toThrow('not one zstd frame');
});

test('a zstd frame that is cut off is refused', () => {
  for (let length = 0; length < frame.length; length++) {
    expect(() => codecs.ZSTD!(Uint8Array.from(frame.slice(0, length)), 3)).toThrow(RangeError);
  }
});

test.each([
  ['GZIP', gzipSync(Buffer.alloc(2 ** 20))],
  ['BROTLI', brotliCompressSync(Buffer.alloc(2 ** 20))],
] as const)('%s gives no more than the page says', (codec, packed) => {
  expect(codecs[codec]!(packed, 2 ** 20).length).toBe(2 ** 20);
  expect(() => codecs[codec]!(packed, 1000)).toThrow('larger than 1000 bytes');
});
