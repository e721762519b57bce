/** `tokenizer_config.json`: what it says, and how older transformers read it too. Pure. */
import { z } from 'zod';
import { withFields } from '../disk/json-text.ts';

export const tokenizerConfig = 'tokenizer_config.json';

const flag = z.boolean().default(false);
/** A token that is matched in a text before the model sees it. */
export const TokenJson = z.object({
  content: z.string(),
  single_word: flag,
  lstrip: flag,
  rstrip: flag,
  /** @default those that are not special */
  normalized: z.boolean().optional(),
  special: flag,
});
export type TokenJson = z.infer<typeof TokenJson>;
const Content = z.union(
  [z.string(), z.object({ content: z.string() }).transform((token) => token.content)],
  'a token',
);
const side = z.enum(['left', 'right']);
/** What `special_tokens_map.json` says; so may a `tokenizer_config.json`. */
export const Special = z.object({
  bos_token: Content.nullish(),
  eos_token: Content.nullish(),
  unk_token: Content.nullish(),
  sep_token: Content.nullish(),
  pad_token: Content.nullish(),
  cls_token: Content.nullish(),
  mask_token: Content.nullish(),
  additional_special_tokens: z.array(Content).nullish(),
});
export const TokenizerConfig = Special.extend({
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
export type TokenizerConfig = z.infer<typeof TokenizerConfig>;

/** Kinds of special tokens. */
export const kinds = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const;
type Kind = (typeof kinds)[number];

/** As in transformers, `special_tokens_map.json` is for configs that do not list their tokens. */
export function withMap(config: TokenizerConfig, map: z.infer<typeof Special>): TokenizerConfig {
  const said = (fields: object) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  return config.added_tokens_decoder ? { ...map, ...said(config) } : { ...config, ...said(map) };
}

/** The usual special tokens, but those that the config names. */
export function named<Of extends Kind>(usual: Record<Of, string>, config: TokenizerConfig) {
  const entries = Object.entries<string>(usual).map(
    ([kind, token]) => [kind, config[`${kind as Kind}_token`] ?? token] as const,
  );
  return Object.fromEntries(entries) as Record<Of, string>;
}

/**
 * A `tokenizer_config.json` that transformers 4 and 5 read alike: 5 writes a list of further special
 * tokens and the class of a tokenizer that has none by names at which 4 fails.
 * @returns the bytes that were given, where there is nothing to change, and where they are not JSON
 */
export function widelyRead(bytes: Uint8Array): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const raw = parsed(text);
  const { extra_special_tokens: tokens, additional_special_tokens: older } = raw;
  const fields = {
    ...(Array.isArray(tokens) && {
      extra_special_tokens: undefined,
      additional_special_tokens: older ?? tokens,
    }),
    ...(raw.tokenizer_class === 'TokenizersBackend' && {
      tokenizer_class: 'PreTrainedTokenizerFast',
    }),
  };
  if (Object.keys(fields).length === 0) return bytes;
  return new TextEncoder().encode(withFields(text, fields));
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
