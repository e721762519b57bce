"""A classifier's folder in transformers: what is computed of it, and a few steps of AdamW.

    classifiers.py MODEL JOB OUTPUT

JOB: JSON with `texts` (ids), `batches` (of pairs of `ids` and `label`), `rates` (one a step),
`weightDecay` and `maxGradNorm`. Writes what was learnt to OUTPUT; prints names that do not fit, logits before and after,
and losses.
"""
import json
import sys

import torch
from transformers import AutoModelForSequenceClassification

model_folder, job_file, output = sys.argv[1:]
with open(job_file) as file:
    job = json.load(file)


def padded(rows, filler):
    width = max(len(row) for row in rows)
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def logits(rows):
    mask = padded([[1] * len(row) for row in rows], 0)
    return model(input_ids=padded(rows, model.config.pad_token_id), attention_mask=mask).logits


model, found = AutoModelForSequenceClassification.from_pretrained(model_folder, output_loading_info=True)
model.eval()  # no dropout
names = {key: sorted(map(str, found[key])) for key in ("missing_keys", "unexpected_keys", "mismatched_keys")}
before = logits(job["texts"]).tolist()
optimizer = torch.optim.AdamW(model.parameters(), lr=1.0, weight_decay=job["weightDecay"])
losses = []
for batch, rate in zip(job["batches"], job["rates"]):
    labels = torch.tensor([item["label"] for item in batch])
    loss = torch.nn.functional.cross_entropy(logits([item["ids"] for item in batch]), labels)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), job["maxGradNorm"])
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    losses.append(float(loss))
model.save_pretrained(output)
print(json.dumps({"names": names, "before": before, "losses": losses, "after": logits(job["texts"]).tolist()}))
