#!/usr/bin/env bash
# PEFT's PiSSA and OLoRA begin with a part of each weight, which they take out of the weight; loading such an adapter
# does so again and gives the model that was trained. TRL's RLOO and GRPO then add a second adapter of the same
# settings for their reference, which takes a further part out of the same weights: the policy is another model as soon
# as the trainer is made, before any step. Policy and reference move together, so the KL is 0 and nothing warns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.15.0 transformers==5.24.0 peft==0.21.2 trl==1.16.0 datasets==5.2.0
cat > policy.py <<'PY'
import sys
import peft
import torch
import transformers
import trl
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

words = ["<s>", "<pad>", "</s>", "<unk>", *"good bad words are fine the a trains stopped running".split()]
backend = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, **names)
text = torch.tensor([[0, 9, 11, 12, 4, 6, 7]])

def base():
    torch.manual_seed(0)
    ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}
    size = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=len(words), initializer_range=0.3, **size, **ids))

def logprobs(model):
    with torch.no_grad():
        return model.eval()(text).logits.log_softmax(-1)

print("trl", trl.__version__, "peft", peft.__version__, "transformers", transformers.__version__)
for way in (True, "pissa", "olora"):
    model = get_peft_model(base(), LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=way))
    torch.manual_seed(1)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn_like(parameter)
    model.save_pretrained("adapter")
    was = logprobs(model)
    for Trainer, Config in ((RLOOTrainer, RLOOConfig), (GRPOTrainer, GRPOConfig)):
        policy = PeftModel.from_pretrained(base(), "adapter", is_trainable=True)
        loaded = (logprobs(policy) - was).abs().max().item()
        Trainer(
            model=policy,
            processing_class=tokenizer,
            reward_funcs=lambda completions, **rest: [0.0 for _ in completions],
            args=Config(output_dir="out", beta=0.1, use_cpu=True, bf16=False, report_to=[]),
            train_dataset=Dataset.from_dict({"prompt": ["the trains", "good words"]}),
        )
        made = (logprobs(policy) - was).abs().max().item()
        said = f"log-probabilities moved by {loaded:.1e} by loading, by {made:.1e} once there is a trainer"
        print(f"init_lora_weights {way}, {Trainer.__name__}: {said}")
        if loaded > 1e-3 or (made > 0.1) != (way is not True):
            sys.exit("no longer as described")
PY
venv/bin/python policy.py 2>warnings || { cat warnings; exit 1; }
