"""T5 and mT5 with each kind of head, written and read by the transformers of this Python.

heads.py make FOLDER: writes FOLDER/<kind> for each kind, and FOLDER/<kind>-adapter, a LoRA adapter
(one that saves lm_head whole for `tied` models); FOLDER/<kind>-merged is what PEFT makes of both.
heads.py resave FROM TO: loads each model folder of FROM and writes it again; <kind>-here is what it
computes with the adapter of FROM on it.
heads.py read FOLDER...: prints greedy ids and the first logits of each.
All print one JSON: {versions, results: {name: {greedy, logits}}}.
"""

import json
import sys
from pathlib import Path

import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoModelForSeq2SeqLM,
    MT5Config,
    MT5ForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
)

transformers.logging.set_verbosity_error()
sizes = dict(
    vocab_size=40,
    d_model=16,
    d_kv=4,
    d_ff=24,
    num_layers=2,
    num_heads=2,
    relative_attention_num_buckets=8,
    relative_attention_max_distance=10,
    decoder_start_token_id=0,
)
classes = {"t5": (T5Config, T5ForConditionalGeneration), "mt5": (MT5Config, MT5ForConditionalGeneration)}
queries = [[5, 17, 9, 1], [33, 4, 8, 15, 16, 23, 2, 1]]
steps = 12


def judge(model):
    model = model.eval()
    results = {"greedy": [], "logits": []}
    with torch.no_grad():
        for query in queries:
            ids = torch.tensor([query])
            greedy = model.generate(input_ids=ids, max_new_tokens=steps, do_sample=False)[0]
            logits = model(input_ids=ids, decoder_input_ids=torch.tensor([[0]])).logits[0, 0]
            results["greedy"].append(greedy.tolist()[1:])
            results["logits"].append(logits.float().tolist())
    return results


def lively(model):
    """Random numbers large enough that texts differ, and no two rows of a head are alike."""
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            scale = 1.0 if name in ("shared.weight", "lm_head.weight") else 0.4
            parameter.copy_(scale * torch.randn_like(parameter) + (parameter.dim() == 1))
    return model


def make(folder):
    results = {}
    for family, (config, cls) in classes.items():
        for tied in (True, False):
            kind = f"{family}-{'tied' if tied else 'untied'}"
            torch.manual_seed(1 + len(results))
            model = lively(cls(config(**sizes, tie_word_embeddings=tied)))
            model.save_pretrained(folder / kind)
            results[kind] = judge(model)
            # a model of 5 may have one table and no scale: saving a head whole unties it
            saved = ["lm_head"] if tied else None
            lora = LoraConfig(
                r=2, lora_alpha=8, target_modules=["q", "v", "wo"], modules_to_save=saved,
                task_type="SEQ_2_SEQ_LM",
            )
            adapted = get_peft_model(model, lora)
            with torch.no_grad():
                for name, parameter in sorted(adapted.named_parameters()):
                    if parameter.requires_grad:
                        parameter.add_(0.3 * torch.randn_like(parameter))
            results[f"{kind}-adapted"] = judge(adapted)
            adapted.save_pretrained(folder / f"{kind}-adapter")
            merged = adapted.merge_and_unload()
            merged.save_pretrained(folder / f"{kind}-merged")
    return results


def read(folder):
    return judge(AutoModelForSeq2SeqLM.from_pretrained(folder, torch_dtype=torch.float32))


command, first, *rest = sys.argv[1:]
results = {}
if command == "make":
    results = make(Path(first))
elif command == "resave":
    for path in sorted(Path(first).iterdir()):
        if (path / "config.json").exists():
            model = AutoModelForSeq2SeqLM.from_pretrained(path)
            results[path.name] = judge(model)
            model.save_pretrained(Path(rest[0]) / path.name)
            adapter = path.with_name(f"{path.name}-adapter")
            if adapter.exists():
                results[f"{path.name}-here"] = judge(PeftModel.from_pretrained(model, adapter))
else:
    results = {folder: read(folder) for folder in [first, *rest]}
versions = {"transformers": transformers.__version__, "peft": peft.__version__, "torch": torch.__version__}
print(json.dumps({"versions": versions, "results": results}))
