"""Makes the demo's two tokenizers. Run once; what it writes is committed.

    python3 -m venv .venv && .venv/bin/pip install tokenizers==0.23.3
    npm run build && node tools/make-demo.js --texts .cache/texts.jsonl
    .venv/bin/python tools/make_tokenizers.py .cache/texts.jsonl demo

T5: Unigram, laid out as FLAN-T5's tokenizer.json (whose normalizer is taken from the golden files).
RoBERTa: byte-level BPE, with vocab.json and merges.txt beside tokenizer.json.
"""

import json
import math
import re
import string
import sys
from collections import Counter
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

T5_TOKENS = 1000
T5_PIECES = 500
ROBERTA_TOKENS = 1100
GOLDEN = Path(__file__).parent.parent / "test/golden/tokenizers/t5/tokenizer.json"
NAMED = ("content", "lstrip", "normalized", "rstrip", "single_word")


def main(texts_path: str, out: str) -> None:
    lines = Path(texts_path).read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line) for line in lines]
    write_t5(Path(out) / "model", [row["text"] for row in texts if row["for"] == "model"])
    write_roberta(Path(out) / "reward-model", [row["text"] for row in texts if row["for"] == "reward-model"])


def write_t5(folder: Path, texts: list[str]) -> None:
    definition = json.loads(GOLDEN.read_text(encoding="utf-8"))
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace("▁", prepend_scheme="always")]
    )
    trainer = trainers.UnigramTrainer(
        vocab_size=T5_PIECES,
        special_tokens=["<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        # every printable ASCII character, so that other texts can be read too
        initial_alphabet=[*string.ascii_letters, *string.digits, *string.punctuation, "▁"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    definition["model"] = {**definition["model"], "vocab": with_words(model["vocab"], texts)}
    definition["added_tokens"] = definition["added_tokens"][:3]
    named = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    write(folder / "tokenizer.json", definition)
    write_config(
        folder,
        definition["added_tokens"],
        named,
        {"tokenizer_class": "T5Tokenizer", "extra_ids": 0, "model_max_length": 512},
    )


def with_words(pieces: list[list], texts: list[str]) -> list[list]:
    """The trainer knows a text's words but not how often each comes; the frequent ones follow here."""
    counts = Counter("▁" + word for text in texts for word in re.findall(r"(?:^|(?<=\s))[A-Za-z0-9']+", text))
    total = sum(counts.values())
    known = {piece for piece, _ in pieces}
    words = [(word, count) for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    new = [[word, math.log(count / total)] for word, count in words if word not in known]
    return [*pieces, *new[: T5_TOKENS - len(pieces)]]


def write_roberta(folder: Path, texts: list[str]) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    specials = [AddedToken(name, normalized=True, special=True) for name in ("<s>", "<pad>", "</s>", "<unk>")]
    trainer = trainers.BpeTrainer(
        vocab_size=ROBERTA_TOKENS - 1,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    mask = AddedToken("<mask>", lstrip=True, normalized=False, special=True)
    tokenizer.add_special_tokens([mask])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    definition = json.loads(tokenizer.to_str())
    definition["model"]["vocab"]["<mask>"] = ROBERTA_TOKENS - 1
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in definition["model"]["merges"]]
    named = {f"{role}_token": content for role, content in zip(
        ("bos", "cls", "eos", "mask", "pad", "sep", "unk"),
        ("<s>", "<s>", "</s>", "<mask>", "<pad>", "</s>", "<unk>"),
    )}
    write(folder / "tokenizer.json", definition)
    write(folder / "vocab.json", definition["model"]["vocab"], indent=None)
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", encoding="utf-8")
    write_config(
        folder,
        definition["added_tokens"],
        named,
        {
            "tokenizer_class": "RobertaTokenizer",
            "add_prefix_space": False,
            "errors": "replace",
            "model_max_length": 256,
            "trim_offsets": True,
        },
    )


def write_config(folder: Path, added: list[dict], named: dict[str, str], more: dict) -> None:
    by_content = {token["content"]: token for token in added}
    whole = {role: {key: by_content[name][key] for key in NAMED} for role, name in named.items()}
    decoder = {str(token["id"]): {k: v for k, v in token.items() if k != "id"} for token in added}
    config = {"added_tokens_decoder": decoder, "clean_up_tokenization_spaces": False, **named, **more}
    write(folder / "tokenizer_config.json", config)
    write(folder / "special_tokens_map.json", whole)


def write(path: Path, content: dict, indent: int | None = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, ensure_ascii=False, indent=indent)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
