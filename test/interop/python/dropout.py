"""
Loss and gradients of a T5 with a LoRA adapter, by PyTorch, transformers and PEFT in training mode, whose
dropout modules drop what they are told.

    dropout.py MODEL ADAPTER JOB OUTPUT

JOB: JSON with `rows` (`query`, `inputs`, `labels`: ids; `encoder`, `decoder`: an odd number for each
token), `weight` of each label, `rates`, `channels`, `heads` (odd numbers), `places` (by path and kind).
Writes the gradients to OUTPUT (safetensors, by our names); prints the loss.
"""
import json
import sys

import numpy as np
import torch
from peft import PeftModel
from safetensors.torch import save_file
from transformers import T5ForConditionalGeneration
from transformers.models.t5.modeling_t5 import T5Attention

model_folder, adapter, job_file, output = sys.argv[1:]
with open(job_file) as file:
    job = json.load(file)
base = T5ForConditionalGeneration.from_pretrained(model_folder)
model = PeftModel.from_pretrained(base, adapter, is_trainable=True)
model.train()
row = None  # the one that passes through the model
met = set()


def dropped(x, factors, rate):
    """Drops where the product of the factors modulo 2^32, as int32, is below the rate's border."""
    product = np.uint32(1)
    for factor in factors:
        product = product * np.asarray(factor, np.int64).astype(np.uint32)
    border = np.float32((np.float32(rate) - np.float32(0.5)) * np.float32(2**32))
    below = torch.from_numpy(product.astype(np.int32).astype(np.float32) < border)
    assert below.shape == x.shape[-below.dim():]
    return torch.where(below, torch.zeros(()), x / (1 - rate))


def place(path, kind):
    met.add(f"{path} {kind}")
    return job["places"][f"{path} {kind}"]


class Dropout(torch.nn.Module):
    def __init__(self, half, paths, kind):
        super().__init__()
        self.half, self.paths, self.kind, self.calls = half, paths, kind, 0

    def forward(self, x):
        path = self.paths[self.calls % len(self.paths)]
        self.calls += 1
        keys = np.array(row[self.half])[:, None]
        channels = np.array(job["channels"])[: x.shape[-1]]
        return dropped(x, [keys, place(path, self.kind), channels], job["rates"][self.kind])


attention = None
T5Attention.__forward = T5Attention.forward


def forward(self, *args, **kwargs):
    global attention
    attention = self.path
    return T5Attention.__forward(self, *args, **kwargs)


def attention_dropout(x, p, training):
    assert training
    keys = np.array(row[attention.split(".")[0]])[None, :, None]
    heads = np.array(job["heads"])[: x.shape[1], None, None]
    channels = np.array(job["channels"])[: x.shape[3]]
    return dropped(x, [keys, place(attention, "weights"), heads, channels], job["rates"]["model"])


T5Attention.forward = forward
torch.nn.functional.dropout = attention_dropout
for name, module in list(base.named_modules()):
    half = name.split(".")[0]
    if isinstance(module, T5Attention):
        module.path = name
    if name in ("encoder.dropout", "decoder.dropout"):
        base.get_submodule(half).dropout = Dropout(half, [f"{half}.embed_tokens", f"{half}.final_layer_norm"], "model")
    elif name.endswith(".dropout"):
        parent = name[: -len(".dropout")]
        base.get_submodule(parent).dropout = Dropout(half, [parent], "model")
    elif name.endswith(".lora_dropout"):
        parent = name[: -len(".lora_dropout")]
        read = "encoder" if parent.endswith(("EncDecAttention.k", "EncDecAttention.v")) else half
        module["default"] = Dropout(read, [parent], "adapter")

loss = 0
for row in job["rows"]:
    logits = model(
        input_ids=torch.tensor([row["query"]]), decoder_input_ids=torch.tensor([row["inputs"]])
    ).logits
    labels = torch.tensor(row["labels"])
    loss = loss + job["weight"] * torch.nn.functional.cross_entropy(logits[0], labels, reduction="sum")
loss.backward()
prefix = "base_model.model."
gradients = {
    name[len(prefix):].replace(".default.", "."): p.grad
    for name, p in model.named_parameters()
    if p.requires_grad
}
save_file(gradients, output)
print(json.dumps({"loss": float(loss), "met": sorted(met)}))
