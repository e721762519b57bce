"""What transformers' fast tokenizers make of texts, from the files that old folders have.

models_tokenizers.py FOLDER TEXTS: writes FOLDER/<kind>/ with a spiece.model, vocab.txt and so on,
trained on the texts, and prints {kind: {json, ids, pair, decoded}}.
"""

import json
import os
import sys
from pathlib import Path

import sentencepiece as spm
from tokenizers import ByteLevelBPETokenizer
from transformers import AutoTokenizer

folder, texts_file = Path(sys.argv[1]), sys.argv[2]
texts = json.loads(Path(texts_file).read_text())
corpus = folder / "corpus.txt"
lines = [line for text in texts for line in text.splitlines() if line.strip() and "\0" not in line]
corpus.write_text("\n".join(lines))


def train(name, **options):
    spm.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(folder / name), hard_vocab_limit=False, **options
    )
    return {".model": (folder / f"{name}.model").read_bytes()}


def unigram(file, **options):
    model = train(file.replace(".", "_"), vocab_size=2000, minloglevel=2, **options)[".model"]
    return {file: model}


t5 = dict(pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>")
nfkc = unigram("spiece.model", **t5)
plain = unigram("spiece.model", normalization_rule_name="identity", **t5,
                user_defined_symbols=["<sep>", "{x}"], control_symbols=["<ctl>"])
cased = unigram("spiece.model", normalization_rule_name="nmt_nfkc_cf", character_coverage=0.98, **t5)
bert_like = dict(pad_id=0, bos_id=1, eos_id=2, unk_id=3, pad_piece="[PAD]", bos_piece="[CLS]",
                 eos_piece="[SEP]", unk_piece="[UNK]")
deberta = unigram("spm.model", **bert_like, user_defined_symbols=["{x}"])
deberta_plain = unigram("spm.model", normalization_rule_name="identity", **bert_like,
                        control_symbols=["[MASK]"])
xlm = unigram("sentencepiece.bpe.model", unk_id=0, bos_id=1, eos_id=2, pad_id=-1)

characters = sorted({c for text in texts for c in text if not c.isspace()})
words = ["hello", "##llo", "the", "per", "##son", "cafe", "naive", "한국", "##어", "don"]
special = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
vocabulary = special + characters + ["##" + c for c in characters if c.isalnum()] + words
bert = {"vocab.txt": ("\n".join(dict.fromkeys(vocabulary)) + "\n").encode()}

bpe = ByteLevelBPETokenizer()
bpe.train([str(corpus)], vocab_size=600, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
bpe.save_model(str(folder))
roberta = {name: (folder / name).read_bytes() for name in ("vocab.json", "merges.txt")}

KINDS = {
    "t5": (nfkc, dict(tokenizer_class="T5Tokenizer")),
    "t5-new": (nfkc, dict(tokenizer_class="T5Tokenizer", legacy=False, extra_ids=7)),
    "t5-cased": (cased, dict(tokenizer_class="T5Tokenizer", add_prefix_space=False)),
    "mt5": (plain, dict(tokenizer_class="T5Tokenizer", extra_ids=0, additional_special_tokens=None)),
    "xlm-roberta": (xlm, dict(tokenizer_class="XLMRobertaTokenizer")),
    "deberta": (deberta, dict(tokenizer_class="DebertaV2Tokenizer", vocab_type="spm")),
    "deberta-lower": (
        deberta_plain,
        dict(tokenizer_class="DebertaV2Tokenizer", do_lower_case=True, split_by_punct=True),
    ),
    "bert": (bert, dict(tokenizer_class="BertTokenizer")),
    "bert-cased": (bert, dict(tokenizer_class="BertTokenizer", do_lower_case=False)),
    "bert-accents": (
        bert,
        dict(tokenizer_class="BertTokenizer", strip_accents=False, tokenize_chinese_chars=False),
    ),
    "roberta": (roberta, dict(tokenizer_class="RobertaTokenizer")),
    "roberta-spaced": (roberta, dict(tokenizer_class="RobertaTokenizer", add_prefix_space=True)),
}


def run(kind):
    files, config = KINDS[kind]
    path = folder / kind
    path.mkdir()
    for name, content in files.items():
        (path / name).write_bytes(content)
    (path / "tokenizer_config.json").write_text(json.dumps(config))
    tokenizer = AutoTokenizer.from_pretrained(path, use_fast=True)
    ids = tokenizer(texts)["input_ids"]
    return {
        "json": json.loads(tokenizer.backend_tokenizer.to_str()),
        "ids": ids,
        "pair": tokenizer("a b", "c")["input_ids"],
        # a [UNK] that is looked for in small letters is left out by tokenizers 0.21 alone
        "decoded": None
        if config.get("do_lower_case") and "spm.model" in files
        else tokenizer.batch_decode(ids, skip_special_tokens=True),
    }


sys.stdout = os.fdopen(os.dup(1), "w")
print(json.dumps({kind: run(kind) for kind in KINDS}))
