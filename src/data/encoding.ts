/** Names of text encodings, and what bytes look like. Pure. */

/** Names of Python's codecs that are no labels of the Encoding Standard. */
const others: Readonly<Record<string, string>> = {
  'utf-8-sig': 'utf-8',
  'latin-1': 'windows-1252',
  'iso-8859-1': 'windows-1252',
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  'mac-roman': 'macintosh',
};

/**
 * The Encoding Standard's name of an encoding, or of Python's name for it: `windows-1252` of
 * `latin1`; undefined when nothing here reads it.
 * @see https://encoding.spec.whatwg.org/#names-and-labels
 */
export function encodingName(label: string): string | undefined {
  const name = label.trim().toLowerCase();
  try {
    return new TextDecoder(others[name.replaceAll('_', '-')] ?? name).encoding;
  } catch {
    return undefined;
  }
}

/** The encoding that a byte order mark tells. */
export function markOf([a, b, c]: Uint8Array): string | undefined {
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  return a === 0xef && b === 0xbb && c === 0xbf ? 'utf-8' : undefined;
}

/** UTF-16 without a mark: in text of mostly Latin letters every other byte is 0. */
export function bareUtf16(head: Uint8Array): string | undefined {
  if (head.length < 4) return undefined;
  const zeros = [0, 0];
  head.forEach((byte, i) => {
    if (byte === 0) zeros[i % 2]++;
  });
  const [even, odd] = zeros.map((count) => count / Math.floor(head.length / 2));
  if (odd > 0.5 && even < 0.1) return 'utf-16le';
  return even > 0.5 && odd < 0.1 ? 'utf-16be' : undefined;
}

/** Characters of the bytes 0x80 to 0x9f in windows-1252, which Node 20 and 22 read as those of Latin-1. */
const upper = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** Text of windows-1252; no byte is wrong in it. */
export function windows1252(bytes: Uint8Array): string {
  const text = new TextDecoder('windows-1252').decode(bytes);
  return text.replace(/[\x80-\x9f]/g, (char) => upper[char.charCodeAt(0) - 0x80]);
}
