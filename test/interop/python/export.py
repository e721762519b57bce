"""Logits and greedy ids of a base model with a PEFT adapter, and of merged models: one JSON."""
import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

job = json.loads(sys.argv[1])
steps = job["steps"]


def judge(model):
    model = model.eval()
    results = []
    with torch.no_grad():
        for query, inputs in zip(job["queries"], job["inputs"]):
            ids = torch.tensor([query])
            logits = model(input_ids=ids, decoder_input_ids=torch.tensor([inputs])).logits[0]
            greedy = model.generate(input_ids=ids, max_new_tokens=steps, do_sample=False)[0]
            results.append(
                {"logits": logits.float().flatten().tolist(), "greedy": greedy.tolist()[1:]}
            )
    return results


def load(folder):
    return AutoModelForSeq2SeqLM.from_pretrained(folder, torch_dtype="auto")


base = load(job["model"])
bare = judge(base)
answer = {
    "base": bare,
    "adapter": judge(PeftModel.from_pretrained(base, job["adapter"])),
    "merged": {},
}
for name, folder in job["merged"].items():
    model = load(folder)
    answer["merged"][name] = {"dtype": str(model.dtype), "results": judge(model.float())}
tokenizer = AutoTokenizer.from_pretrained(next(iter(job["merged"].values())))
answer["text"] = tokenizer(job["text"]).input_ids
print(json.dumps(answer))
