/** A tokenizer's files, and the `tokenizer.json` that old RoBERTa folders lack. I/O. */
import { join } from 'node:path';
import { z } from 'zod';
import { InputError, UnavailableError } from '../errors.ts';
import { parseJson, readIfPresent } from './json.ts';

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
  /** The `tokenizer.json` object, from the file or built from `vocab.json` and `merges.txt`. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Content of each special token; absent when the folder names none. */
  readonly named: Readonly<Partial<Record<'pad' | 'eos' | 'unk' | 'bos', string>>>;
  /** All special tokens that the configs name, `named` and `additional_special_tokens` included. */
  readonly special: readonly string[];
  /** Tokens of `tokenizer_config.json` that `tokenizer.json` lacks, by their ids' order. */
  readonly missing: readonly AddedToken[];
  readonly cleanUpSpaces: boolean;
  /** Tokens that the model was made for; Infinity when unknown. */
  readonly maxLength: number;
  readonly paddingSide: 'left' | 'right';
  readonly truncationSide: 'left' | 'right';
  /** What was read, by file name: copied to another folder, it gives the same tokenizer. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const fileNames = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'vocab.json',
  'merges.txt',
  'spiece.model',
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
  model_max_length: z.number().positive().nullish(),
  padding_side: side.nullish(),
  truncation_side: side.nullish(),
});
const TokenizerJson = z.looseObject({
  added_tokens: z.array(z.looseObject({ content: z.string() })).default([]),
  pre_tokenizer: z.looseObject({ type: z.string() }).nullish(),
  model: z.looseObject({}),
});
const Vocabulary = z.record(z.string(), z.int().nonnegative());

/**
 * Reads a folder's tokenizer: `tokenizer.json`, or RoBERTa's `vocab.json` and `merges.txt`.
 * @throws {UnavailableError} when the folder has neither
 * @throws {InputError} when a file is not what its name says
 */
export async function readTokenizerFiles(folder: string): Promise<TokenizerDefinition> {
  const files = new Map<string, Uint8Array>();
  for (const name of fileNames) {
    const bytes = await readIfPresent(join(folder, name));
    if (bytes !== undefined) files.set(name, bytes);
  }
  const read = <T>(name: string, schema: z.ZodType<T>) =>
    parseJson(files.get(name) ?? new TextEncoder().encode('{}'), join(folder, name), schema);
  const config = read('tokenizer_config.json', Config);
  const map = read('special_tokens_map.json', Special);
  // as in transformers, the map is for configs that do not list their tokens
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
  const more = first.additional_special_tokens ?? second.additional_special_tokens ?? [];

  const json = files.has('tokenizer.json')
    ? read('tokenizer.json', TokenizerJson)
    : TokenizerJson.parse(robertaJson(folder, files, names));
  // transformers pads and truncates per call, whatever the file says
  Object.assign(json, { truncation: null, padding: null });
  // A T5 config may also have this key; transformers then drops tokenizer.json, tactful does not.
  if (json.pre_tokenizer?.type === 'ByteLevel' && typeof config.add_prefix_space === 'boolean') {
    json.pre_tokenizer.add_prefix_space = config.add_prefix_space;
  }

  const present = new Set(json.added_tokens.map(({ content }) => content));
  const missing = Object.entries(config.added_tokens_decoder ?? {})
    .filter(([, { content }]) => !present.has(content))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, token]) => addedToken(token));
  const { bos, eos, unk, pad } = names;
  return {
    json,
    named: { ...(bos && { bos }), ...(eos && { eos }), ...(unk && { unk }), ...(pad && { pad }) },
    special: [...new Set([...Object.values(names), ...more])].filter(
      (token) => token !== undefined,
    ),
    missing,
    cleanUpSpaces: config.clean_up_tokenization_spaces ?? false,
    maxLength: config.model_max_length ?? Infinity,
    paddingSide: config.padding_side ?? 'right',
    truncationSide: config.truncation_side ?? 'right',
    files,
  };
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

/**
 * The `tokenizer.json` of a byte-level RoBERTa tokenizer, as transformers converts it.
 * @see RobertaConverter in transformers' convert_slow_tokenizer.py
 */
function robertaJson(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  names: Readonly<Record<string, string | undefined>>,
): Record<string, unknown> {
  const vocabBytes = files.get('vocab.json');
  const mergesBytes = files.get('merges.txt');
  if (!vocabBytes || !mergesBytes) {
    const actual = files.has('spiece.model') ? 'only spiece.model' : 'none of them';
    const remedy = files.has('spiece.model')
      ? 'spiece.model alone is not read: fetch tokenizer.json of the same model.'
      : 'Is it the right folder, and the download complete?';
    const expected = 'tokenizer.json, or vocab.json and merges.txt';
    throw new UnavailableError(folder, expected, actual, remedy);
  }
  const vocab = parseJson(vocabBytes, join(folder, 'vocab.json'), Vocabulary);
  const merges = parseMerges(mergesBytes, join(folder, 'merges.txt'));
  const cls = names.cls ?? '<s>';
  const sep = names.sep ?? '</s>';
  for (const token of [cls, sep]) {
    if (Object.hasOwn(vocab, token)) continue;
    const remedy = 'Without tokenizer.json only RoBERTa tokenizers are read.';
    throw new InputError(join(folder, 'vocab.json'), `the token ${token}`, 'none', remedy);
  }
  const mask = names.mask ?? '<mask>';
  const plain = [names.bos ?? '<s>', names.pad ?? '<pad>', names.eos ?? '</s>', cls, sep];
  const added = [...new Set([...plain, names.unk ?? '<unk>', mask])]
    .filter((content) => Object.hasOwn(vocab, content))
    .sort((a, b) => vocab[a] - vocab[b])
    .map((content) => ({
      id: vocab[content],
      content,
      single_word: false,
      lstrip: content === mask,
      rstrip: false,
      normalized: content !== mask,
      special: true,
    }));
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: false,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [sep, vocab[sep]],
      cls: [cls, vocab[cls]],
      trim_offsets: true,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}

/** Pairs of a merges file: one a line after a `#version` line; a pair may start with `#`. */
function parseMerges(bytes: Uint8Array, where: string): string[][] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  const pairs: string[][] = [];
  for (const [i, line] of lines.entries()) {
    if (line === '' || (i === 0 && line.startsWith('#version'))) continue;
    const pair = line.replace(/\r$/, '').split(' ');
    if (pair.length !== 2 || pair.includes('')) {
      throw new InputError(`${where}: line ${i + 1}`, 'two symbols', JSON.stringify(line));
    }
    pairs.push(pair);
  }
  return pairs;
}
