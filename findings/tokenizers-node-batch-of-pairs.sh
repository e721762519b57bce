#!/usr/bin/env bash
# The Node binding of Hugging Face's tokenizers declares encodeBatch(sentences: EncodeInput[]), where an
# EncodeInput may be a pair of texts, as in Python. It takes texts alone: a pair is refused when it is
# converted, by an error that is thrown at once and not by the promise. encode(a, b) takes pairs, one at a time.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y >/dev/null
npm install --silent --ignore-scripts tokenizers@0.23.2
grep -n 'type EncodeInput\|encodeBatch' node_modules/tokenizers/index.d.ts
cat > pairs.cjs <<'JS'
const { Tokenizer } = require('tokenizers');
const none = { truncation: null, padding: null, normalizer: null, post_processor: null, decoder: null };
const vocab = { '[UNK]': 0, good: 1, bad: 2 };
const tokenizer = Tokenizer.fromString(
  JSON.stringify({
    version: '1.0',
    ...none,
    added_tokens: [],
    pre_tokenizer: { type: 'Whitespace' },
    model: { type: 'WordLevel', vocab, unk_token: '[UNK]' },
  }),
);
(async () => {
  console.log('encode(a, b):', (await tokenizer.encode('good', 'bad')).getIds());
  const texts = await tokenizer.encodeBatch(['good', 'bad']);
  console.log('encodeBatch([a, b]):', texts.map((one) => one.getIds()));
  try {
    tokenizer.encodeBatch([['good', 'bad']]);
    console.log('encodeBatch([[a, b]]) does not throw: no longer as described');
    process.exit(1);
  } catch ({ message }) {
    console.log('encodeBatch([[a, b]]):', message);
    process.exit(message.includes('into rust type `String`') ? 0 : 1);
  }
})();
JS
node pairs.cjs
