"""Tiny DeBERTa-v2 classifiers of random weights: what configs of that family differ in.

As a program, deberta.py FOLDER writes the goldens of test/golden/families/deberta: a folder for each
kind, of some with its gradients, and in expected.json what models.py says of them and the buckets.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import DebertaV2Config, DebertaV2ForSequenceClassification
from transformers.models.deberta_v2 import modeling_deberta_v2 as theirs

small = dict(
    vocab_size=40,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=24,
    max_position_embeddings=24,
    initializer_range=0.3,
)
# microsoft/deberta-v3-*, and what was made of them
v3 = dict(
    **small,
    relative_attention=True,
    position_buckets=4,
    norm_rel_ebd="layer_norm",
    share_att_key=True,
    pos_att_type="p2c|c2p",
    position_biased_input=False,
    type_vocab_size=0,
)


def kind(**config):
    return DebertaV2Config(**config), DebertaV2ForSequenceClassification


KINDS = {
    "deberta-v3": kind(**v3, num_labels=3),
    # OpenAssistant/reward-model-deberta-v3-*: one number
    "deberta-reward": kind(**v3, num_labels=1, max_relative_positions=20),
    # microsoft/deberta-v2-xlarge
    "deberta-v2": kind(
        **{**v3, "pos_att_type": ["c2p", "p2c"]}, conv_kernel_size=3, conv_act="gelu",
        attention_head_size=8,
    ),
    # a table narrower than the layers, segments, places, and positions with matrices of their own
    "deberta-wide": kind(
        **{**v3, "share_att_key": False, "position_biased_input": True, "type_vocab_size": 2,
           "norm_rel_ebd": "none", "num_hidden_layers": 1}, embedding_size=10, conv_kernel_size=5,
        pooler_hidden_act="tanh",
    ),
    # one distance after the other, no buckets; what a word asks of a place alone
    "deberta-c2p": kind(
        **{**v3, "position_buckets": -1, "max_relative_positions": 6, "share_att_key": False,
           "pos_att_type": ["c2p"]}, hidden_act="gelu_new", problem_type="multi_label_classification",
    ),
    "deberta-p2c": kind(
        **{**v3, "position_buckets": 7, "max_relative_positions": 11, "pos_att_type": "p2c",
           "num_hidden_layers": 3}, hidden_act="relu", pooler_hidden_act="relu",
    ),
    # transformers' defaults: places in the embeddings, and attention that knows of none
    "deberta-plain": kind(**small, layer_norm_eps=1e-3),
}


def golden(name, folder):
    import models

    found = models.run(name, folder)
    gradients = found.pop("gradients", None)
    if name in ("deberta-v2", "deberta-wide", "deberta-p2c"):
        shapes = {key: value.shape for key, value in load_file(f"{folder}/{name}/model.safetensors").items()}
        named = {key: torch.tensor(values).reshape(shapes[key]) for key, values in gradients.items()}
        save_file(named, f"{folder}/{name}/gradients.safetensors")
    return found


def buckets(count, reach, most):
    """Of each distance from 0 up to `most`."""
    places = torch.arange(most + 1)
    if count < 1:
        return places.tolist()
    return theirs.make_log_bucket_position(places, count, reach).long().tolist()


if __name__ == "__main__":
    folder = sys.argv[1]
    tables = [(256, 512, 1100), (256, 1024, 1100), (32, 128, 300), (4, 24, 60), (7, 11, 30), (2, 9, 20), (3, 9, 40)]
    written = {
        "families": {name: golden(name, folder) for name in KINDS},
        "buckets": [
            {"count": count, "reach": reach, "buckets": buckets(count, reach, most)}
            for count, reach, most in tables
        ],
    }
    Path(folder, "expected.json").write_text(json.dumps(written))
