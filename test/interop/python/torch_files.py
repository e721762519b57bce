"""Models, adapters and value heads as real libraries save them, and what those compute with them.

torch_files.py write FOLDER   makes the files; prints the logits of each case
torch_files.py read FILE      reads a value head that tactful wrote
"""
import json
import shutil
import sys
import zipfile
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import T5Config, T5ForConditionalGeneration

QUERY, INPUTS = [3, 5, 7, 11, 1], [0, 4, 6, 2]


def tiny(tied, dtype=torch.float32):
    torch.manual_seed(7)
    config = T5Config(
        vocab_size=40, d_model=16, d_kv=4, d_ff=24, num_layers=2, num_heads=2,
        relative_attention_num_buckets=8, relative_attention_max_distance=16,
        feed_forward_proj="gated-gelu", tie_word_embeddings=tied, dropout_rate=0.0,
        decoder_start_token_id=0,
    )
    return T5ForConditionalGeneration(config).to(dtype).eval()


def logits(model):
    with torch.no_grad():
        out = model(
            input_ids=torch.tensor([QUERY]), attention_mask=torch.ones(1, len(QUERY), dtype=torch.long),
            decoder_input_ids=torch.tensor([INPUTS]),
        )
    return out.logits[0].float().flatten().tolist()


def models(root, cases):
    for tied in (False, True):
        for dtype in ("float32", "float16", "bfloat16"):
            model = tiny(tied, getattr(torch, dtype))
            for shards, size in (("single", "1GB"), ("sharded", "8KB")):
                folder = root / f"{'tied' if tied else 'untied'}-{dtype}-{shards}"
                model.save_pretrained(folder, safe_serialization=False, max_shard_size=size)
                # the numbers of the file, computed with in float32, as tactful does
                loaded = T5ForConditionalGeneration.from_pretrained(folder, torch_dtype=torch.float32).eval()
                cases.append({"name": folder.name, "model": str(folder), "logits": logits(loaded)})
    only = root / "only-encoder-table"
    model = tiny(True)
    model.save_pretrained(only, safe_serialization=False)
    state = torch.load(only / "pytorch_model.bin", weights_only=True)
    for name in ("shared.weight", "decoder.embed_tokens.weight", "lm_head.weight"):
        state.pop(name, None)
    torch.save(state, only / "pytorch_model.bin")
    loaded = T5ForConditionalGeneration.from_pretrained(only).eval()
    cases.append({"name": only.name, "model": str(only), "logits": logits(loaded)})
    turned = root / "transposed"
    model.save_pretrained(turned, safe_serialization=False)
    state = {name: w.t().contiguous().t() if w.dim() == 2 else w for name, w in model.state_dict().items()}
    torch.save(state, turned / "pytorch_model.bin")
    cases.append({"name": turned.name, "model": str(turned), "logits": logits(model)})


KINDS = {
    "plain": dict(target_modules=["q", "v"]),
    "rslora": dict(target_modules=["q", "v"], use_rslora=True),
    "regex": dict(target_modules=r".*decoder.*(SelfAttention|EncDecAttention)\.(q|v)$"),
    "all-linear": dict(target_modules="all-linear"),
    "layers": dict(target_modules=["q"], layers_to_transform=[1], layers_pattern="block"),
    "exclude": dict(target_modules=["q", "v", "wo"], exclude_modules=r"encoder.*v"),
    "patterns": dict(
        target_modules=["q", "v"],
        rank_pattern={"EncDecAttention.q": 2, r"block\.1\..*\.v": 5},
        alpha_pattern={"encoder.block.0.layer.0.SelfAttention.q": 3, "EncDecAttention.v": 32, r"block.\d.layer.0.*q": 7},
    ),
    "patterns-rslora": dict(
        target_modules=["q", "v"], use_rslora=True, rank_pattern={"v": 6}, alpha_pattern={"v": 9, "q": 4}
    ),
}


