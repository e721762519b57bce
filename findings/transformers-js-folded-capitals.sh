#!/usr/bin/env bash
# SentencePiece's rule nmt_nfkc_cf folds capitals, by the table of characters that a T5's tokenizer.json carries
# (`precompiled_charsmap`). transformers.js 4.3.2 does not read that table and takes NFKC for every one of them: of a
# model that was trained on folded texts each capital letter is an unknown token there, where transformers has the
# word, and nothing warns. With the usual rule, nmt_nfkc, they agree.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet transformers==5.24.0 sentencepiece==0.2.1 protobuf==6.33.0
npm init -y >/dev/null
npm install --silent --ignore-scripts @huggingface/transformers@4.3.2
cat > train.py <<'PY'
import json
import os
import random
import sentencepiece
import transformers
from transformers import T5Tokenizer

draw = random.Random(0)
words = "the trains stopped running and nobody knew why so we took a bus home in the rain".split()
text = "The trains stopped running"
said = {}
for rule in ("nmt_nfkc", "nmt_nfkc_cf"):
    os.mkdir(rule)
    lines = (" ".join(draw.choices(words, k=8)) for _ in range(2000))
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines, model_prefix=f"{rule}/spiece", vocab_size=60, hard_vocab_limit=False,
        normalization_rule_name=rule, minloglevel=2, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
    )
    tokenizer = T5Tokenizer.from_pretrained(rule, extra_ids=0)
    tokenizer.save_pretrained(rule)
    said[rule] = {"text": text, "ids": tokenizer(text)["input_ids"]}
    print("transformers", transformers.__version__, rule, tokenizer.convert_ids_to_tokens(said[rule]["ids"]))
with open("said.json", "w") as file:
    json.dump(said, file)
PY
venv/bin/python train.py 2>/dev/null
cat > read.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { AutoTokenizer, env } from '@huggingface/transformers';

env.allowRemoteModels = false;
env.localModelPath = `${process.cwd()}/`;
let asSaid = true;
for (const [rule, { text, ids }] of Object.entries(JSON.parse(readFileSync('said.json', 'utf8')))) {
  const tokenizer = await AutoTokenizer.from_pretrained(rule);
  const found = tokenizer.encode(text);
  const tokens = JSON.stringify(found.map((id) => tokenizer.decode([id], { skip_special_tokens: false })));
  console.log('transformers.js', env.version, rule, tokens);
  const isSame = found.join() === ids.join();
  asSaid &&= rule === 'nmt_nfkc' ? isSame : !isSame && found.includes(2) && !ids.includes(2);
}
process.exit(asSaid ? 0 : 1);
JS
node read.mjs
