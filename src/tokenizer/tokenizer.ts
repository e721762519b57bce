/** Text to token ids and back, exactly as transformers' fast tokenizers do. I/O: the library is native. */
import { AddedToken, Tokenizer as NativeTokenizer } from 'tokenizers';
import { ConfigError, InputError } from '../errors.ts';
import { textOfBytes } from './byte-tokenizer.ts';
import { fitted, type PairIds } from './text-pair.ts';
import {
  readTokenizerFiles,
  type TokenizerDefinition,
  type UsualClass,
} from './tokenizer-files.ts';

/** How texts become ids. */
export interface EncodeOptions {
  /** Adds what the model wants around a text: `</s>` for T5, `<s>` and `</s>` for RoBERTa. @default true */
  readonly addSpecialTokens?: boolean;
  /** Most ids of a result; the text is cut, the special tokens stay. @default no limit */
  readonly maxLength?: number;
  /** The end that is cut. @default what the tokenizer's config says, else right */
  readonly truncationSide?: 'left' | 'right';
}

/** Two texts for one sequence. */
export type TextPair = readonly [first: string, second: string];

/** How ids become texts. */
export interface DecodeOptions {
  /** Leaves out special tokens (`</s>`, `<pad>`, …). @default true */
  readonly skipSpecialTokens?: boolean;
  /** Takes out the blanks before punctuation. @default what the tokenizer's config says, else false */
  readonly cleanUpSpaces?: boolean;
}

