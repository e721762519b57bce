#!/usr/bin/env bash
# PEFT's HRA begins as the model that it is put on (as the review of huggingface/peft pull request 1864 asked): its
# vectors come in equal pairs, whose reflections undo each other. With `apply_GS` (Gram-Schmidt) the second of a pair,
# less its part along the first, is the rounding error of that subtraction, and is made a unit vector: a fresh adapter
# is another model, in a direction by chance, or NaN where the error is 0. Nothing warns; training begins from there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.15.0 transformers==5.24.0 peft==0.21.2
cat > hra.py <<'PY'
import sys
import peft
import torch
from peft import HRAConfig, get_peft_model
from transformers import T5Config, T5ForConditionalGeneration

ids = torch.arange(3, 15)[None]

def moved(seed, r, orthogonal):
    torch.manual_seed(seed)
    size = {"vocab_size": 64, "d_model": 64, "d_kv": 16, "d_ff": 128, "num_layers": 2, "num_heads": 4}
    model = T5ForConditionalGeneration(T5Config(**size, decoder_start_token_id=0)).eval()
    with torch.no_grad():
        before = model(input_ids=ids, decoder_input_ids=ids).logits
        adapted = get_peft_model(model, HRAConfig(r=r, target_modules=["q", "v"], apply_GS=orthogonal)).eval()
        after = adapted(input_ids=ids, decoder_input_ids=ids).logits
    return float((after - before).abs().max() / before.abs().max())

print("peft", peft.__version__)
as_said = True
for r in (2, 4, 8):
    for orthogonal in (False, True):
        by = [moved(seed, r, orthogonal) for seed in range(6)]
        print(f"r {r}, apply_GS {orthogonal}: a fresh adapter's logits are off by", *(f"{x:.1e}" for x in by), "of the largest")
        as_said &= all(not x < 0.01 for x in by) if orthogonal else all(x < 1e-4 for x in by)
sys.exit(not as_said)
PY
venv/bin/python hra.py 2>warnings || { cat warnings; exit 1; }
