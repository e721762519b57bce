#!/usr/bin/env bash
# A RoBERTa, BART or T5 whose tokenizer.json lowers its texts (or strips accents, or splits digits before pieces) has
# other tokens in transformers 5.24.0 than in 4.47.0. Where tokenizer_config.json names the class of the family, 5 takes
# vocabulary, merges, post-processor and SentencePiece's table of the file and builds the rest as the class has it:
# the file's `normalizer` and `pre_tokenizer` are gone, nothing warns, and what it saves is without them for good.
# 4.47.0 and the tokenizers library itself follow the file. With PreTrainedTokenizerFast as the class both do.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for version in 4.47.0 5.24.0; do
  python3 -m venv "$work/$version"
  "$work/$version/bin/pip" install --quiet "transformers==$version"
done
"$work/4.47.0/bin/python" - "$work" 2>/dev/null <<'PYTHON'
import json
import os
import sys
from tokenizers import ByteLevelBPETokenizer, Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast, RobertaTokenizerFast, T5TokenizerFast

def save(kind, name, tokenizer):
    folder = f"{sys.argv[1]}/{name}"
    tokenizer.save_pretrained(folder)
    with open(f"{folder}/config.json", "w") as file:
        json.dump({"model_type": kind}, file)

text = ["the trains stopped running and nobody knew why"] * 100
names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "cls_token": "<s>"}
bytelevel = ByteLevelBPETokenizer(lowercase=True)
bytelevel.train_from_iterator(text, vocab_size=400, show_progress=False, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
file = f"{sys.argv[1]}/tokenizer.json"
bytelevel.save(file)
save("roberta", "roberta", RobertaTokenizerFast(tokenizer_file=file))
save("roberta", "roberta-as-PreTrainedTokenizerFast", PreTrainedTokenizerFast(tokenizer_file=file, **names))
pieces = ["<pad>", "</s>", "<unk>", "▁the", "▁trains", "▁stopped", "▁in", "▁", "2", "0", "4", "2024"]
unigram = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], unk_id=2))
unigram.normalizer = normalizers.Lowercase()
unigram.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Metaspace()])
save("t5", "t5", T5TokenizerFast(tokenizer_object=unigram, extra_ids=0))
# 4.47.0 writes a field at which it reads T5's vocabulary from another file, which is not there
path = f"{sys.argv[1]}/t5/tokenizer_config.json"
config = json.load(open(path))
config.pop("add_prefix_space", None)
json.dump(config, open(path, "w"))
PYTHON
for version in 4.47.0 5.24.0; do
  "$work/$version/bin/python" - "$work" 2>/dev/null <<'PYTHON'
import json
import sys
import transformers
from tokenizers import Tokenizer
from transformers import AutoTokenizer

version = transformers.__version__
print("transformers", version)
for name, text in {
    "roberta": "The trains stopped",
    "roberta-as-PreTrainedTokenizerFast": "The trains stopped",
    "t5": "The trains stopped in 2024",
}.items():
    folder = f"{sys.argv[1]}/{name}"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    file = Tokenizer.from_file(f"{folder}/tokenizer.json")
    said = file.encode(text, add_special_tokens=False).ids
    tokens = tokenizer.convert_ids_to_tokens
    print(f"{name}: {tokens(ids)}; the file by itself: {tokens(said)}")
    follows = version == "4.47.0" or name.endswith("Fast")
    if (ids == said) != follows:
        sys.exit("no longer as described")
    if not follows:
        tokenizer.save_pretrained(f"{folder}-again")
        again = json.load(open(f"{folder}-again/tokenizer.json"))
        print(f"{name}, saved again: normalizer {again['normalizer']}")
        if again["normalizer"] is not None:
            sys.exit("no longer as described")
PYTHON
done
