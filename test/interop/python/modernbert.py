"""ModernBERT sequence classifiers (transformers 4.48 and later; 4.47 does not know them).

modernbert.py models FOLDER [KINDS]
    Writes FOLDER/<kind>/{config.json,model.safetensors}, tiny models of random weights, and prints
    {kind: {inputs, logits, labels, loss, gradients}}.
modernbert.py goldens FOLDER [KINDS]
    The same into files: FOLDER/<kind>/expected.json, and for `base` and `mean` the last hidden states
    and the gradients into FOLDER/<kind>/expected.safetensors.
modernbert.py layers FOLDER
    FOLDER/layers.safetensors: rotary embeddings and the sliding window of transformers 5.
modernbert.py tokenizer FOLDER TEXTS
    A byte-level BPE tokenizer with ModernBERT's special tokens, saved by PreTrainedTokenizerFast, and
    FOLDER/expected.json: the ids of the texts of a JSON file, alone and in pairs.
modernbert.py read MODEL JOB
    Prints the logits of a folder's model for the rows of ids of a JSON file, {"rows"}, padded.
modernbert.py train MODEL JOB
    Prints the losses of AdamW's steps, {"batches": [{"rows", "labels"}], "rate", "weightDecay",
    "maxGradNorm"}, and the logits of {"rows"} afterwards.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import ModernBertConfig, ModernBertForSequenceClassification

tiny = dict(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=4,
    num_attention_heads=2,
    intermediate_size=20,
    max_position_embeddings=64,
    local_attention=6,
    pad_token_id=3,
    bos_token_id=0,
    cls_token_id=0,
    eos_token_id=1,
    sep_token_id=1,
    initializer_range=0.3,
)

KINDS = {
    # the shape of ModernBERT-base: no biases, the last layer global, its first token read
    "base": dict(**tiny, num_labels=3),
    # everything that can have a bias, the last layer local, all tokens read
    "mean": dict(
        **{**tiny, "num_hidden_layers": 3, "local_attention": 5}, num_labels=2, classifier_pooling="mean",
        norm_bias=True, attention_bias=True, mlp_bias=True, classifier_bias=True,
        hidden_activation="gelu_pytorch_tanh", classifier_activation="relu", norm_eps=1e-3,
        global_attn_every_n_layers=4,
    ),
    # the last layer local, its first token read; one theta for all, as mmBERT has it
    "local": dict(
        **{**tiny, "num_attention_heads": 4}, num_labels=2, problem_type="multi_label_classification",
        global_attn_every_n_layers=2, global_rope_theta=1000.0, local_rope_theta=1000.0,
        hidden_activation="silu", classifier_activation="silu",
    ),
    # what transformers 5 alone can say: layers in no order
    "layers": dict(
        **tiny, num_labels=1,
        layer_types=["sliding_attention", "full_attention", "full_attention", "sliding_attention"],
        rope_parameters={
            "full_attention": {"rope_type": "default", "rope_theta": 500.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 50.0},
        },
    ),
}


def texts():
    generator = torch.Generator().manual_seed(7)
    lengths = [17, 3, 12, 1, 30]
    return [torch.randint(4, 40, (n,), generator=generator).tolist() for n in lengths]


def padded(rows, value):
    width = max(map(len, rows))
    ids = torch.tensor([row + [value] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return ids, mask


def run(kind, folder):
    config = ModernBertConfig(**KINDS[kind])
    torch.manual_seed(sorted(KINDS).index(kind))
    model = ModernBertForSequenceClassification._from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for parameter in model.parameters():
            # biases and norms of a fresh model are all alike, and its last matrices nearly nothing
            parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(Path(folder) / kind)
    rows = texts()
    ids, mask = padded(rows, config.pad_token_id)
    hidden = model.model(input_ids=ids, attention_mask=mask).last_hidden_state
    logits = model(input_ids=ids, attention_mask=mask).logits
    labels = [i % max(config.num_labels, 2) for i in range(len(rows))]
    result = {"inputs": rows, "logits": logits.tolist(), "labels": labels}
    tensors = {"hidden": hidden[mask.bool()].detach()}
    if config.num_labels > 1:
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
        loss.backward()
        result["loss"] = loss.item()
        tensors |= {f"gradient.{name}": p.grad for name, p in model.named_parameters()}
    return result, tensors


def models(folder, kinds):
    answer = {}
    for kind in kinds:
        result, tensors = run(kind, folder)
        gradients = {
            name.removeprefix("gradient."): tensor.flatten().tolist()
            for name, tensor in tensors.items() if name.startswith("gradient.")
        }
        answer[kind] = result | {"gradients": gradients}
    print(json.dumps(answer))


def goldens(folder, kinds):
    for kind in kinds:
        result, tensors = run(kind, folder)
        path = Path(folder) / kind
        (path / "expected.json").write_text(json.dumps(result))
        if kind in ("base", "mean"):
            save_file({name: t.contiguous() for name, t in tensors.items()}, path / "expected.safetensors")


def layers(folder):
    from transformers.masking_utils import create_bidirectional_sliding_window_mask
    from transformers.models.modernbert.modeling_modernbert import (
        ModernBertRotaryEmbedding, apply_rotary_pos_emb,
    )

    config = ModernBertConfig(**{**tiny, "max_position_embeddings": 8192}, attn_implementation="eager")
    rotary = ModernBertRotaryEmbedding(config)
    generator = torch.Generator().manual_seed(1)
    query, key = torch.randn(2, 2, 2, 9, 8, generator=generator)
    mask = torch.tensor([[1] * 9, [1] * 5 + [0] * 4])
    states = torch.zeros(2, 9, 16)
    window = create_bidirectional_sliding_window_mask(
        config=config, inputs_embeds=states, attention_mask=mask
    )
    tensors = {"query": query, "key": key, "mask": mask, "window": (window == 0).to(torch.int64)}
    for kind in ["full_attention", "sliding_attention"]:
        cos, sin = rotary(states, torch.arange(9)[None], kind)
        rotated = apply_rotary_pos_emb(query, key, cos, sin)
        tensors |= {f"{kind}.query": rotated[0], f"{kind}.key": rotated[1]}
        far = torch.tensor([[0, 1, 100, 1000, 8191]])
        cos, sin = rotary(states, far, kind)
        tensors |= {f"{kind}.cos": cos[0].clone(), f"{kind}.sin": sin[0].clone()}
    save_file({name: t.contiguous() for name, t in tensors.items()}, Path(folder) / "layers.safetensors")


def tokenizer(folder, file):
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    texts = json.loads(Path(file).read_text())
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    # the vocabulary first, the special tokens behind it, as in ModernBERT's
    made.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    )
    special = [AddedToken(token, special=True, normalized=False) for token in ["[UNK]", "[CLS]", "[SEP]", "[PAD]"]]
    mask = AddedToken("[MASK]", special=True, lstrip=True, normalized=False)
    made.add_special_tokens([*special, mask])
    made.add_tokens([AddedToken("  ", normalized=True), AddedToken("[unused0]", normalized=True)])
    ids = [(token, made.token_to_id(token)) for token in ["[CLS]", "[SEP]"]]
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
        mask_token=mask, model_max_length=8192, model_input_names=["input_ids", "attention_mask"],
    )
    fast.save_pretrained(folder)
    pairs = list(zip(texts, texts[1:]))
    expected = {
        "texts": texts,
        "ids": fast(texts).input_ids,
        "pairs": [fast(*pair).input_ids for pair in pairs],
        "cut": [fast(*pair, truncation=True, max_length=12).input_ids for pair in pairs],
        "decoded": fast.batch_decode(fast(texts).input_ids, skip_special_tokens=True),
    }
    (Path(folder) / "expected.json").write_text(json.dumps(expected))
    print(json.dumps(expected))


def load(folder):
    return ModernBertForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()


def judged(model, rows):
    ids, mask = padded(rows, model.config.pad_token_id)
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=mask).logits.tolist()


def read(folder, file):
    print(json.dumps(judged(load(folder), json.loads(Path(file).read_text())["rows"])))


def train(folder, file):
    job = json.loads(Path(file).read_text())
    model = load(folder)
    optimizer = torch.optim.AdamW(model.parameters(), lr=job["rate"], weight_decay=job["weightDecay"])
    losses = []
    for batch in job["batches"]:
        ids, mask = padded(batch["rows"], model.config.pad_token_id)
        logits = model(input_ids=ids, attention_mask=mask).logits
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(batch["labels"]))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), job["maxGradNorm"])
        optimizer.step()
        losses.append(loss.item())
    print(json.dumps({"losses": losses, "logits": judged(model, job["rows"])}))


what, *args = sys.argv[1:]
if what in ("models", "goldens"):
    kinds = args[1].split(",") if len(args) > 1 else list(KINDS)
    {"models": models, "goldens": goldens}[what](args[0], kinds)
else:
    {"layers": layers, "tokenizer": tokenizer, "read": read, "train": train}[what](*args)
