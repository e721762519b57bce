#!/usr/bin/env bash
# transformers 4.47.0 and 5.24.0 read the tokenizer of a DeBERTa-v2 from its spm.model alone, as
# microsoft/deberta-v3-* has it. SentencePiece's file holds the table by which texts are normalised (NFKC and
# more): 4.47.0 takes it over, 5.24.0 leaves it out. A text in full-width letters is the plain words
# to 4.47.0, as to SentencePiece itself, and unknown tokens to 5.24.0; nothing warns: a classifier that was trained
# with 4 judges other tokens in 5.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for version in 4.47.0 5.24.0; do
  python3 -m venv "$work/$version"
  "$work/$version/bin/pip" install --quiet "transformers==$version" sentencepiece==0.2.1 protobuf==6.33.0
done
mkdir "$work/model"
"$work/4.47.0/bin/python" - "$work/model" 2>/dev/null <<'PYTHON'
import json
import random
import sys
import sentencepiece

folder = sys.argv[1]
draw = random.Random(0)
words = "plain words are fine and so is this line of text about nothing much".split()
lines = (" ".join(draw.choices(words, k=8)) for _ in range(2000))
special = {"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3}
pieces = {"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"}
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=lines, model_prefix=f"{folder}/spm", vocab_size=50, **special, **pieces
)
with open(f"{folder}/config.json", "w") as file:
    json.dump({"model_type": "deberta-v2", "vocab_size": 51}, file)
with open(f"{folder}/tokenizer_config.json", "w") as file:
    json.dump({"tokenizer_class": "DebertaV2Tokenizer", "do_lower_case": False}, file)
processor = sentencepiece.SentencePieceProcessor(model_file=f"{folder}/spm.model")
wide = "".join(chr(ord(c) + 0xFEE0) if c != " " else c for c in "plain words")
assert processor.encode(wide) == processor.encode("plain words")
PYTHON
for version in 4.47.0 5.24.0; do
  "$work/$version/bin/python" - "$work/model" 2>/dev/null <<'PYTHON'
import sys
import transformers
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
plain = "plain words"
wide = "".join(chr(ord(c) + 0xFEE0) if c != " " else c for c in plain)
tokens = [tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"]) for text in (plain, wide)]
print(f"transformers {transformers.__version__}, {type(tokenizer).__name__}: {tokens[0]}, in full width {tokens[1]}")
if tokens[0] != ["[CLS]", "▁plain", "▁words", "[SEP]"]:
    sys.exit("plain words are others: no longer as described")
if (tokens[0] == tokens[1]) != (transformers.__version__ == "4.47.0"):
    sys.exit("no longer as described")
PYTHON
done
