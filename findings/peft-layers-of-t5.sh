#!/usr/bin/env bash
# PEFT's layers_to_transform without layers_pattern means other modules of a T5 from version to version: the
# number of a layer is taken from the module's path, and T5's paths have two ("block.2.layer.1"). 0.14.0
# takes the last one, the sublayer; 0.21.2 the first one, the block. The same adapter_config.json with
# layers_to_transform [1] adapts layer.1 of every block in the one and all of block 1 in the other, and an
# adapter that is loaded by the other version fits in part. With layers_pattern the two agree.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
pip="$work/venv/bin/pip"
"$pip" install --quiet torch==2.5.1 transformers==4.47.0 peft==0.14.0 'numpy<2.3'
"$pip" install --quiet --no-deps --target "$work/later" peft==0.21.2
cat > "$work/adapted.py" <<'PYTHON'
import sys
import peft, transformers
from transformers import T5Config, T5ForConditionalGeneration

config = T5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=32, num_layers=3, num_heads=2)
settings = peft.LoraConfig(target_modules=["q"], layers_to_transform=[1])
model = peft.get_peft_model(T5ForConditionalGeneration(config), settings)
names = (name for name, _ in model.named_parameters() if "lora_A" in name)
print(f"peft {peft.__version__}, transformers {transformers.__version__}", file=sys.stderr)
print("\n".join(sorted(name.split(".lora_A")[0].removeprefix("base_model.model.") for name in names)))
PYTHON
python="$work/venv/bin/python"
"$python" "$work/adapted.py" | tee "$work/0.14.0"
PYTHONPATH="$work/later" "$python" "$work/adapted.py" | tee "$work/0.21.2"
diff - "$work/0.14.0" <<'END'
decoder.block.0.layer.1.EncDecAttention.q
decoder.block.1.layer.1.EncDecAttention.q
decoder.block.2.layer.1.EncDecAttention.q
END
diff - "$work/0.21.2" <<'END'
decoder.block.1.layer.0.SelfAttention.q
decoder.block.1.layer.1.EncDecAttention.q
encoder.block.1.layer.0.SelfAttention.q
END
