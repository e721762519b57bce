/** A tokenizer's files, and the `tokenizer.json` that old folders lack. I/O. */
import { join } from 'node:path';
import { z } from 'zod';
import { refuseAdapterFolder } from '../adapter/adapter-folder.ts';
import { parseJson, readIfPresent } from '../disk/json.ts';
import { vocabularies } from '../disk/vocabularies.ts';
import { UnavailableError } from '../errors.ts';
import { checkTokenizer, modelType } from './tokenizer-check.ts';
import { anyOrigin, classNamed, originOf, type TokenizerClassName } from './tokenizer-classes.ts';
import {
  kinds,
  Special,
  TokenizerConfig,
  TokenJson,
  tokenizerConfig,
  widelyRead,
  withMap,
} from './tokenizer-config.ts';

/** A tokenizer as its folder describes it. */
export interface TokenizerDefinition {
  /** The `tokenizer.json` object, from the file or built from older ones; the native side takes it. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Content of each special token; absent when the folder names none. */
  readonly named: Readonly<Partial<Record<'pad' | 'eos' | 'unk' | 'bos', string>>>;
  /** All special tokens that the configs name, `named` and `additional_special_tokens` included. */
  readonly special: readonly string[];
  /** Tokens of `tokenizer_config.json` that `tokenizer.json` lacks, by their ids' order. */
  readonly missing: readonly TokenJson[];
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

const TokenizerJson = z.looseObject({
  added_tokens: z.array(z.looseObject({ content: z.string() })).default([]),
  normalizer: z.looseObject({ type: z.string() }).nullish(),
  pre_tokenizer: z.looseObject({ type: z.string() }).nullish(),
  post_processor: z.looseObject({ type: z.string() }).nullish(),
  model: z.looseObject({}),
});
type TokenizerJson = z.infer<typeof TokenizerJson>;
const ModelJson = z.object({
  model_type: z.string().optional().catch(undefined),
  vocab_size: z.int().positive().optional().catch(undefined),
  tokenizer_class: z.string().nullish().catch(undefined),
});

/** transformers writes 1e30 for a length that it does not know. */
const unlimited = 1e18;

/** The class of tokenizer that models of a `model_type` have; undefined for unknown ones. */
export type UsualClass = (modelType: string) => TokenizerClassName | undefined;

/**
 * Reads a folder's tokenizer: `tokenizer.json`, or what older folders have in its place, as
 * tokenizer-classes.ts lists it.
 * @param usualClass is asked where no config names a class
 * @throws {UnavailableError} when the folder has none of them
 * @throws {InputError} when a file is not what its name says
 */
export async function readTokenizerFiles(
  folder: string,
  usualClass: UsualClass = () => undefined,
): Promise<TokenizerDefinition> {
  await refuseAdapterFolder(folder);
  const files = new Map<string, Uint8Array>();
  for (const name of fileNames) {
    const bytes = await readIfPresent(join(folder, name));
    if (bytes !== undefined) files.set(name, name === tokenizerConfig ? widelyRead(bytes) : bytes);
  }
  const read = <T>(name: string, schema: z.ZodType<T>) =>
    parseJson(files.get(name) ?? new TextEncoder().encode('{}'), join(folder, name), schema);
  const said = read(tokenizerConfig, TokenizerConfig);
  const modelBytes = await readIfPresent(join(folder, 'config.json'));
  const model = modelBytes ? parseJson(modelBytes, join(folder, 'config.json'), ModelJson) : {};
  const config = withMap(said, read('special_tokens_map.json', Special));
  const name =
    config.tokenizer_class ?? model.tokenizer_class ?? usualClass(model.model_type ?? '');
  const kind = classNamed(name ?? '');
  const isBuilt = !files.has('tokenizer.json');
  const origin = isBuilt ? originOf(kind, (file) => files.has(file)) : undefined;
  if (isBuilt && !origin) {
    const remedy = 'Is it the right folder, and the download complete?';
    throw new UnavailableError(folder, anyOrigin, 'none of them', remedy);
  }
  const at = (file: string) => ({ bytes: files.get(file)!, where: join(folder, file) });
  const json = origin
    ? TokenizerJson.parse(origin.build(origin.files.map(at), config))
    : read('tokenizer.json', TokenizerJson);
  settle(json, config, kind?.bertNormalizer?.(config));
  checkTokenizer(json, isBuilt ? folder : join(folder, 'tokenizer.json'));

  const tokens = kinds.flatMap((key) => config[`${key}_token`] ?? []);
  const special = [...new Set([...tokens, ...(config.additional_special_tokens ?? [])])];
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
    .map(([, token]) => token);
  const named = (['bos', 'eos', 'unk', 'pad'] as const).flatMap((key) => {
    const token = config[`${key}_token`] ?? origin?.usual?.[key];
    return token ? [[key, token]] : [];
  });
  const length = config.model_max_length ?? Infinity;
  return {
    json,
    named: Object.fromEntries(named),
    special,
    missing,
    bytes: origin?.bytes ?? false,
    cleanUpSpaces: config.clean_up_tokenization_spaces ?? origin?.tidies ?? false,
    maxLength: length < unlimited ? length : Infinity,
    paddingSide: config.padding_side ?? 'right',
    truncationSide: config.truncation_side ?? 'right',
    hasSegments: config.model_input_names?.includes('token_type_ids') ?? !kind?.noSegments,
    modelVocabulary: model.vocab_size,
    files,
  };
}

/** What older folders list in `added_tokens.json`, by id as `added_tokens_decoder` has it. */
function tokensOf(listed: Readonly<Record<string, number>>, special: readonly string[]) {
  const tokens = Object.entries(listed).map(([content, id]) => {
    return [id, TokenJson.parse({ content, special: special.includes(content) })] as const;
  });
  return Object.fromEntries(tokens);
}

/** What transformers' tokenizer classes change in a `tokenizer.json` when they load it. */
function settle(json: TokenizerJson, config: TokenizerConfig, bertNormalizer = {}): void {
  // it pads and truncates per call, whatever the file says
  Object.assign(json, { truncation: null, padding: null });
  // A T5 config may also have this key; transformers then drops tokenizer.json, tactful does not.
  if (json.pre_tokenizer?.type === 'ByteLevel' && typeof config.add_prefix_space === 'boolean') {
    json.pre_tokenizer.add_prefix_space = config.add_prefix_space;
    if (json.post_processor?.type === 'RobertaProcessing') {
      json.post_processor.add_prefix_space = config.add_prefix_space;
    }
  }
  if (json.normalizer?.type === 'BertNormalizer') Object.assign(json.normalizer, bertNormalizer);
  json.model.type = modelType(json.model);
}
