/** The `tokenizer.json` that transformers makes of a SentencePiece model. */
import { InputError } from '../errors.ts';
import { parseSentencePiece, type SentencePieceModel } from './sentencepiece.ts';
import {
  type Build,
  type BuiltTokenizer,
  base64Of,
  specialToken,
  template,
  type VocabularyFile,
} from './tokenizer-parts.ts';

/**
 * T5's and mT5's, from `spiece.model`.
 * @throws {InputError} when the file is no unigram model or lacks `</s>`
 * @see SpmConverter and T5Converter in transformers' convert_slow_tokenizer.py
 */
export const t5Tokenizer: Build = ([file], config) => {
  const model = unigramModel(file);
  const { pieces, unkId } = model;
  const extra = Array.from({ length: config.extra_ids ?? 100 }, (_, i) => `<extra_id_${i}>`);
  const vocab = [
    ...pieces.map(({ text, score }): Entry => [text, score]),
    ...extra.toReversed().map((text): Entry => [text, 0]),
  ];
  const eos = pieces.findIndex(({ text }) => text === '</s>');
  if (eos < 0) throw new InputError(file.where, 'the piece </s>', 'none', 'Is it a T5 tokenizer?');
  const special = ['</s>', '<unk>', '<pad>', ...extra];
  const after = template(['$A', '</s>'], ['$A', '</s>', '$B', '</s>'], { '</s>': eos });
  // not legacy: only a text's start gets a blank before it, not what follows a special token
  const scheme = (config.legacy ?? true) ? 'always' : 'first';
  const space = (config.add_prefix_space ?? true) ? scheme : 'never';
  return { ...unigramJson(model, vocab, { unkId, special, space }), post_processor: after };
};

/**
 * XLM-RoBERTa's, from `sentencepiece.bpe.model`: ids as in fairseq.
 * @throws {InputError} when the file is no unigram model
 * @see XLMRobertaConverter in transformers' convert_slow_tokenizer.py
 */
export const xlmRobertaTokenizer: Build = ([file]) => {
  const model = unigramModel(file);
  const first = ['<s>', '<pad>', '</s>', '<unk>'];
  const vocab = [
    ...first.map((text): Entry => [text, 0]),
    ...model.pieces.slice(3).map(({ text, score }): Entry => [text, score]),
    ['<mask>', 0] satisfies Entry,
  ];
  const special = [...first, '<mask>'];
  const around = template(['<s>', '$A', '</s>'], ['<s>', '$A', '</s>', '</s>', '$B', '</s>'], {
    '<s>': 0,
    '</s>': 2,
  });
  return { ...unigramJson(model, vocab, { unkId: 3, special }), post_processor: around };
};

/**
 * DeBERTa-v2's and -v3's, from `spm.model`; tokens of the family that are no pieces stand behind these.
 * @throws {InputError} when the file is no unigram model or lacks `[CLS]` or `[SEP]`
 * @see DebertaV2Converter in transformers' convert_slow_tokenizer.py
 */
export const debertaTokenizer: Build = ([file], config) => {
  const model = unigramModel(file);
  const { unkId } = model;
  const vocab = model.pieces.map(({ text, score }): Entry => [text, score]);
  const idOf = new Map(vocab.map(([text], id) => [text, id]));
  const special = ['[CLS]', '[SEP]', '[UNK]', '[PAD]', '[MASK]'];
  const [cls, sep] = special.map((text) => idOf.get(text));
  if (cls === undefined || sep === undefined) {
    throw new InputError(
      file.where,
      'the pieces [CLS] and [SEP]',
      'none',
      'Is it a DeBERTa tokenizer?',
    );
  }
  const built = unigramJson(model, vocab, { unkId, special });
  const behind = special
    .filter((text) => !idOf.has(text))
    .map((text, i) => specialToken(vocab.length + i, text));
  const added = [...built.added_tokens, ...behind].map((token) =>
    token.content === '[UNK]' ? { ...token, normalized: true } : token,
  );
  const ids = { '[CLS]': cls, '[SEP]': sep };
  return {
    ...built,
    added_tokens: added,
    normalizer: sequence('normalizers', [
      config.do_lower_case && { type: 'Lowercase' },
      { type: 'Strip', strip_left: true, strip_right: true },
      charsmapOf(model),
      { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
    ]),
    pre_tokenizer: sequence('pretokenizers', [
      // each character of punctuation is a word of its own
      config.split_by_punct && { type: 'Punctuation', behavior: 'Isolated' },
      built.pre_tokenizer,
    ]),
    post_processor: template(
      ['[CLS]', '$A', '[SEP]'],
      ['[CLS]', '$A', '[SEP]', '$B', '[SEP]'],
      ids,
      1,
    ),
  };
};

/** Components one after another, those that there are. */
function sequence(parts: 'normalizers' | 'pretokenizers', components: readonly unknown[]) {
  return { type: 'Sequence', [parts]: components.filter(Boolean) };
}

/** The table of normalised characters, where there is one. */
function charsmapOf({ charsmap }: SentencePieceModel) {
  return charsmap.length > 0 && { type: 'Precompiled', precompiled_charsmap: base64Of(charsmap) };
}

type Entry = [text: string, score: number];

function unigramModel({ bytes, where }: VocabularyFile): SentencePieceModel {
  const model = parseSentencePiece(bytes, where);
  if (model.algorithm === 'unigram') return model;
  const remedy = 'Fetch tokenizer.json of the same model.';
  throw new InputError(where, 'a unigram model', `a ${model.algorithm} one`, remedy);
}

interface UnigramParts {
  readonly unkId: number;
  /** Tokens that are special whatever their piece says. */
  readonly special: readonly string[];
  /** Where a blank goes before a text. @default always */
  readonly space?: string;
}

function unigramJson(
  model: SentencePieceModel,
  vocab: readonly Entry[],
  { unkId, special, space: prepend_scheme = 'always' }: UnigramParts,
): BuiltTokenizer {
  const { pieces } = model;
  const idOf = new Map(vocab.map(([text], id) => [text, id]));
  const control = pieces.filter(({ kind }) => kind === 'control').map(({ text }) => text);
  const user = pieces.filter(({ kind }) => kind === 'user').map(({ text }) => text);
  const isSpecial = new Set([...control, ...special]);
  const added = [...new Set([...isSpecial, ...user])]
    .flatMap((content) => {
      const id = idOf.get(content);
      return id === undefined ? [] : [specialToken(id, content, isSpecial.has(content))];
    })
    .sort((a, b) => a.id - b.id)
    .map((token) => (token.content === '<mask>' ? { ...token, lstrip: true } : token));
  const space = { type: 'Metaspace', replacement: '▁', prepend_scheme, split: true };
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: sequence('normalizers', [
      charsmapOf(model),
      { type: 'Strip', strip_left: false, strip_right: true },
      { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' },
    ]),
    pre_tokenizer: space,
    post_processor: null,
    decoder: space,
    model: { type: 'Unigram', unk_id: unkId, vocab, byte_fallback: false },
  };
}
