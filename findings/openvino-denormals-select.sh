#!/usr/bin/env bash
# OpenVINO's CPU_DENORMALS_OPTIMIZATION is to set tiny floating-point numbers to 0. On CPUs without AVX-512 (here the
# plugin is held to AVX2) it turns choices as well: Select between two int32 or int64 tensors takes the second one
# everywhere, whatever the condition that is given, as if its integer 1 were one of the tiny numbers. Between floats
# it chooses rightly, and nothing warns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet openvino==2026.4.1 numpy==2.2.6
cat > choose.py <<'PY'
import sys
import numpy as np
import openvino as ov
from openvino import opset13 as op

print("openvino", ov.__version__)

def chosen(kind, flag):
    yes, a, b = (op.parameter([-1], each) for each in (bool, kind, kind))
    model = ov.Model([op.select(yes, a, b)], [yes, a, b])
    settings = {"CPU_DENORMALS_OPTIMIZATION": flag, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = ov.Core().compile_model(model, "CPU", settings)
    return compiled([np.array([True, False, True]), np.array([1, 2, 3], kind), np.array([10, 20, 30], kind)])[0].tolist()

as_said = True
for kind in (np.float32, np.int32, np.int64):
    without, with_it = chosen(kind, "NO"), chosen(kind, "YES")
    print(f"{kind.__name__}: true, false, true of [1, 2, 3] and [10, 20, 30]: {without}; with the property {with_it}")
    as_said &= without == [1, 20, 3] and (with_it == without) == (kind is np.float32)
sys.exit(0 if as_said else 1)
PY
ONEDNN_MAX_CPU_ISA=AVX2 venv/bin/python choose.py
