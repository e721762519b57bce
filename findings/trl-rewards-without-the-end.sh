#!/usr/bin/env bash
# TRL trains a reward model on plain texts with the end-of-sequence token behind each, and a decoder's score is read
# there. RLOO and GRPO of the same release give that model the texts without it, so the score is read at the last word,
# where it was never learnt: a model that misjudges 1 of 500 pairs as RewardTrainer reads them misjudges 1 of 23 as
# RLOO reads them, and nothing warns. (With a chat template, or with that token as padding, both read at the same place.)
# A review in huggingface/trl's pull request 5813 names this gap in an example script that evaluates such a model.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.15.0 transformers==5.24.0 trl==1.16.0 datasets==5.2.0
cat > end.py <<'PY'
import random
import sys
import torch
import transformers
import trl
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2LMHeadModel, PreTrainedTokenizerFast
from trl import RewardConfig, RewardTrainer, RLOOConfig, RLOOTrainer

plain = [f"w{i}" for i in range(24)]
words = ["<pad>", "</s>", "<unk>", "good", "bad", *plain]
backend = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
# </s> is split off where it stands at a word's end, as in any tokenizer with an end of its own
names = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **names)
ids = {"pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 1}
size = {"vocab_size": len(words), "n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 64, **ids}
still = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
quiet = {
    "output_dir": "out", "use_cpu": True, "bf16": False, "report_to": [], "logging_steps": 150,
    "gradient_checkpointing": False, "save_strategy": "no", "disable_tqdm": True, "seed": 1,
}

def worth(text):
    return text.count("good") - text.count("bad")

def pairs(count, draw):
    while count:
        texts = [draw.choices(plain + 5 * ["good", "bad"], k=draw.randint(6, 14)) for _ in range(2)]
        texts.sort(key=worth)
        if worth(texts[0]) != worth(texts[1]):
            count -= 1
            yield {"chosen": " ".join(texts[1]), "rejected": " ".join(texts[0])}

draw = random.Random(0)
torch.manual_seed(0)
judge = GPT2ForSequenceClassification(GPT2Config(**size, **still, num_labels=1))
seen = []
judge.register_forward_pre_hook(lambda _, args, given: seen.append(given["input_ids"].clone()), with_kwargs=True)

def last_tokens():
    ids = [int(row[row != 0][-1]) for rows in seen for row in rows]
    seen.clear()
    return {"</s>" if words[i] == "</s>" else "a word" for i in ids}

settings = RewardConfig(**quiet, per_device_train_batch_size=32, max_steps=150, learning_rate=2e-3)
learnt = Dataset.from_list(list(pairs(1024, draw)))
RewardTrainer(model=judge, processing_class=tokenizer, args=settings, train_dataset=learnt).train()
trained_at = last_tokens()
judge.eval()

def score(texts):
    given = tokenizer(text=texts, return_tensors="pt", padding=True, padding_side="right", add_special_tokens=False)
    with torch.no_grad():
        return judge(input_ids=given["input_ids"], attention_mask=given["attention_mask"]).logits[:, 0]

fresh = list(pairs(512, draw))

def told_apart(end):
    good, bad = (score([pair[side] + end for pair in fresh]) for side in ("chosen", "rejected"))
    return float((good > bad).float().mean())

with_end, without = told_apart("</s>"), told_apart("")
seen.clear()
policy = GPT2LMHeadModel(GPT2Config(**size, **still, initializer_range=0.3))
steps = {"per_device_train_batch_size": 16, "num_generations": 4, "max_completion_length": 10, "max_steps": 1}
settings = RLOOConfig(**quiet, **steps, beta=0.0)
prompts = Dataset.from_list([{"prompt": " ".join(draw.choices(plain, k=5))} for _ in range(16)])
asked = {"reward_funcs": judge, "reward_processing_classes": tokenizer}
RLOOTrainer(model=policy, processing_class=tokenizer, args=settings, train_dataset=prompts, **asked).train()
asked_at = last_tokens()

print("trl", trl.__version__, "transformers", transformers.__version__)
print("score is read at: RewardTrainer", *trained_at, "| RLOO", *asked_at)
print(f"fresh pairs told apart: as RewardTrainer reads them {with_end:.3f}, as RLOO does {without:.3f}")
if trained_at != {"</s>"} or asked_at != {"a word"} or with_end < 0.99 or without > with_end - 0.015:
    sys.exit("no longer as described")
PY
venv/bin/python end.py 2>warnings | grep -v "^{" || { cat warnings; exit 1; }
