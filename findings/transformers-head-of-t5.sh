#!/usr/bin/env bash
# A T5 1.1 or Flan-T5 says `tie_word_embeddings` false: its head is its own, and what goes into it is not scaled.
# transformers 5.24.0 reads that right, but forces the switch to true and keeps the scale as `scale_decoder_outputs`,
# which 4.57.6 does not know. So once 5.24.0 has loaded and saved such a model, 4.57.6 throws its head away, takes the
# table of embeddings instead and scales; both tensors are in the file, and it lists nothing as missing or unused.
# On loading 5.24.0 asks for `tie_word_embeddings=False` in the config, which it has and overwrites.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.15.0 transformers==5.24.0 requests==2.32.5
# the last 4.x beside it, with what it needs older
venv/bin/pip install --quiet --target old --no-deps transformers==4.57.6 tokenizers==0.22.2 huggingface_hub==0.36.2
cat > head.py <<'PY'
import sys
import torch
import transformers
from safetensors.torch import load_file
from transformers import T5Config, T5ForConditionalGeneration

verb, *folders = sys.argv[1:]
ids = torch.arange(3, 9)[None]
if verb == "make":
    torch.manual_seed(0)
    size = {"vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 1, "num_heads": 4}
    kind = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False, "decoder_start_token_id": 0}
    T5ForConditionalGeneration(T5Config(**size, **kind)).save_pretrained(folders[0])
elif verb == "again":
    T5ForConditionalGeneration.from_pretrained(folders[0]).save_pretrained(folders[1])
else:
    for folder in folders:
        model, told = T5ForConditionalGeneration.from_pretrained(folder, output_loading_info=True)
        logits = model.eval()(input_ids=ids, decoder_input_ids=ids).logits[0, 0, :3]
        tensors = load_file(f"{folder}/model.safetensors")
        kept = torch.equal(model.lm_head.weight, tensors["lm_head.weight"])
        head = "its own" if kept else "the table" if torch.equal(model.lm_head.weight, tensors["shared.weight"]) else "?"
        listed = sum(len(names) for names in told.values())
        print(transformers.__version__, folder, "head:", head, "listed:", listed, "logits:", *(f"{x:.4f}" for x in logits))
PY
PYTHONPATH=old venv/bin/python head.py make by-4 2>/dev/null
venv/bin/python head.py again by-4 by-5 2>/dev/null
venv/bin/python head.py read by-4 by-5 2>/dev/null >said
PYTHONPATH=old venv/bin/python head.py read by-4 by-5 2>told >>said
cat said told
sed "s/ listed.*//" said | diff - <(cat <<'END'
5.24.0 by-4 head: its own
5.24.0 by-5 head: its own
4.57.6 by-4 head: its own
4.57.6 by-5 head: the table
END
)
