"""Goldens of DeBERTa's tokenizer: deberta_tokenizer.py FOLDER, by transformers 4.

Writes a spm.model of 300 pieces with a small table of normalised characters, and expected.json: what
DebertaV2TokenizerFast makes of texts from it, one run a tokenizer_config.json and added_tokens.json.
"""

import json
import random
import shutil
import sys
import tempfile
from pathlib import Path

import sentencepiece as spm
from sentencepiece.sentencepiece_model_pb2 import ModelProto
from transformers import AutoTokenizer

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
words = "the a person talks to other about school money Friday nice why don't rain answer please ticket".split()
random.seed(1)
with tempfile.TemporaryDirectory() as scratch:
    corpus = Path(scratch, "corpus.txt")
    corpus.write_text("\n".join(" ".join(random.choices(words, k=12)) + random.choice(".?!") for _ in range(400)))
    rules = Path(scratch, "rules.tsv")
    rules.write_text("A\t20\n9\t20\n3000\t20\nFF28\t48\nFF49\t69\n2026\t2E 2E 2E\n")
    spm.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=f"{scratch}/spm", vocab_size=300, hard_vocab_limit=False,
        normalization_rule_tsv=str(rules), user_defined_symbols=["{x}"], minloglevel=2,
        pad_id=0, bos_id=1, eos_id=2, unk_id=3,
        pad_piece="[PAD]", bos_piece="[CLS]", eos_piece="[SEP]", unk_piece="[UNK]",
    )
    # sentencepiece writes into a model where its inputs lay
    model = ModelProto.FromString(Path(scratch, "spm.model").read_bytes())
    for settings, names in ((model.trainer_spec, ("input", "model_prefix")),
                            (model.normalizer_spec, ("normalization_rule_tsv",))):
        for name in names:
            settings.ClearField(name)
    (folder / "spm.model").write_bytes(model.SerializeToString())

texts = [
    "", " ", "The person talks to the other.", "  please   don't\n\nanswer\tthe  ticket!  ", "Ｈｉ…　why?",
    "a [MASK] b[SEP]c [CLS]", "{x} and [UNK] or [unk]", "naïve 😀 日本", "<special> x", "FRIDAY,money;(rain)",
]
kinds = {
    # as microsoft/deberta-v3-base has it, with the type in config.json alone
    "plain": ({"do_lower_case": False, "vocab_type": "spm"}, None),
    "lower": ({"do_lower_case": True, "split_by_punct": True}, None),
    # OpenAssistant/reward-model-deberta-v3-large-v2 has such a file; and a token of one's own
    "added": ({"do_lower_case": False, "vocab_type": "spm", "model_max_length": 512},
              lambda count: {"<special>": count + 1, "[MASK]": count}),
}


def run(config, added):
    with tempfile.TemporaryDirectory() as path:
        shutil.copy(folder / "spm.model", path)
        Path(path, "config.json").write_text(json.dumps({"model_type": "deberta-v2", "vocab_size": 400}))
        Path(path, "tokenizer_config.json").write_text(json.dumps(config))
        count = spm.SentencePieceProcessor(f"{path}/spm.model").get_piece_size()
        tokens = added(count) if added else None
        if tokens:
            Path(path, "added_tokens.json").write_text(json.dumps(tokens))
        tokenizer = AutoTokenizer.from_pretrained(path)
        pair = tokenizer("why? [MASK]", "rain.")
        return {
            "config": config,
            "added": tokens,
            "ids": tokenizer(texts)["input_ids"],
            "pair": [pair["input_ids"], pair["token_type_ids"]],
        }


written = {"texts": texts, "runs": {name: run(*kind) for name, kind in kinds.items()}}
(folder / "expected.json").write_text(json.dumps(written))
