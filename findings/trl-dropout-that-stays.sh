#!/usr/bin/env bash
# TRL's `disable_dropout=True` sets the share of modules of class nn.Dropout to 0. The layers of OPT (and BART, XGLM)
# have no such modules: they call the function with a share that they keep as a number, so all of their dropout stays,
# and nothing warns. In RLOO the responses are then scored under one mask and learnt from under another: the ratios of
# the first step, before anything was learnt, are not 1 and are clipped. In GPT-2, which has modules, they are 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.15.0 transformers==5.24.0 trl==1.16.0 datasets==5.2.0
cat > dropout.py <<'PY'
import sys
import torch
import transformers
import trl
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, OPTConfig, OPTForCausalLM, PreTrainedTokenizerFast
from trl import RLOOConfig, RLOOTrainer

words = ["<s>", "<pad>", "</s>", "<unk>", *"good bad words are fine the a trains stopped running".split()]
backend = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **names)
ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
size = {"vocab_size": len(words), "init_std": 0.3, "max_position_embeddings": 64}

def opt(share):
    wide = {"hidden_size": 32, "word_embed_proj_dim": 32, "ffn_dim": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    return OPTForCausalLM(OPTConfig(**size, **wide, **ids, dropout=share))

def gpt2(share):
    shares = {"resid_pdrop": share, "embd_pdrop": share, "attn_pdrop": share}
    config = GPT2Config(vocab_size=len(words), n_embd=32, n_layer=2, n_head=2, n_positions=64, initializer_range=0.3, **ids, **shares)
    return GPT2LMHeadModel(config)

def first_step(model, disabled):
    settings = RLOOConfig(
        output_dir="out", per_device_train_batch_size=16, num_generations=4, max_completion_length=12, max_steps=1,
        beta=0.0, disable_dropout=disabled, use_cpu=True, bf16=False, report_to=[], logging_steps=1,
        save_strategy="no", disable_tqdm=True, seed=1,
    )
    trainer = RLOOTrainer(
        model=model,
        processing_class=tokenizer,
        reward_funcs=lambda completions, **rest: [float(len(text)) for text in completions],
        args=settings,
        train_dataset=Dataset.from_dict({"prompt": ["the trains stopped", "good words are", "a bad", "the words"]}),
    )
    trainer.train()
    return trainer.state.log_history[0]["clip_ratio/region_mean"]

print("trl", trl.__version__, "transformers", transformers.__version__)
for name, make in {"OPT": opt, "GPT-2": gpt2}.items():
    clipped = {}
    for share, disabled in ((0.1, False), (0.1, True), (0.0, False)):
        torch.manual_seed(0)
        clipped[share, disabled] = first_step(make(share), disabled)
    left, off, without = clipped.values()
    print(f"{name}, dropout 0.1: clipped ratios {left:.3f}; with disable_dropout {off:.3f}; of a model without {without:.3f}")
    if left == 0 or without != 0 or off != (left if name == "OPT" else 0):
        sys.exit("no longer as described")
PY
venv/bin/python dropout.py 2>warnings | grep -v "^{" || { cat warnings; exit 1; }
