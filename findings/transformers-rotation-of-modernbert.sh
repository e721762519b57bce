#!/usr/bin/env bash
# A ModernBERT whose rotary embeddings and layers are not the usual ones, saved by transformers 5.24.0 and read by
# 4.48.3, the release that brought ModernBERT. 5 says thetas in `rope_parameters` and the kinds of layers in
# `layer_types`; 4.48.3 looks for `global_rope_theta`, `local_rope_theta` and `global_attn_every_n_layers`, finds
# none, and takes its defaults: another model on the same weights, and nothing warns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for version in 4.48.3 5.24.0; do
  python3 -m venv "$work/$version"
  "$work/$version/bin/pip" install --quiet "transformers==$version"
done
"$work/5.24.0/bin/python" - "$work/model" 2>/dev/null <<'PYTHON'
import sys
from transformers import ModernBertConfig

rotation = {
    "full_attention": {"rope_type": "default", "rope_theta": 40000.0},
    "sliding_attention": {"rope_type": "default", "rope_theta": 5000.0},
}
layers = ["full_attention", "sliding_attention", "full_attention", "sliding_attention"]
config = ModernBertConfig(num_hidden_layers=4, layer_types=layers, rope_parameters=rotation)
config.save_pretrained(sys.argv[1])
again = ModernBertConfig.from_pretrained(sys.argv[1])
thetas = [again.rope_parameters[kind]["rope_theta"] for kind in rotation]
print(f"transformers 5.24.0 reads again: thetas {thetas}, layers {again.layer_types}")
if thetas != [40000.0, 5000.0] or again.layer_types != layers:
    sys.exit("5.24.0 does not read its own: no longer as described")
PYTHON
"$work/4.48.3/bin/python" - "$work/model" <<'PYTHON' 2>&1 | grep -v "None of PyTorch"
import sys
from transformers import ModernBertConfig

config = ModernBertConfig.from_pretrained(sys.argv[1])
thetas = [config.global_rope_theta, config.local_rope_theta]
every = config.global_attn_every_n_layers
print(f"transformers 4.48.3 reads: thetas {thetas}, global attention every {every} layers")
if thetas != [160000.0, 10000.0] or every != 3:
    sys.exit("no longer as described")
PYTHON
