#!/usr/bin/env bash
# TRL's RLOO and GRPO keep a copy of a trained adapter as reference, named "ref". They copy the parameters with
# ".default." in their names. Those of an adapter on embeddings end in ".default", and so do the tokens of PEFT's
# `trainable_token_indices` (how new tokens are taught): of these the reference has fresh ones. So the KL of the first
# step, before anything was learnt, is not 0, and the policy is paid to unlearn them. Nothing warns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.15.0 transformers==5.24.0 peft==0.21.2 trl==1.16.0 datasets==5.2.0
cat > reference.py <<'PY'
import sys
import peft
import torch
import transformers
import trl
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

words = ["<s>", "<pad>", "</s>", "<unk>", *"good bad words are fine the a trains stopped running".split()]
backend = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **names)

def base():
    torch.manual_seed(0)
    ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
    size = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=len(words), initializer_range=0.3, **size, **ids))

def trained(**settings):
    """A model with an adapter that has learnt something, saved and loaded."""
    model = get_peft_model(base(), LoraConfig(r=4, **settings))
    torch.manual_seed(1)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.3 * torch.randn_like(parameter)
    model.save_pretrained("adapter")
    return PeftModel.from_pretrained(base(), "adapter", is_trainable=True)

adapters = {
    "a projection": {"target_modules": ["q_proj"]},
    "a projection, whole head": {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]},
    "a projection, two tokens": {"target_modules": ["q_proj"], "trainable_token_indices": [9, 10]},
    "embeddings": {"target_modules": ["embed_tokens"]},
}
print("trl", trl.__version__, "peft", peft.__version__, "transformers", transformers.__version__)
for Trainer, Config in ((RLOOTrainer, RLOOConfig), (GRPOTrainer, GRPOConfig)):
    for name, settings in adapters.items():
        trainer = Trainer(
            model=trained(**settings),
            processing_class=tokenizer,
            reward_funcs=lambda completions, **rest: [float(len(text)) for text in completions],
            args=Config(
                output_dir="out", per_device_train_batch_size=16, num_generations=4, max_completion_length=8,
                max_steps=1, beta=0.1, use_cpu=True, bf16=False, report_to=[], logging_steps=1,
                save_strategy="no", disable_tqdm=True,
            ),
            train_dataset=Dataset.from_dict({"prompt": ["the trains stopped", "good words are", "a bad", "the words"]}),
        )
        trainer.train()
        kl = trainer.state.log_history[0]["kl"]
        print(f"{Trainer.__name__}, adapter of {name}: KL per token in the first step {kl:.4f}")
        if (abs(kl) > 0.05) != (name in ("embeddings", "a projection, two tokens")):
            sys.exit("no longer as described")
PY
venv/bin/python reference.py 2>warnings | grep -v "^{" || { cat warnings; exit 1; }