def noisy(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def adapters(root, cases):
    base = root / "base"
    tiny(False).save_pretrained(base)
    for i, (kind, settings) in enumerate(KINDS.items()):
        config = LoraConfig(task_type="SEQ_2_SEQ_LM", r=4, lora_alpha=8, lora_dropout=0.0, **settings)
        model = noisy(get_peft_model(T5ForConditionalGeneration.from_pretrained(base), config), i)
        for format in ("safetensors", "bin"):
            folder = root / f"adapter-{kind}-{format}"
            model.save_pretrained(folder, safe_serialization=format == "safetensors")
            again = PeftModel.from_pretrained(T5ForConditionalGeneration.from_pretrained(base), folder).eval()
            cases.append({"name": folder.name, "model": str(base), "adapter": str(folder), "logits": logits(again)})
    plain = cases[[case["name"] for case in cases].index("adapter-plain-bin")]

    # the fields of PEFT 0.3, and the names of a state dict that was saved by hand
    for naming in ("", ".default"):
        old = root / f"adapter-0.3{naming}"
        old.mkdir()
        fields = dict(
            base_model_name_or_path=str(base), bias="none", enable_lora=None, fan_in_fan_out=False,
            inference_mode=True, lora_alpha=8, lora_dropout=0.0, merge_weights=False, modules_to_save=None,
            peft_type="LORA", r=4, target_modules=["q", "v"], task_type="SEQ_2_SEQ_LM",
        )
        (old / "adapter_config.json").write_text(json.dumps(fields))
        state = torch.load(Path(plain["adapter"]) / "adapter_model.bin", weights_only=True)
        state = {name.replace(".weight", f"{naming}.weight"): w for name, w in state.items()}
        torch.save(state, old / "adapter_model.bin")
        cases.append({**plain, "name": old.name, "adapter": str(old)})

    # half precision
    half = root / "adapter-bfloat16"
    shutil.copytree(plain["adapter"], half)
    state = torch.load(half / "adapter_model.bin", weights_only=True)
    torch.save({name: w.bfloat16() for name, w in state.items()}, half / "adapter_model.bin")
    model = PeftModel.from_pretrained(T5ForConditionalGeneration.from_pretrained(base), half).float().eval()
    cases.append({**plain, "name": half.name, "adapter": str(half), "logits": logits(model)})

    # a zip as people send it
    archive = root / "model-checkpoint-files.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in Path(plain["adapter"]).iterdir():
            file.write(path, f"checkpoint/{path.name}")
    cases.append({**plain, "name": archive.name, "adapter": str(archive)})

    # modules saved whole
    saved = ["lm_head", "final_layer_norm", "wo"]
    config = LoraConfig(task_type="SEQ_2_SEQ_LM", r=4, target_modules=["q"], modules_to_save=saved)
    model = noisy(get_peft_model(T5ForConditionalGeneration.from_pretrained(base), config), 99)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".modules_to_save." in name:
                parameter.mul_(1.5)
    expected = logits(model)
    for format in ("safetensors", "bin"):
        folder = root / f"adapter-modules-{format}"
        model.save_pretrained(folder, safe_serialization=format == "safetensors")
        cases.append({"name": folder.name, "model": str(base), "adapter": str(folder), "logits": expected})
    merged = root / "merged-modules"
    model.merge_and_unload().save_pretrained(merged)
    cases.append({"name": merged.name, "model": str(merged), "logits": expected})


def value_head(root):
    """As TRL's PreTrainedModelWrapper.save_pretrained does for a policy with an adapter."""
    head = torch.nn.Linear(16, 1)
    folder = root / "trl"
    shutil.copytree(root / "adapter-plain-safetensors", folder)
    torch.save({f"v_head.summary.{name}": w for name, w in head.state_dict().items()}, folder / "pytorch_model.bin")
    return {"folder": str(folder), "weight": head.weight.flatten().tolist(), "bias": head.bias.tolist()}


if sys.argv[1] == "write":
    root, cases = Path(sys.argv[2]), []
    models(root, cases)
    adapters(root, cases)
    print(json.dumps({"cases": cases, "head": value_head(root)}))
elif sys.argv[1] == "logits":
    base, adapter = sys.argv[2:]
    model = PeftModel.from_pretrained(T5ForConditionalGeneration.from_pretrained(base), adapter)
    print(json.dumps(logits(model.eval())))
else:
    state = torch.load(sys.argv[2], weights_only=True)
    kept = {name: w.flatten().tolist() for name, w in state.items()}
    head = torch.nn.Linear(state["v_head.summary.weight"].shape[1], 1)
    head.load_state_dict({name.removeprefix("v_head.summary."): w for name, w in state.items()})
    print(json.dumps({"type": type(state).__name__, "tensors": kept}))
