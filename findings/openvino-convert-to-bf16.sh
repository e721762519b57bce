#!/usr/bin/env bash
# OpenVINO on the CPU: Convert from f32 to bf16 neither rounds to the nearest nor cuts. A number whose last kept
# bit is 1 is rounded to the nearest; one whose last kept bit is 0 is cut, however much lies behind it: 1.0068, next
# to 1.0078125, becomes 1. Errors are up to a whole unit in the last place, on average towards 0, so that an
# adapter or a cache converted by the library is another one than PyTorch's, which rounds to the nearest.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet openvino==2026.4.1 numpy==2.2.6
cat > convert.py <<'PY'
import sys
import numpy as np
import openvino as ov
from openvino import opset13 as op

print("openvino", ov.__version__)
x = op.parameter([-1], np.float32, name="x")
model = ov.Model([op.convert(op.convert(x, "bf16"), "f32")], [x])
compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
values = 1 + np.arange(1024, dtype=np.float32) / 512
got = compiled([values])[0]
bits = values.view(np.uint32)
last = (bits >> 16) & 1
nearest = ((bits + 0x7FFF + last) & 0xFFFF0000).astype(np.uint32).view(np.float32)
cut = (bits & 0xFFFF0000).astype(np.uint32).view(np.float32)
print("last kept bit 1: rounded to the nearest", (got == nearest)[last == 1].mean())
print("last kept bit 0: cut", (got == cut)[last == 0].mean(), "of which not the nearest", (cut != nearest)[last == 0].mean())
even = np.float32(1.0068)
print(even, "becomes", compiled([np.array([even])])[0][0])
as_said = (got == nearest)[last == 1].all() and (got == cut)[last == 0].all() and (cut != nearest)[last == 0].any()
sys.exit(0 if as_said else 1)
PY
venv/bin/python convert.py
