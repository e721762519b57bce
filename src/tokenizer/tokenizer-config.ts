/** `tokenizer_config.json` as older transformers read it too. Pure. */
import { withFields } from '../disk/json-text.ts';

export const tokenizerConfig = 'tokenizer_config.json';

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
