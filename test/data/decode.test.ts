import { expect, test } from 'vitest';
import { decoded } from '../../src/data/decode.ts';

async function text(...pieces: Uint8Array[]): Promise<string> {
  let all = '';
  async function* stream() {
    yield* pieces;
  }
  for await (const part of decoded(stream(), 'f')) all += part;
  return all;
}
const bytewise = (bytes: Uint8Array) => [...bytes].map((byte) => Uint8Array.of(byte));

test.each(['안녕 😀', 'a', ''])(
  '%j is read byte by byte, with a mark and without',
  async (written) => {
    const wide = Buffer.from(`\uFEFF${written}`, 'utf16le');
    for (const bytes of [Buffer.from(written), Buffer.from(`\uFEFF${written}`), wide]) {
      expect(await text(...bytewise(bytes))).toBe(written);
    }
    expect(await text(...bytewise(Buffer.from(wide).swap16()))).toBe(written);
  },
);

test('a mark in the middle is a character', async () => {
  expect(await text(Buffer.from('a\uFEFFb'))).toBe('a\uFEFFb');
});

test.each([
  ['a byte of another encoding', [0x61, 0xb0, 0x61]],
  ['half a character', [0x61, 0xf0, 0x9f]],
  ['half a UTF-16 unit', [0xff, 0xfe, 0x61]],
  ['one byte alone', [0xb0]],
])('%s is refused', async (_, bytes) => {
  const message = 'f: expected UTF-8 text, got other bytes. Save it again as UTF-8';
  await expect(text(...bytewise(Uint8Array.from(bytes)))).rejects.toThrow(message);
});
