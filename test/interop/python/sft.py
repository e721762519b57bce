"""
Supervised fine-tuning of a T5 with a LoRA adapter, by PyTorch, transformers and PEFT.

    sft.py MODEL ADAPTER JOB OUTPUT

JOB: JSON with `batches` (of pairs of `query` and `response` ids), `rates` (one a step),
`weightDecay`, `maxGradNorm`. Writes the adapter after each step to OUTPUT/step-N; prints losses and
gradient norms.
"""
import json
import sys

import torch
from peft import PeftModel
from transformers import T5ForConditionalGeneration

model_folder, adapter, job_file, output = sys.argv[1:]
with open(job_file) as file:
    job = json.load(file)


def padded(rows, filler):
    width = max(len(row) for row in rows)
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


base = T5ForConditionalGeneration.from_pretrained(model_folder)
model = PeftModel.from_pretrained(base, adapter, is_trainable=True)
model.eval()  # no dropout
learnt = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(learnt, lr=1.0, weight_decay=job["weightDecay"])
losses, norms = [], []
for step, (batch, rate) in enumerate(zip(job["batches"], job["rates"]), start=1):
    queries = [pair["query"] for pair in batch]
    result = model(
        input_ids=padded(queries, 0),
        attention_mask=padded([[1] * len(row) for row in queries], 0),
        labels=padded([pair["response"] for pair in batch], -100),
    )
    optimizer.zero_grad()
    result.loss.backward()
    norms.append(float(torch.nn.utils.clip_grad_norm_(learnt, job["maxGradNorm"])))
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    losses.append(float(result.loss))
    model.save_pretrained(f"{output}/step-{step}")
print(json.dumps({"losses": losses, "norms": norms, "learnt": len(learnt)}))
