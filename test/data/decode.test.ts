import { expect, test } from 'vitest';
import { decoded } from '../../src/data/decode.ts';
import type { Note } from '../../src/events.ts';

async function text(...pieces: Uint8Array[]): Promise<string> {
  return (await read(pieces)).all;
}

async function read(pieces: readonly Uint8Array[], encoding?: string) {
  let all = '';
  const notes: string[] = [];
  async function* stream() {
    yield* pieces;
  }
  const note = ({ says }: Note) => notes.push(says);
  for await (const part of decoded(stream(), 'f', { encoding, note })) all += part;
  return { all, notes };
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

const utf8 = 'f:1: expected UTF-8 text, got';
test.each([
  ['a byte of another encoding', [0x61, 0xb0, 0x61], `${utf8} the byte 0xb0 after "a". Set`],
  ['half a character', [0x61, 0xf0, 0x9f], `${utf8} the byte 0xf0 after "a". Set`],
  ['half a UTF-16 unit', [0xff, 0xfe, 0x61], 'f: expected utf-16le text, got other bytes. Set'],
  ['one byte alone', [0xb0], `${utf8} the byte 0xb0. Set \`encoding\` to the one that it is in`],
])('%s is refused', async (_, bytes, message) => {
  await expect(text(...bytewise(Uint8Array.from(bytes)))).rejects.toThrow(message);
});

// Python 3.13: 'Né “à” 3 €'.encode(name), and so on
test.each([
  ['windows-1252', 'Né “à” 3 €\n', '4ee92093e094203320800a'],
  ['latin1', 'Né “à” 3 €\n', '4ee92093e094203320800a'],
  ['Latin-1', 'é', 'e9'],
  ['shift_jis', '荷物です', '89d795a882c582b7'],
  ['cp932', '荷物', '89d795a8'],
  ['gbk', '行李到了', 'd0d0c0eeb5bdc1cb'],
  ['euc-kr', '안녕', 'bec8b3e7'],
  ['windows-1251', 'Багаж', 'c1e0e3e0e6'],
  ['utf-16be', 'aé', '006100e9'],
  ['utf-16le', 'aé', '6100e900'],
  ['utf-8-sig', 'aé', 'efbbbf61c3a9'],
])('%s is read as Python reads it', async (encoding, expected, hex) => {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  expect(await read([bytes], encoding)).toEqual({ all: expected, notes: [] });
  expect((await read(bytewise(bytes), encoding)).all).toBe(expected);
});

test('a mark goes over the encoding that is named, and that is told', async () => {
  expect(await read([Buffer.from('\uFEFFé')], 'latin1')).toEqual({
    all: 'é',
    notes: ['Its byte order mark says utf-8; it is read so, and not as windows-1252.'],
  });
});

test('UTF-16 without a mark shows itself by its zeros', async () => {
  const bytes = Buffer.from('id,dialogue\n1,é', 'utf16le');
  const le = { all: 'id,dialogue\n1,é', notes: ['The text is utf-16le, as its zeros show.'] };
  expect(await read([bytes])).toEqual(le);
  expect((await read([Buffer.from(bytes).swap16()])).all).toBe(le.all);
});

test('a bad byte is told with its line, whatever the pieces, line ends and lengths of lines', async () => {
  const good = Buffer.from(`é,1\r\n${'ü'.repeat(3000)}\n`);
  const bytes = Buffer.concat([good, Buffer.from('Müller sagt: j'), Buffer.of(0xe9, 0x74, 0xe9)]);
  const message = 'f:3: expected UTF-8 text, got the byte 0xe9 after "Müller sagt: j". Set';
  await expect(read([bytes])).rejects.toThrow(message);
  await expect(read([bytes.subarray(0, 3001), bytes.subarray(3001)])).rejects.toThrow(message);
  await expect(read(bytewise(bytes))).rejects.toThrow(message);
  const old = Buffer.from(bytes.toString('latin1').replace(/\r?\n/g, '\r'), 'latin1');
  await expect(read([old])).rejects.toThrow(message);
});

test('a bad byte in another encoding is told with its line', async () => {
  const bytes = Buffer.from('0a89d782ff', 'hex');
  const message = 'f:2: expected shift_jis text, got the byte 0x82 after "荷". Set `encoding`';
  await expect(read([bytes], 'shift_jis')).rejects.toThrow(message);
});

test('an encoding that nobody knows is an error', async () => {
  await expect(read([Buffer.from('a')], 'utf-7')).rejects.toThrow(
    'encoding: expected a known text encoding, got "utf-7".',
  );
});