/** A Hugging Face tokenizer. Ids are non-negative integers. */
export interface Tokenizer {
  /** Ids of one text. @throws {ConfigError} when maxLength has no room for the special tokens */
  encode(text: string, options?: EncodeOptions): Promise<number[]>;
  encodeBatch(texts: readonly string[], options?: EncodeOptions): Promise<number[][]>;
  /** Ids of two texts in one sequence; where there are more than `maxLength`, the longer text is cut first. */
  encodePairs(
    pairs: readonly TextPair[],
    options?: Pick<EncodeOptions, 'maxLength'>,
  ): Promise<PairIds[]>;
  /** Text of ids; ids that the tokenizer does not have are left out. */
  decode(ids: readonly number[], options?: DecodeOptions): Promise<string>;
  decodeBatch(rows: readonly (readonly number[])[], options?: DecodeOptions): Promise<string[]>;
  /** The token of each id, or null; byte-level and `▁` markers included. */
  tokens(ids: readonly number[]): (string | null)[];
  /** Tokens in all, added ones included; a model's embedding may have more rows. */
  readonly vocabSize: number;
  /** One more than the largest id: the rows that an embedding needs. */
  readonly idCount: number;
  /** Tokens that the model was made for; Infinity when the folder does not say. */
  readonly maxLength: number;
  /** The end that transformers pads. */
  readonly paddingSide: 'left' | 'right';
  readonly padId: number;
  readonly eosId?: number;
  readonly unkId?: number;
  readonly bosId?: number;
  /** The ids that `skipSpecialTokens` leaves out. */
  readonly specialIds: ReadonlySet<number>;
  /** Content by file name: written to another folder, it gives the same tokenizer. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** `loadTokenizer` of family/, which knows what class is usual. */
export async function openTokenizer(folder: string, usualClass: UsualClass): Promise<Tokenizer> {
  const definition = await readTokenizerFiles(folder, usualClass);
  const native = nativeTokenizer(definition, folder);
  const idOf = (name: keyof TokenizerDefinition['named'], ...usual: string[]) => {
    const given = definition.named[name];
    const ids = (given === undefined ? usual : [given]).map((token) => native.tokenToId(token));
    return ids.find((id) => id !== null);
  };
  const padId = idOf('pad', '<pad>', '[PAD]');
  if (padId === undefined) {
    const remedy = 'Name a pad_token of the vocabulary in tokenizer_config.json.';
    throw new InputError(folder, 'a padding token', 'none', remedy);
  }
  const idCount = idCountOf(definition, native);
  checkRows(idCount, definition, folder);
  const [eosId, unkId, bosId] = [
    idOf('eos', '</s>'),
    idOf('unk', '<unk>', '[UNK]'),
    idOf('bos', '<s>'),
  ];
  const around = await specialTokensAround(native, folder);
  const { cleanUpSpaces: cleanByDefault, truncationSide: cutByDefault } = definition;
  const added = new Map(
    [...specialIds(definition, native)].map((id) => [id, native.idToToken(id) ?? '']),
  );

  const encodeBatch = async (texts: readonly string[], options: EncodeOptions = {}) => {
    const {
      addSpecialTokens = true,
      maxLength = Infinity,
      truncationSide = cutByDefault,
    } = options;
    const [before, after] = addSpecialTokens ? around : [0, 0];
    if (!(maxLength >= before + after)) {
      const expected = `at least ${before + after}, the special tokens`;
      throw new ConfigError('tokenizer: maxLength', expected, `${maxLength}`);
    }
    const encodings = await reading(folder, native.encodeBatch([...texts], { addSpecialTokens }));
    return encodings.map((encoding) => {
      const ids = encoding.getIds();
      const excess = ids.length - maxLength;
      if (excess > 0)
        ids.splice(truncationSide === 'left' ? before : ids.length - after - excess, excess);
      return ids;
    });
  };
  const decodeBatch = async (rows: readonly (readonly number[])[], options: DecodeOptions = {}) => {
    const { skipSpecialTokens = true, cleanUpSpaces = cleanByDefault } = options;
    for (const row of rows) checkIds(row);
    const texts = definition.bytes
      ? rows.map((row) => textOfBytes(row, skipSpecialTokens ? new Map() : added))
      : await reading(
          folder,
          native.decodeBatch(
            rows.map((row) => [...row]),
            skipSpecialTokens,
          ),
        );
    return cleanUpSpaces ? texts.map(withoutExtraSpaces) : texts;
  };
  return {
    encode: async (text, options) => (await encodeBatch([text], options))[0],
    encodeBatch,
    async encodePairs(pairs, { maxLength = Infinity } = {}) {
      // the native batch takes no pairs, whatever its type says (0.23.2)
      const each = Promise.all(pairs.map(([first, second]) => native.encode(first, second)));
      const encodings = await reading(folder, each);
      return encodings.map((encoding) => {
        const ids = encoding.getIds();
        const segments = definition.hasSegments ? encoding.getTypeIds() : ids.map(() => 0);
        const pair = { ids, segments, texts: encoding.getSequenceIds() };
        return fitted(pair, maxLength, cutByDefault);
      });
    },
    decode: async (ids, options) => (await decodeBatch([ids], options))[0],
    decodeBatch,
    tokens(ids) {
      checkIds(ids);
      return ids.map((id) => native.idToToken(id));
    },
    vocabSize: native.getVocabSize(true),
    idCount,
    maxLength: definition.maxLength,
    paddingSide: definition.paddingSide,
    padId,
    ...(eosId !== undefined && { eosId }),
    ...(unkId !== undefined && { unkId }),
    ...(bosId !== undefined && { bosId }),
    specialIds: specialIds(definition, native),
    files: definition.files,
  };
}

function nativeTokenizer(definition: TokenizerDefinition, folder: string): NativeTokenizer {
  let native: NativeTokenizer;
  try {
    native = NativeTokenizer.fromString(JSON.stringify(definition.json));
  } catch (cause) {
    const remedy = 'Fetch the folder again.';
    throw new InputError(folder, 'a tokenizer', (cause as Error).message, remedy, cause);
  }
  for (const { content, special, normalized = !special, ...strip } of definition.missing) {
    const { single_word: singleWord, lstrip: leftStrip, rstrip: rightStrip } = strip;
    const options = { singleWord, leftStrip, rightStrip, normalized };
    native.addAddedTokens([new AddedToken(content, special, options)]);
  }
  const added = addedTokens(definition);
  checkAdded([...added.keys(), ...definition.special], native, folder);
  native.addSpecialTokens(definition.special.filter((content) => !added.has(content)));
  return native;
}

/** The native side would abort the process at a text in which it finds a token without characters. */
function checkAdded(contents: readonly string[], native: NativeTokenizer, folder: string): void {
  const normalizer = native.getNormalizer();
  const empty = contents.find(
    (content) => content === '' || normalizer?.normalizeString(content) === '',
  );
  if (empty === undefined) return;
  const where = `${folder}: added token`;
  throw new InputError(where, 'some text', JSON.stringify(empty), 'Take it out of the file.');
}

/** Whether each added token is special, by content. */
function addedTokens({
  json,
  missing,
}: Pick<TokenizerDefinition, 'json' | 'missing'>): Map<string, boolean> {
  const all = [...(json.added_tokens as { content: string; special?: boolean }[]), ...missing];
  return new Map(all.map(({ content, special = false }) => [content, special]));
}

function specialIds(definition: TokenizerDefinition, native: NativeTokenizer): Set<number> {
  const added = addedTokens(definition);
  const contents = [...added.keys(), ...definition.special];
  const special = contents.filter((content) => added.get(content) ?? true);
  return new Set(special.map((content) => native.tokenToId(content)!));
}

/** What the native side finds wrong, such as a text with no token for a part of it. */
async function reading<T>(folder: string, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (cause) {
    const { message } = cause as Error;
    throw new InputError(folder, 'a tokenizer for any text', message, '', cause);
  }
}

/** Where a vocabulary has holes, its ids go beyond the number of its tokens. */
function idCountOf(
  { json, special, missing }: TokenizerDefinition,
  native: NativeTokenizer,
): number {
  const { vocab } = json.model as { vocab?: unknown };
  const own = Array.isArray(vocab) ? [vocab.length - 1] : Object.values((vocab ?? {}) as object);
  const added = [...addedTokens({ json, missing }).keys(), ...special];
  const ids = [...own, ...added.map((token) => native.tokenToId(token) ?? -1)];
  return ids.reduce((most: number, id: number) => Math.max(most, id), -1) + 1;
}

/** A token that the model has no embedding for would end a run at the first text that has it. */
function checkRows(
  count: number,
  { modelVocabulary: rows }: TokenizerDefinition,
  folder: string,
): void {
  if (rows === undefined || count <= rows) return;
  const expected = `ids below the model's vocab_size ${rows}`;
  const remedy = 'Tokenizer and model do not belong together.';
  throw new InputError(`${folder}: tokenizer`, expected, `up to ${count - 1}`, remedy);
}

/** How many special tokens come before and after a text. */
async function specialTokensAround(
  native: NativeTokenizer,
  folder: string,
): Promise<[number, number]> {
  const mask = (await reading(folder, native.encode('a'))).getSpecialTokensMask();
  const first = mask.indexOf(0);
  return first < 0 ? [0, mask.length] : [first, mask.length - 1 - mask.lastIndexOf(0)];
}

/** transformers' `clean_up_tokenization`, in its order. */
function withoutExtraSpaces(text: string): string {
  return text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

/** The native side would wrap other numbers around to some id. */
function checkIds(ids: readonly number[]): void {
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id > 0xffffffff);
  if (wrong !== undefined) throw new InputError('tokenizer', 'ids from 0 up', `${wrong}`);
}
