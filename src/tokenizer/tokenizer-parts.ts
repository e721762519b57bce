/** Parts of a `tokenizer.json` that several families share. */
import type { TokenizerConfig } from './tokenizer-config.ts';

/** A `tokenizer.json` object made from other files. */
export interface BuiltTokenizer extends Record<string, unknown> {
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
}

/** A file that a tokenizer is made of; `where` is its name for messages. */
export type VocabularyFile = { readonly bytes: Uint8Array; readonly where: string };

/** Makes what transformers would. */
export type Build = (files: readonly VocabularyFile[], config: TokenizerConfig) => BuiltTokenizer;

/** A token that is matched in a text as it is. */
export function specialToken(id: number, content: string, special = true) {
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  return { id, content, ...flags, special };
}

/**
 * What goes around one text and around two.
 * @param single,pair special tokens, and `$A` and `$B` for the texts
 * @param ids of the special tokens
 * @param secondType type id of all from `$B` on
 */
export function template(
  single: readonly string[],
  pair: readonly string[],
  ids: Readonly<Record<string, number>>,
  secondType = 0,
) {
  const pieces = (parts: readonly string[]) =>
    parts.map((part, i) => {
      const type_id = parts.includes('$B') && i >= parts.indexOf('$B') ? secondType : 0;
      return part.startsWith('$')
        ? { Sequence: { id: part.slice(1), type_id } }
        : { SpecialToken: { id: part, type_id } };
    });
  const tokens = Object.entries(ids).map(
    ([id, number]) => [id, { id, ids: [number], tokens: [id] }] as const,
  );
  return {
    type: 'TemplateProcessing',
    single: pieces(single),
    pair: pieces(pair),
    special_tokens: Object.fromEntries(tokens),
  };
}

/** Bytes as base64. */
export function base64Of(bytes: Uint8Array): string {
  let text = '';
  // a call takes no more arguments than the stack has room for
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

/** The bytes of base64, or undefined when the text is none, padding included. */
export function bytesOfBase64(text: string): Uint8Array | undefined {
  try {
    const decoded = atob(text);
    const bytes = new Uint8Array(decoded.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = decoded.charCodeAt(i);
    return base64Of(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}
