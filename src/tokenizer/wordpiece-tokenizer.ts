/** The `tokenizer.json` that transformers makes of BERT's `vocab.txt`. */
import { InputError } from '../errors.ts';
import { type BuiltTokenizer, specialToken, template } from './tokenizer-parts.ts';

/** What a tokenizer's config says of a BERT tokenizer. */
export interface WordPieceOptions {
  readonly lowerCase: boolean;
  /** null: when the text is put in lower case. */
  readonly stripAccents: boolean | null;
  /** Each Chinese character a word of its own. */
  readonly splitChinese: boolean;
  /** Contents of the special tokens. */
  readonly names: Readonly<Record<'cls' | 'sep' | 'unk' | 'pad' | 'mask', string>>;
}

/**
 * BERT's and DistilBERT's, from `vocab.txt`: a token a line, its id the number of the lines before.
 * @throws {InputError} when the file is no UTF-8 or lacks a special token that texts need
 * @see BertConverter in transformers' convert_slow_tokenizer.py
 */
export function wordPieceTokenizer(
  bytes: Uint8Array,
  where: string,
  { lowerCase, stripAccents, splitChinese, names }: WordPieceOptions,
): BuiltTokenizer {
  // a token that comes twice has the last id, as in Python's dict
  const ids = new Map(linesOf(bytes, where).map((token, id) => [token, id]));
  const { cls, sep, unk } = names;
  const missing = [cls, sep, unk].find((token) => !ids.has(token));
  if (missing !== undefined) {
    const remedy = 'Without tokenizer.json only BERT tokenizers have a vocab.txt.';
    throw new InputError(where, `the token ${missing}`, 'none', remedy);
  }
  const around = { [cls]: ids.get(cls)!, [sep]: ids.get(sep)! };
  const added = [...new Set(Object.values(names))]
    .filter((token) => ids.has(token))
    .map((token) => specialToken(ids.get(token)!, token))
    .sort((a, b) => a.id - b.id);
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: splitChinese,
      strip_accents: stripAccents,
      lowercase: lowerCase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: template([cls, '$A', sep], [cls, '$A', sep, '$B', sep], around, 1),
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unk,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(ids),
    },
  };
}

/** Lines as Python's text files have them. */
function linesOf(bytes: Uint8Array, where: string): string[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new InputError(where, 'UTF-8', 'other bytes', 'Fetch the file again.', cause);
  }
  const lines = text.split(/\r\n|\r|\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
