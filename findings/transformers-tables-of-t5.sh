#!/usr/bin/env bash
# A T5 file may hold its table of embeddings three times: as shared, as the encoder's and as the decoder's.
# Where the three differ (merged or averaged checkpoints), the same folder is two different models:
# transformers 4.47.0 takes the decoder's table for all of them, 5.24.0 keeps each, and neither says so.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/tables.py" <<'PYTHON'
import sys
import torch, transformers
from safetensors.torch import load_file, save_file
from transformers import T5Config, T5ForConditionalGeneration

folder = sys.argv[1]
config = T5Config(vocab_size=16, d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
T5ForConditionalGeneration(config).save_pretrained(folder)
tensors = load_file(f"{folder}/model.safetensors")
for name, value in {"shared": 1, "encoder.embed_tokens": 2, "decoder.embed_tokens": 3}.items():
    tensors[f"{name}.weight"] = torch.full((16, 8), float(value))
save_file(tensors, f"{folder}/model.safetensors", metadata={"format": "pt"})
model = T5ForConditionalGeneration.from_pretrained(folder)
tables = [model.shared, model.encoder.embed_tokens, model.decoder.embed_tokens]
print("transformers", transformers.__version__, "shared, encoder, decoder:", *(int(t.weight[0, 0]) for t in tables))
PYTHON
for versions in '4.47.0 2.5.1' '5.24.0 2.15.0'; do
  read -r version torch <<<"$versions"
  python3 -m venv "$work/$version"
  "$work/$version/bin/pip" install --quiet transformers==$version torch==$torch 'numpy<2.3'
  "$work/$version/bin/python" "$work/tables.py" "$work/model-$version" 2>/dev/null | tee -a "$work/said"
done
diff - "$work/said" <<'END'
transformers 4.47.0 shared, encoder, decoder: 3 3 3
transformers 5.24.0 shared, encoder, decoder: 1 2 3
END
