/** A tokenizer's files, and the `tokenizer.json` that old folders lack. I/O. */
import { join } from 'node:path';
import { z } from 'zod';
import { refuseAdapterFolder } from '../adapter/adapter-folder.ts';
import { parseJson, readIfPresent } from '../disk/json.ts';
import { vocabularies } from '../disk/vocabularies.ts';
import { UnavailableError } from '../errors.ts';
import { byteTokenizer } from './byte-tokenizer.ts';
import { robertaTokenizer } from './roberta-tokenizer.ts';
import { checkTokenizer, modelType } from './tokenizer-check.ts';
import { tokenizerConfig, widelyRead } from './tokenizer-config.ts';
import { debertaTokenizer, t5Tokenizer, xlmRobertaTokenizer } from './unigram-tokenizer.ts';
import { wordPieceTokenizer } from './wordpiece-tokenizer.ts';

/** A token that is matched in the text before the model sees it. */
export interface AddedToken {
  readonly content: string;
  readonly singleWord: boolean;
  readonly leftStrip: boolean;
  readonly rightStrip: boolean;
  readonly normalized: boolean;
  /** Left out of a decoded text on request. */
  readonly special: boolean;
}

/** A tokenizer as its folder describes it. */
export interface TokenizerDefinition {
  /** The `tokenizer.json` object, from the file or built from older ones; the native side takes it. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Content of each special token; absent when the folder names none. */
  readonly named: Readonly<Partial<Record<'pad' | 'eos' | 'unk' | 'bos', string>>>;
  /** All special tokens that the configs name, `named` and `additional_special_tokens` included. */
  readonly special: readonly string[];
  /** Tokens of `tokenizer_config.json` that `tokenizer.json` lacks, by their ids' order. */
  readonly missing: readonly AddedToken[];
  readonly cleanUpSpaces: boolean;
  /** Tokens are bytes, as ByT5's: a text is decoded without those that are no UTF-8. */
  readonly bytes: boolean;
  /** Tokens that the model was made for; Infinity when unknown. */
  readonly maxLength: number;
  readonly paddingSide: 'left' | 'right';
  readonly truncationSide: 'left' | 'right';
  /** The model is given which text of a pair an id is of, where it has a place for that. */
  readonly hasSegments: boolean;
  /** Rows of the embedding of the model in the same folder, when there is one. */
  readonly modelVocabulary: number | undefined;
  /** What was read, by file name: copied to another folder, it gives the same tokenizer. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const fileNames = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  ...vocabularies,
];

const flag = z.boolean().default(false);
const TokenJson = z.object({
  content: z.string(),
  single_word: flag,
  lstrip: flag,
  rstrip: flag,
  normalized: z.boolean().optional(),
  special: flag,
});
const Content = z.union(
  [z.string(), z.object({ content: z.string() }).transform((token) => token.content)],
  'a token',
);
const side = z.enum(['left', 'right']);
const Special = z.object({
  bos_token: Content.nullish(),
  eos_token: Content.nullish(),
  unk_token: Content.nullish(),
  sep_token: Content.nullish(),
  pad_token: Content.nullish(),
  cls_token: Content.nullish(),
  mask_token: Content.nullish(),
  additional_special_tokens: z.array(Content).nullish(),
});
const Config = Special.extend({
  add_prefix_space: z.boolean().nullish(),
  added_tokens_decoder: z.record(z.string(), TokenJson).nullish(),
  clean_up_tokenization_spaces: z.boolean().nullish(),
  do_lower_case: z.boolean().nullish(),
  extra_ids: z.int().min(0).max(10_000).nullish(),
  legacy: z.boolean().nullish(),
  model_input_names: z.array(z.string()).nullish(),
  model_max_length: z.number().positive().nullish(),
  padding_side: side.nullish(),
  split_by_punct: z.boolean().nullish(),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().nullish(),
  tokenizer_class: z.string().nullish(),
  truncation_side: side.nullish(),
});
type Config = z.infer<typeof Config>;
const TokenizerJson = z.looseObject({
  added_tokens: z.array(z.looseObject({ content: z.string() })).default([]),
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: z.looseObject({ type: z.string() }).nullish(),
  post_processor: z.looseObject({ type: z.string() }).nullish(),
  model: z.looseObject({}),
});
const ModelJson = z.object({
  model_type: z.string().optional().catch(undefined),
  vocab_size: z.int().positive().optional().catch(undefined),
  tokenizer_class: z.string().nullish().catch(undefined),
});

/** Of DistilBERT's tokenizer the pairs look as BERT's do, and its model has no place for segments. */
const hasNoSegments = /^distilbert/i;

/** transformers writes 1e30 for a length that it does not know. */
const unlimited = 1e18;

/**
 * Reads a folder's tokenizer: `tokenizer.json`, or what older folders have in its place: T5's
 * `spiece.model`, DeBERTa's `spm.model`, XLM-RoBERTa's `sentencepiece.bpe.model`, BERT's `vocab.txt`, or RoBERTa's
 * `vocab.json` and `merges.txt`.
 * @throws {UnavailableError} when the folder has none of them
 * @throws {InputError} when a file is not what its name says
 */
export async function readTokenizerFiles(folder: string): Promise<TokenizerDefinition> {
  await refuseAdapterFolder(folder);
  const files = new Map<string, Uint8Array>();
  for (const name of fileNames) {
    const bytes = await readIfPresent(join(folder, name));
    if (bytes !== undefined) files.set(name, name === tokenizerConfig ? widelyRead(bytes) : bytes);
  }
  const read = <T>(name: string, schema: z.ZodType<T>) =>
    parseJson(files.get(name) ?? new TextEncoder().encode('{}'), join(folder, name), schema);
  const config = read('tokenizer_config.json', Config);
  const modelBytes = await readIfPresent(join(folder, 'config.json'));
  const model = modelBytes ? parseJson(modelBytes, join(folder, 'config.json'), ModelJson) : {};
  const map = read('special_tokens_map.json', Special);
  const { names, more } = namesOf(config, map);
  const isBuilt = !files.has('tokenizer.json');
  const isByT5 = /^ByT5Tokenizer/.test(config.tokenizer_class ?? model.tokenizer_class ?? '');
  const bytes = isBuilt && isByT5 && !vocabularies.some((name) => files.has(name));
  const json = isBuilt
    ? TokenizerJson.parse(
        bytes ? byteTokenizer(sentinelsOf(config, more)) : builtJson(folder, files, names, config),
      )
    : read('tokenizer.json', TokenizerJson);
  const kind = config.tokenizer_class ?? model.model_type ?? '';
  settle(json, config, kind);
  checkTokenizer(json, isBuilt ? folder : join(folder, 'tokenizer.json'));

  const special = [...new Set([...Object.values(names), ...more])].filter(
    (token) => token !== undefined,
  );
  const listed = read('added_tokens.json', z.record(z.string(), z.int().nonnegative()));
  const added = config.added_tokens_decoder ?? tokensOf(listed, special);
  if (isBuilt) {
    const theirs = new Set(Object.keys(listed));
    json.added_tokens = json.added_tokens.filter(({ content }) => !theirs.has(content));
  }
  const present = new Set(json.added_tokens.map(({ content }) => content));
  const missing = Object.entries(added)
    .filter(([, { content }]) => !present.has(content))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, token]) => addedToken(token));
  const isDeberta = isBuilt && files.has('spm.model');
  const { bos, eos, unk, pad } = isDeberta ? named(debertaNames, names) : names;
  const length = config.model_max_length ?? Infinity;
  // BertTokenizer alone tidies what it decodes, unless its config says otherwise
  const tidies = isBuilt && json.model.type === 'WordPiece';
  return {
    json,
    named: { ...(bos && { bos }), ...(eos && { eos }), ...(unk && { unk }), ...(pad && { pad }) },
    special,
    missing,
    bytes,
    cleanUpSpaces: config.clean_up_tokenization_spaces ?? tidies,
    maxLength: length < unlimited ? length : Infinity,
    paddingSide: config.padding_side ?? 'right',
    truncationSide: config.truncation_side ?? 'right',
    hasSegments: config.model_input_names?.includes('token_type_ids') ?? !hasNoSegments.test(kind),
    modelVocabulary: model.vocab_size,
    files,
  };
}

