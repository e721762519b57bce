/**
 * transformers' classes of tokenizers: what each is made of where there is no `tokenizer.json`, and what it
 * changes in one. A new class is a record here, and a function where none makes its `tokenizer.json` yet.
 */
import { vocabulary } from '../disk/vocabularies.ts';
import { byteTokenizer } from './byte-tokenizer.ts';
import { robertaTokenizer } from './roberta-tokenizer.ts';
import type { TokenizerConfig } from './tokenizer-config.ts';
import type { Build } from './tokenizer-parts.ts';
import { debertaTokenizer, t5Tokenizer, xlmRobertaTokenizer } from './unigram-tokenizer.ts';
import { bertNormalizer, wordPieceTokenizer } from './wordpiece-tokenizer.ts';

/** What a class makes of a folder without `tokenizer.json`. */
interface Origin {
  /** Names of the files, all of which it needs. */
  readonly files: readonly string[];
  /** The `tokenizer.json` of them; they come in that order. */
  readonly build: Build;
  /** Special tokens of a folder that does not name them. */
  readonly usual?: Readonly<Record<'bos' | 'eos' | 'unk' | 'pad', string>>;
  /** Takes out the blanks before punctuation, unless the config says otherwise. */
  readonly tidies?: boolean;
  /** Tokens are bytes. */
  readonly bytes?: boolean;
}

interface TokenizerClass {
  /** Absent where it reads nothing but `tokenizer.json`. */
  readonly origin?: Origin;
  /** Its models have no place for segments, however its pairs look. */
  readonly noSegments?: boolean;
  /** What it sets in a `BertNormalizer`, whatever the file says. */
  bertNormalizer?(config: TokenizerConfig): object;
}

const { spiece, spm, sentencePiece, words, ids, merges } = vocabulary;
const debertaNames = { bos: '[CLS]', eos: '[SEP]', unk: '[UNK]', pad: '[PAD]' };
const wordPiece = { files: [words], build: wordPieceTokenizer, tidies: true };
const bytePairs = { files: [ids, merges], build: robertaTokenizer };

/**
 * By the name that configs have; of transformers 4 it may end in `Fast`. Where a config names none whose
 * files are there, the first whose files are makes the tokenizer.
 */
const classes = {
  T5Tokenizer: { origin: { files: [spiece], build: t5Tokenizer } },
  DebertaV2Tokenizer: { origin: { files: [spm], build: debertaTokenizer, usual: debertaNames } },
  XLMRobertaTokenizer: { origin: { files: [sentencePiece], build: xlmRobertaTokenizer } },
  BertTokenizer: { origin: wordPiece, bertNormalizer },
  DistilBertTokenizer: { origin: wordPiece, bertNormalizer, noSegments: true },
  RobertaTokenizer: { origin: bytePairs },
  BartTokenizer: { origin: bytePairs },
  ByT5Tokenizer: { origin: { files: [], build: byteTokenizer, bytes: true } },
  PreTrainedTokenizerFast: {},
} satisfies Readonly<Record<string, TokenizerClass>>;

export type TokenizerClassName = keyof typeof classes;

/** Of the classes that are told by their files. */
const origins = Object.values<TokenizerClass>(classes).flatMap(({ origin }) =>
  origin && origin.files.length > 0 ? [origin] : [],
);

/** What has to be in a folder, in words. */
export const anyOrigin = new Intl.ListFormat('en', { type: 'disjunction' }).format(
  new Set(['tokenizer.json', ...origins.map(({ files }) => files.join(' and '))]),
);

/** The class of that name, or undefined where it has nothing of its own here. */
export function classNamed(name: string): TokenizerClass | undefined {
  const all = Object.entries<TokenizerClass>(classes);
  return all.find(([key]) => name === key || name === `${key}Fast`)?.[1];
}

/** What makes the tokenizer of a folder without `tokenizer.json`: a vocabulary wins over none. */
export function originOf(
  own: TokenizerClass | undefined,
  has: (file: string) => boolean,
): Origin | undefined {
  const all = own?.origin ? [own.origin, ...origins] : origins;
  const able = all.filter(({ files }) => files.every(has));
  return able.find(({ files }) => files.length > 0) ?? able[0];
}
