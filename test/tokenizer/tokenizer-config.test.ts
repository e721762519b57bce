import { expect, test } from 'vitest';
import { widelyRead } from '../../src/tokenizer/tokenizer-config.ts';

const changed = (text: string) =>
  new TextDecoder().decode(widelyRead(new TextEncoder().encode(text)));

// as transformers 5.24.0 writes it; transformers 4.47.0: "'list' object has no attribute 'keys'"
test('what transformers 5 writes and 4 cannot read gets the names that both read', () => {
  const text = `{
  "extra_ids": 2,
  "extra_special_tokens": [
    "<extra_id_0>"
  ],
  "model_max_length": 1000000000000000019884624838656,
  "tokenizer_class": "TokenizersBackend"
}
`;
  const result = changed(text);
  expect(JSON.parse(result)).toEqual({
    extra_ids: 2,
    additional_special_tokens: ['<extra_id_0>'],
    model_max_length: 1e30,
    tokenizer_class: 'PreTrainedTokenizerFast',
  });
  expect(result).toContain('1000000000000000019884624838656'); // an integer of Python's
});

test.each([
  '{"tokenizer_class": "T5Tokenizer"}',
  '{"extra_special_tokens": {"a": "<a>"}}',
  'no JSON',
])('%s stays as it is', (text) => {
  expect(changed(text)).toBe(text);
});