/** What older folders list in `added_tokens.json`, by id as `added_tokens_decoder` has it. */
function tokensOf(
  listed: Readonly<Record<string, number>>,
  special: readonly string[],
): Record<string, z.infer<typeof TokenJson>> {
  const flags = { single_word: false, lstrip: false, rstrip: false };
  const tokens = Object.entries(listed).map(([content, id]) => {
    return [id, { content, ...flags, special: special.includes(content) }] as const;
  });
  return Object.fromEntries(tokens);
}

/** ByT5's tokens behind the bytes, in the order of their ids. */
function sentinelsOf(config: Config, more: readonly string[]): string[] {
  const listed = Object.entries(config.added_tokens_decoder ?? {}).filter(([id]) => Number(id) > 2);
  if (listed.length > 0) {
    return listed.sort(([a], [b]) => Number(a) - Number(b)).map(([, { content }]) => content);
  }
  if (more.length > 0) return [...more];
  return Array.from({ length: config.extra_ids ?? 125 }, (_, i) => `<extra_id_${i}>`);
}

/** As in transformers, the map is for configs that do not list their tokens. */
function namesOf(config: Config, map: z.infer<typeof Special>): { names: Names; more: string[] } {
  const [first, second] = config.added_tokens_decoder ? [config, map] : [map, config];
  const names = {
    bos: first.bos_token ?? second.bos_token ?? undefined,
    eos: first.eos_token ?? second.eos_token ?? undefined,
    unk: first.unk_token ?? second.unk_token ?? undefined,
    sep: first.sep_token ?? second.sep_token ?? undefined,
    pad: first.pad_token ?? second.pad_token ?? undefined,
    cls: first.cls_token ?? second.cls_token ?? undefined,
    mask: first.mask_token ?? second.mask_token ?? undefined,
  };
  return { names, more: first.additional_special_tokens ?? second.additional_special_tokens ?? [] };
}

