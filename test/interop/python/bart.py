"""Tiny BARTs of random weights, and what transformers and PEFT compute with them.

bart.py FOLDER: writes FOLDER/<kind>/{config.json,generation_config.json,model.safetensors}, an adapter
FOLDER/adapter for the kind "bart", and prints {kind: {inputs, decoder_inputs, labels, logits, loss,
gradients, greedy, adapted}}.
bart.py MODEL ADAPTER…: prints, for each adapter, the logits of the model with it on some ids.
"""

import json
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import BartConfig, BartForConditionalGeneration

sizes = dict(
    vocab_size=40,
    d_model=16,
    encoder_layers=2,
    decoder_layers=2,
    encoder_attention_heads=2,
    decoder_attention_heads=2,
    encoder_ffn_dim=24,
    decoder_ffn_dim=24,
    max_position_embeddings=32,
    init_std=0.3,
)
uneven = dict(
    encoder_layers=1,
    decoder_layers=3,
    encoder_attention_heads=4,
    decoder_ffn_dim=40,
    activation_function="relu",
    scale_embedding=True,
)
KINDS = {
    "bart": BartConfig(**sizes),
    "bart-uneven": BartConfig(**{**sizes, **uneven}),
    # as facebook/bart-base lies on the hub: names without the head's prefix, and no bias of logits
    "bart-plain": BartConfig(**sizes),
}
steps = 9


def rows(generator, count, least):
    lengths = torch.randint(2, 13, (count,), generator=generator)
    return [torch.randint(least, 40, (int(n),), generator=generator).tolist() for n in lengths]


def padded(rows, value):
    width = max(map(len, rows))
    ids = torch.tensor([row + [value] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return ids, mask


def made(kind, seed, path):
    torch.manual_seed(seed)
    model = BartForConditionalGeneration(KINDS[kind]).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            # biases and norms of a fresh model are all alike
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
        if kind == "bart-uneven":
            model.final_logits_bias.copy_(0.5 * torch.randn_like(model.final_logits_bias))
    # an end at the length limit would hide that a response was cut off
    model.generation_config.forced_eos_token_id = None
    model.generation_config.forced_bos_token_id = None if kind == "bart-uneven" else 0
    model.save_pretrained(path)
    if kind == "bart-plain":
        generation = (path / "generation_config.json").read_text()
        model.model.save_pretrained(path)
        (path / "generation_config.json").write_text(generation)
    return model


def run(kind, seed, folder):
    model = made(kind, seed, Path(folder) / kind)
    generator = torch.Generator().manual_seed(7 + seed)
    texts = [[0] + row + [2] for row in rows(generator, 4, 4)]
    ids, mask = padded(texts, 1)
    responses = [[0] + row + [2] for row in rows(generator, 4, 4)]
    starts = [[2] + row[:-1] for row in responses]
    decoder_ids, decoder_mask = padded(starts, 1)
    inputs = dict(
        input_ids=ids,
        attention_mask=mask,
        decoder_input_ids=decoder_ids,
        decoder_attention_mask=decoder_mask,
    )
    logits = model(**inputs).logits
    labels, _ = padded(responses, -100)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
    loss.backward()
    gradients = {n: p.grad.flatten().tolist() for n, p in model.named_parameters() if p.grad is not None}
    greedy = model.generate(
        input_ids=ids, attention_mask=mask, do_sample=False, num_beams=1, max_new_tokens=steps
    )
    result = {
        "inputs": texts,
        "decoder_inputs": starts,
        "labels": responses,
        "logits": [row[: len(start)].flatten().tolist() for row, start in zip(logits, starts)],
        "loss": loss.item(),
        "gradients": gradients,
        "greedy": [cut(row[1:].tolist()) for row in greedy],
    }
    if kind == "bart":
        result["adapted"] = adapted(model, inputs, starts, Path(folder) / "adapter")
    return result


def adapted(model, inputs, starts, folder):
    peft = get_peft_model(
        model, LoraConfig(r=3, lora_alpha=6, target_modules=["q_proj", "v_proj"], task_type="SEQ_2_SEQ_LM")
    )
    with torch.no_grad():
        for name, parameter in peft.named_parameters():
            if "lora_B" in name:
                parameter.add_(0.3 * torch.randn_like(parameter))
    peft.save_pretrained(folder)
    logits = peft(**inputs).logits
    return [row[: len(start)].flatten().tolist() for row, start in zip(logits, starts)]


def cut(row):
    """Up to the end, which transformers fills up behind."""
    return row[: row.index(2) + 1] if 2 in row else row


def with_adapter(model, adapter):
    base = BartForConditionalGeneration.from_pretrained(model)
    ids = torch.tensor([[0, 5, 6, 7, 2]])
    peft = PeftModel.from_pretrained(base, adapter).eval()
    return peft(input_ids=ids, decoder_input_ids=torch.tensor([[2, 0, 9, 10]])).logits.flatten().tolist()


first, *adapters = sys.argv[1:]
if adapters:
    print(json.dumps([with_adapter(first, adapter) for adapter in adapters]))
else:
    print(json.dumps({kind: run(kind, seed, first) for seed, kind in enumerate(KINDS)}))
