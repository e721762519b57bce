#!/usr/bin/env bash
# OnnxSlim 0.1.98 folds a Conv and the Mul after it into one Conv where the constant has as many numbers as the Conv has
# output channels, along whichever dimension they stand. A constant of [1, 1, 1, n] is one number a column; where the
# result is n wide (or, as [1, 1, n, 1], n high) and has n channels, it is made a scale of the channels: another result,
# and `slim` warns of nothing. With another width the same graph is left as it is. Its Conv and Add does look.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet onnxslim==0.1.98 onnx==1.23.2 onnxruntime==1.32.0
cat > width.py <<'PY'
import sys
import numpy as np
import onnx
import onnxruntime
import onnxslim
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)

def drawn(*shape):
    return random.standard_normal(shape).astype(np.float32)

def ran(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]

def tried(op, width, shape):
    constants = [("w", drawn(4, 2, 1, 1)), ("k", drawn(*shape))]
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node(op, ["c", "k"], ["y"])]
    sizes = {"x": [1, 2, 4, width], "y": [1, 4, 4, width]}
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in sizes.items()]
    weights = [numpy_helper.from_array(values, name) for name, values in constants]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    x = drawn(1, 2, 4, width)
    before = ran(model, x)
    slim = onnxslim.slim(onnx.load_from_string(model.SerializeToString()))
    off = float(np.abs(ran(slim, x) - before).max() / np.abs(before).max())
    left = "+".join(node.op_type for node in slim.graph.node)
    print(f"Conv to 4 channels, width {width}, {op} by {list(shape)}: {left}, off by {off:.1e} of the largest")
    return off

print("onnxslim", onnxslim.__version__, "onnxruntime", onnxruntime.__version__)
wrong = [tried("Mul", 4, (1, 1, 1, 4)), tried("Mul", 4, (1, 1, 4, 1)), tried("Mul", 4, (4,))]
right = [tried("Mul", 4, (1, 4, 1, 1)), tried("Mul", 5, (1, 1, 1, 5)), tried("Add", 4, (1, 1, 1, 4))]
sys.exit(not (min(wrong) > 0.01 and max(right) < 1e-5))
PY
venv/bin/python width.py
