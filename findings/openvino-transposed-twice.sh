#!/usr/bin/env bash
# OpenVINO's CPU plugin in f32: Y = X * transpose(W), Z = Y * W, with one initializer W. Where W is square,
# Y is right and Z is wrong by about its own size, and nothing warns; where it is not, both are right. A
# backward pass makes just this: the forward product reads a weight transposed, the gradient as it is (and
# the projections of attention are square). Two constants instead of one avoid it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet openvino==2026.4.1 onnx==1.20.1 numpy==2.2.6
"$work/venv/bin/python" - <<'PYTHON'
import sys
import numpy as np
import onnx
import openvino as ov
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)

def errors(inner, outer, shared):
    """Relative errors of Y and Z against numpy."""
    w = (random.standard_normal((outer, inner)) / inner**0.5).astype(np.float32)
    x = random.standard_normal((256, inner)).astype(np.float32)
    second = "w" if shared else "w2"
    nodes = [
        helper.make_node("Transpose", ["w"], ["wt"], perm=[1, 0]),
        helper.make_node("MatMul", ["x", "wt"], ["y"]),
        helper.make_node("MatMul", ["y", second], ["z"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "products",
        [value("x", TensorProto.FLOAT, ["n", inner])],
        [value("y", TensorProto.FLOAT, ["n", outer]), value("z", TensorProto.FLOAT, ["n", inner])],
        [numpy_helper.from_array(w, "w")] + ([] if shared else [numpy_helper.from_array(w, "w2")]),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    core = ov.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    found = core.compile_model(core.read_model(model.SerializeToString()), "CPU", settings)([x])
    y = x @ w.T
    size = np.linalg.norm
    return [float(size(a - b) / size(b)) for a, b in ((found[0], y), (found[1], y @ w))]

print("openvino", ov.__version__)
for inner, outer in ((64, 64), (512, 512), (768, 768), (768, 2048)):
    for shared in (True, False):
        y, z = errors(inner, outer, shared)
        print(f"[{inner}, {outer}], {'one constant' if shared else 'two constants'}: relative error of Y {y:.1e}, of Z {z:.1e}")
        if shared and (z > 0.1) != (inner == outer):
            sys.exit("no longer as described")
        if not shared and z > 1e-3:
            sys.exit("two constants are wrong as well: no longer as described")
PYTHON