/** What transformers' tokenizer classes change in a `tokenizer.json` when they load it. */
function settle(json: z.infer<typeof TokenizerJson>, config: Config, kind: string): void {
  // it pads and truncates per call, whatever the file says
  Object.assign(json, { truncation: null, padding: null });
  // A T5 config may also have this key; transformers then drops tokenizer.json, tactful does not.
  if (json.pre_tokenizer?.type === 'ByteLevel' && typeof config.add_prefix_space === 'boolean') {
    json.pre_tokenizer.add_prefix_space = config.add_prefix_space;
    if (json.post_processor?.type === 'RobertaProcessing') {
      json.post_processor.add_prefix_space = config.add_prefix_space;
    }
  }
  if (json.normalizer?.type === 'BertNormalizer' && /^(distil)?bert/i.test(kind)) {
    Object.assign(json.normalizer, bertNormalizer(config));
  }
  json.model.type = modelType(json.model);
}

function addedToken(token: z.infer<typeof TokenJson>): AddedToken {
  return {
    content: token.content,
    singleWord: token.single_word,
    leftStrip: token.lstrip,
    rightStrip: token.rstrip,
    normalized: token.normalized ?? !token.special,
    special: token.special,
  };
}

type Names = Readonly<
  Partial<Record<'bos' | 'eos' | 'unk' | 'sep' | 'pad' | 'cls' | 'mask', string | undefined>>
>;

const bertNames = { cls: '[CLS]', sep: '[SEP]', unk: '[UNK]', pad: '[PAD]', mask: '[MASK]' };
const debertaNames = { bos: '[CLS]', eos: '[SEP]', unk: '[UNK]', pad: '[PAD]' };
const robertaNames = {
  bos: '<s>',
  pad: '<pad>',
  eos: '</s>',
  cls: '<s>',
  sep: '</s>',
  unk: '<unk>',
  mask: '<mask>',
};

/** The `tokenizer.json` that transformers would make of a folder without one. */
function builtJson(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  names: Names,
  config: Config,
): Record<string, unknown> {
  const at = (name: string) => join(folder, name);
  const [t5, deberta, xlm, words] = [
    'spiece.model',
    'spm.model',
    'sentencepiece.bpe.model',
    'vocab.txt',
  ].map((name) => files.get(name));
  if (t5) {
    return t5Tokenizer(t5, at('spiece.model'), {
      extraIds: config.extra_ids ?? 100,
      legacy: config.legacy ?? true,
      addPrefixSpace: config.add_prefix_space ?? true,
    });
  }
  if (deberta) {
    return debertaTokenizer(deberta, at('spm.model'), {
      lowerCase: config.do_lower_case ?? false,
      splitPunctuation: config.split_by_punct ?? false,
    });
  }
  if (xlm) return xlmRobertaTokenizer(xlm, at('sentencepiece.bpe.model'));
  if (words) {
    const { lowercase, strip_accents, handle_chinese_chars } = bertNormalizer(config);
    return wordPieceTokenizer(words, at('vocab.txt'), {
      lowerCase: lowercase,
      stripAccents: strip_accents,
      splitChinese: handle_chinese_chars,
      names: named(bertNames, names),
    });
  }
  const [vocab, merges] = [files.get('vocab.json'), files.get('merges.txt')];
  if (!vocab || !merges) {
    const expected =
      'tokenizer.json, spiece.model, spm.model, sentencepiece.bpe.model, vocab.txt, or vocab.json and merges.txt';
    const remedy = 'Is it the right folder, and the download complete?';
    throw new UnavailableError(folder, expected, 'none of them', remedy);
  }
  return robertaTokenizer(
    { vocab, vocabName: at('vocab.json'), merges, mergesName: at('merges.txt') },
    named(robertaNames, names),
  );
}

/** The usual names of special tokens, but those that the folder gives. */
function named<Key extends keyof Names>(usual: Record<Key, string>, given: Names) {
  const entries = Object.entries<string>(usual).map(
    ([key, token]) => [key, given[key as Key] ?? token] as const,
  );
  return Object.fromEntries(entries) as Record<Key, string>;
}

/** What a BERT tokenizer's config says of its normalizer, with BertTokenizer's defaults. */
function bertNormalizer(config: Config) {
  return {
    lowercase: config.do_lower_case ?? true,
    strip_accents: config.strip_accents ?? null,
    handle_chinese_chars: config.tokenize_chinese_chars ?? true,
  };
}
