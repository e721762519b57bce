#!/usr/bin/env bash
# A BART whose head was trained with PEFT (`modules_to_save` lm_head), merged by PEFT 0.21.2 and saved by transformers
# 5.24.0. PEFT writes `tie_word_embeddings` false, as transformers asks for where a head differs from its table. But the
# same switch binds the tables of BART's encoder and decoder to `shared`: the save leaves them out, for they are the
# same, and each load draws them at random (and lists them as MISSING). With `true` put back in config.json all is there,
# the head too. A T5 loads right with either.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.15.0 transformers==5.24.0 peft==0.21.2
cat > head.py <<'PY'
import json
import sys
import peft
import torch
import transformers
from peft import LoraConfig, get_peft_model
from transformers import BartConfig, BartForConditionalGeneration, T5Config, T5ForConditionalGeneration

def bart():
    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    return BartForConditionalGeneration(BartConfig(vocab_size=64, d_model=16, init_std=0.3, **sizes, **heads))

def t5():
    return T5ForConditionalGeneration(
        T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, decoder_start_token_id=0)
    )

def logprobs(model):
    with torch.no_grad():
        ids = {"input_ids": torch.tensor([[5, 6, 7, 1]]), "decoder_input_ids": torch.tensor([[2, 9, 10]])}
        return model.eval()(**ids).logits.log_softmax(-1)

print("peft", peft.__version__, "transformers", transformers.__version__)
for make, target in ((bart, "q_proj"), (t5, "q")):
    torch.manual_seed(0)
    model = get_peft_model(make(), LoraConfig(r=2, target_modules=[target], modules_to_save=["lm_head"]))
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.1 * torch.randn_like(parameter)
    trained = logprobs(model)
    merged = model.merge_and_unload()
    merged.save_pretrained(make.__name__)
    off = lambda other: (logprobs(other) - trained).abs().max().item()
    load = type(merged).from_pretrained
    twice = [off(load(make.__name__)) for _ in range(2)]
    path = f"{make.__name__}/config.json"
    config = json.load(open(path))
    said = config["tie_word_embeddings"]
    json.dump({**config, "tie_word_embeddings": True}, open(path, "w"))
    tied = off(load(make.__name__))
    loaded = f"loaded {twice[0]:.1e} and {twice[1]:.1e}, with true {tied:.1e}"
    print(f"{make.__name__}, tie_word_embeddings {said}: off by {off(merged):.1e} merged, {loaded}")
    wrong = twice[0] > 0.1 and twice[1] > 0.1 and twice[0] != twice[1]
    if off(merged) > 1e-4 or tied > 1e-4 or wrong != (make is bart) or (make is t5 and max(twice) > 1e-4):
        sys.exit("no longer as described")
PY
venv/bin/python head.py 2>warnings || { cat warnings; exit 1; }
