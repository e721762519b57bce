/** The `tokenizer.json` that transformers makes of BERT's `vocab.txt`. */
import { InputError } from '../errors.ts';
import { named, type TokenizerConfig } from './tokenizer-config.ts';
import { type Build, specialToken, template } from './tokenizer-parts.ts';

const usual = { cls: '[CLS]', sep: '[SEP]', unk: '[UNK]', pad: '[PAD]', mask: '[MASK]' };

/**
 * BERT's and DistilBERT's, from `vocab.txt`: a token a line, its id the number of the lines before.
 * @throws {InputError} when the file is no UTF-8 or lacks a special token that texts need
 * @see BertConverter in transformers' convert_slow_tokenizer.py
 */
export const wordPieceTokenizer: Build = ([{ bytes, where }], config) => {
  // a token that comes twice has the last id, as in Python's dict
  const ids = new Map(linesOf(bytes, where).map((token, id) => [token, id]));
  const names = named(usual, config);
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
    normalizer: { type: 'BertNormalizer', clean_text: true, ...bertNormalizer(config) },
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
};

/** What a BERT tokenizer's config says of its normalizer, with BertTokenizer's defaults. */
export function bertNormalizer(config: TokenizerConfig) {
  return {
    handle_chinese_chars: config.tokenize_chinese_chars ?? true,
    strip_accents: config.strip_accents ?? null,
    lowercase: config.do_lower_case ?? true,
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
