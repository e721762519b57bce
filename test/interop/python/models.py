"""Tiny models of random weights, one a family, and what transformers computes with them.

models.py FOLDER: writes FOLDER/<kind>/{config.json,model.safetensors} and prints
{kind: {inputs, logits, loss, gradients}}. With a second argument only the kinds it names.
"""

import json
import sys
from pathlib import Path

import deberta
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    MT5Config,
    MT5ForConditionalGeneration,
    RobertaConfig,
    RobertaForSequenceClassification,
    T5Config,
    T5ForConditionalGeneration,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

t5 = dict(
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
encoder = dict(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=24,
    max_position_embeddings=24,
    initializer_range=0.3,
)
distil = dict(
    vocab_size=40, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=24,
    initializer_range=0.3,
)
old = ["num_decoder_layers", "feed_forward_proj", "relative_attention_max_distance", "is_gated_act",
       "dense_act_fn", "tie_word_embeddings"]

KINDS = {
    "t5": (T5Config(**t5), T5ForConditionalGeneration),
    "t5-old": (T5Config(**{**t5, "relative_attention_max_distance": 128}), T5ForConditionalGeneration),
    "t5-v1.1": (
        T5Config(**t5, feed_forward_proj="gated-gelu", tie_word_embeddings=False),
        T5ForConditionalGeneration,
    ),
    "t5-uneven": (
        T5Config(**{**t5, "d_kv": 6, "num_heads": 3}, num_decoder_layers=3,
                 feed_forward_proj="gated-gelu", tie_word_embeddings=True, layer_norm_epsilon=1e-3),
        T5ForConditionalGeneration,
    ),
    "mt5": (MT5Config(**t5), MT5ForConditionalGeneration),
    "bert": (BertConfig(**encoder, num_labels=3), BertForSequenceClassification),
    "bert-relu": (
        BertConfig(**encoder, num_labels=1, hidden_act="relu"),
        BertForSequenceClassification,
    ),
    "bert-gelu-new": (
        BertConfig(**{**encoder, "num_attention_heads": 4}, hidden_act="gelu_new",
                   problem_type="multi_label_classification"),
        BertForSequenceClassification,
    ),
    "distilbert": (
        DistilBertConfig(**distil, num_labels=3),
        DistilBertForSequenceClassification,
    ),
    "roberta": (
        RobertaConfig(**encoder, num_labels=2, layer_norm_eps=1e-5),
        RobertaForSequenceClassification,
    ),
    "xlm-roberta": (
        XLMRobertaConfig(**encoder, num_labels=2, layer_norm_eps=1e-5),
        XLMRobertaForSequenceClassification,
    ),
    **deberta.KINDS,
}


def rows(generator, count, least):
    lengths = torch.randint(2, 13, (count,), generator=generator)
    return [torch.randint(least, 40, (int(n),), generator=generator).tolist() for n in lengths]


def padded(rows, value):
    width = max(map(len, rows))
    ids = torch.tensor([row + [value] * (width - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return ids, mask


def run(kind, folder):
    config, cls = KINDS[kind]
    torch.manual_seed(sorted(KINDS).index(kind))
    model = cls(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            # biases and norms of a fresh model are all alike
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
    path = Path(folder) / kind
    model.save_pretrained(path)
    if kind == "t5-old":
        file = path / "config.json"
        raw = json.loads(file.read_text())
        for key in old:
            raw.pop(key, None)
        raw["n_positions"] = 512
        file.write_text(json.dumps(raw))
    generator = torch.Generator().manual_seed(7)
    texts = rows(generator, 4, 4)
    ids, mask = padded(texts, config.pad_token_id)
    if not config.is_encoder_decoder:
        logits = model(input_ids=ids, attention_mask=mask).logits
        labels = [i % max(config.num_labels, 2) for i in range(4)]
        result = {"inputs": texts, "logits": logits.tolist(), "labels": labels}
        if config.num_labels > 1:
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels))
            result |= gradients(model, loss)
        return result
    responses = [row + [1] for row in rows(generator, 4, 4)]
    starts = [[config.decoder_start_token_id] + row[:-1] for row in responses]
    decoder_ids, decoder_mask = padded(starts, 0)
    logits = model(
        input_ids=ids,
        attention_mask=mask,
        decoder_input_ids=decoder_ids,
        decoder_attention_mask=decoder_mask,
    ).logits
    labels, _ = padded(responses, -100)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
    result = {
        "inputs": texts,
        "decoder_inputs": starts,
        "labels": responses,
        "logits": [row[: len(start)].flatten().tolist() for row, start in zip(logits, starts)],
    }
    return result | gradients(model, loss)


def gradients(model, loss):
    loss.backward()
    named = {name: p.grad.flatten().tolist() for name, p in model.named_parameters() if p.grad is not None}
    return {"loss": loss.item(), "gradients": named}


if __name__ == "__main__":
    kinds = sys.argv[2].split(",") if len(sys.argv) > 2 else list(KINDS)
    print(json.dumps({kind: run(kind, sys.argv[1]) for kind in kinds}))
