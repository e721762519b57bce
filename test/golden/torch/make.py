"""Makes the files beside it with torch: python make.py (torch 2.5.1)."""
import json
import os
from collections import OrderedDict

import torch

os.chdir(os.path.dirname(os.path.abspath(__file__)))
base = torch.arange(24.0).reshape(4, 6) / 8
tied = torch.nn.Parameter(torch.tensor([1.5, -2.25]))
state = OrderedDict(
    f32=torch.tensor([[0.1, -0.0, 3.4e38], [1e-45, float("inf"), -1.25]]),
    f16=torch.tensor([6e-8, 65504.0, -0.0, 1 / 3], dtype=torch.float16),
    bf16=torch.tensor([1e-40, 3.3895e38, -1 / 3], dtype=torch.bfloat16),
    ids=torch.arange(5).unsqueeze(0),
    flags=torch.tensor([True, False]),
    scalar=torch.tensor(2.5),
    empty=torch.empty(0, 3),
    tied=tied,
    twin=tied,
    transposed=base.t(),
    half=base.half().t(),
    row=base[2],
    slice=base[1:3, ::2],
    cube=torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1),
)
state._metadata = OrderedDict([("", {"version": 1})])
for protocol in (2, 3, 4, 5):
    torch.save(state, f"state-{protocol}.bin", pickle_protocol=protocol)
torch.save({"epoch": 3, "lr": 1e-3, "note": "é", "none": None, "list": [1, (2, -3), 2**40], "state_dict": state}, "nested.bin")
torch.save({"w": torch.ones(2)}, "before-1.6.bin", _use_new_zipfile_serialization=False)
torch.save(torch.nn.Linear(2, 1), "module.bin")
torch.save({"w": torch.ones(1).expand(3, 2)}, "expanded.bin")
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 1)), "torchscript.bin")

values = {
    name: {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        # bits, so that no value is lost on the way
        "bits": tensor.detach().float().contiguous().view(torch.int32).flatten().tolist(),
    }
    for name, tensor in state.items()
}
with open("values.json", "w") as file:
    json.dump(values, file, indent=1)
    file.write("\n")
