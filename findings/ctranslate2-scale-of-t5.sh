#!/usr/bin/env bash
# CTranslate2 4.8.5 converts a T5 1.1 or Flan-T5 to another model under transformers 5.24.0 than under 4.57.6. Those
# models do not scale what goes into their head, and say so by `tie_word_embeddings` false. transformers 5 moved that
# to `scale_decoder_outputs` and forces the old switch to true, which the converter still reads: every logit is divided
# by sqrt(d_model), a temperature of 22 to 64 in the published sizes. Greedy search is the same, so that it looks right;
# scores, log-probabilities, samples and beams are others, and nothing tells. A T5 of the first kind converts right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.15.0 transformers==5.24.0 ctranslate2==4.8.5 requests==2.32.5
# the last 4.x beside it, with what it needs older
venv/bin/pip install --quiet --target old --no-deps transformers==4.57.6 tokenizers==0.22.2 huggingface_hub==0.36.2
cat > scale.py <<'PY'
import sys
import ctranslate2
import torch
import transformers
from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

verb, version = sys.argv[1:]
words = ["<pad>", "</s>", "<unk>", *(f"w{i}" for i in range(61))]
source, answer = [5, 9, 20, 33, 40, 7, 8, 1], [12, 13, 14, 60]

def make(folder, tied):
    torch.manual_seed(0)
    size = {"vocab_size": 64, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
    model = T5ForConditionalGeneration(T5Config(**size, decoder_start_token_id=0, tie_word_embeddings=tied))
    if not tied:
        model.lm_head.weight.data = torch.randn(64, 32) / 4
    model.save_pretrained(folder)
    backend = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=backend, **names).save_pretrained(folder)

as_said = True
for folder, tied in {"first": True, "flan": False}.items():
    if verb == "make":
        make(folder, tied)
        continue
    model = T5ForConditionalGeneration.from_pretrained(folder).eval()
    TransformersConverter(folder).convert(f"{folder}-by-{version}")
    converted = ctranslate2.Translator(f"{folder}-by-{version}", compute_type="float32")
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([[0, *answer]])).logits[0].double()
    def of(some):
        return [float(row[i]) for row, i in zip(some.log_softmax(-1), [*answer, 1])]
    tokens = [[words[i] for i in ids] for ids in (source, answer)]
    theirs = converted.score_batch(tokens[:1], tokens[1:])[0].log_probs
    greedy = converted.translate_batch(tokens[:1], beam_size=1, max_decoding_length=6)[0].hypotheses[0]
    own = model.generate(torch.tensor([source]), max_new_tokens=6, do_sample=False)[0].tolist()[1:]
    same_greedy = greedy == [words[i] for i in own if i != 1]
    def near(some):
        return max(abs(a - b) for a, b in zip(theirs, of(some))) < 1e-3
    found = "equal" if near(logits) else "of logits / sqrt(d_model)" if near(logits / 32**0.5) else "neither"
    shown = lambda numbers: " ".join(f"{x:.3f}" for x in numbers)
    print(f"transformers {transformers.__version__}, {folder}: {shown(of(logits))}")
    print(f"  ctranslate2 {ctranslate2.__version__}: {shown(theirs)}: {found}; greedy {'equal' if same_greedy else 'differs'}")
    as_said &= same_greedy and found == ("of logits / sqrt(d_model)" if version == "5" and not tied else "equal")
sys.exit(not as_said)
PY
PYTHONPATH=old venv/bin/python scale.py make 4 2>warnings
for version in 4 5; do
  PYTHONPATH=$([ $version = 4 ] && echo old) venv/bin/python scale.py convert $version 2>warnings || { cat warnings; exit 1; }
done
