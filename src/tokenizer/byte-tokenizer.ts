/** ByT5's tokenizer: a token is a byte, and no file is needed to know them. */
import type { TokenizerConfig } from './tokenizer-config.ts';
import { type Build, specialToken, template } from './tokenizer-parts.ts';

/** Padding, end and unknown come before the bytes. */
const before = ['<pad>', '</s>', '<unk>'];
const firstSentinel = before.length + 256;

/**
 * The `tokenizer.json` of the same ids: byte b is token b + 3, then come the sentinels.
 * @see ByT5Tokenizer in transformers
 */
export const byteTokenizer: Build = (_, config) => {
  const bytes = byteLetters().map((letter, byte) => [letter, byte + before.length] as const);
  const own = before.map((content, id) => [content, id] as const);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false };
  return {
    version: '1.0',
    added_tokens: [
      ...before.map((content, id) => ({
        ...specialToken(id, content),
        lstrip: true,
        rstrip: true,
      })),
      ...sentinelsOf(config).map((content, i) => specialToken(firstSentinel + i, content)),
    ],
    normalizer: null,
    pre_tokenizer: { ...byteLevel, use_regex: false },
    post_processor: template(['$A', '</s>'], ['$A', '</s>', '$B', '</s>'], { '</s>': 1 }),
    decoder: { ...byteLevel, use_regex: false },
    model: { type: 'BPE', vocab: Object.fromEntries([...own, ...bytes]), merges: [] },
  };
};

/** The tokens behind the bytes, in the order of their ids. */
function sentinelsOf(config: TokenizerConfig): readonly string[] {
  const listed = Object.entries(config.added_tokens_decoder ?? {}).filter(([id]) => Number(id) > 2);
  if (listed.length > 0) {
    return listed.sort(([a], [b]) => Number(a) - Number(b)).map(([, { content }]) => content);
  }
  const more = config.additional_special_tokens ?? [];
  if (more.length > 0) return more;
  return Array.from({ length: config.extra_ids ?? 125 }, (_, i) => `<extra_id_${i}>`);
}

/**
 * Text of ids, without the bytes that are no UTF-8: a text that is cut off loses a half of a letter.
 * @param contents of the tokens that are no bytes, by id; those that are left out are not there
 */
export function textOfBytes(ids: readonly number[], contents: ReadonlyMap<number, string>): string {
  const encoder = new TextEncoder();
  const bytes = ids.flatMap((id) => {
    if (id >= before.length && id < firstSentinel) return [id - before.length];
    return [...encoder.encode(contents.get(id) ?? '')];
  });
  return decodeLeniently(Uint8Array.from(bytes));
}

/** As Python's `errors="ignore"`. The mark that a decoder sets for an error may stand in the text itself. */
function decodeLeniently(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i <= bytes.length; i++) {
    const isMark = bytes[i] === 0xef && bytes[i + 1] === 0xbf && bytes[i + 2] === 0xbd;
    if (!isMark && i < bytes.length) continue;
    parts.push(decoder.decode(bytes.subarray(start, i)).replaceAll('\ufffd', ''));
    start = i + 3;
  }
  return parts.join('\ufffd');
}

/** GPT-2's letters for bytes: themselves where they can be seen, others from 256 on. */
function byteLetters(): string[] {
  const isSeen = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    return String.fromCodePoint(isSeen(byte) ? byte : next++);
  });
}
