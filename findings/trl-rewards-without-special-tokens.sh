#!/usr/bin/env bash
# TRL's RLOO and GRPO take a classifier as reward. For plain prompts they ask its tokenizer for no special tokens, as
# if a chat template had set them: a RoBERTa, BERT or DeBERTa, whose score is read at <s> or [CLS], is read at the
# first word of the prompt instead. The rewards that are trained on and logged are other numbers than those of the
# same model in a text-classification pipeline (which is what it learnt), and nothing warns.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet torch==2.15.0 transformers==5.24.0 trl==1.16.0 datasets==5.2.0
cat > rewards.py <<'PY'
import sys
import torch
import transformers
import trl
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, pipeline
from transformers import RobertaConfig, RobertaForSequenceClassification
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

words = ["<s>", "<pad>", "</s>", "<unk>", *"good bad words are fine the a trains stopped running".split()]
names = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "pad_token": "<pad>"}
ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}

def tokenizer(surrounded):
    backend = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if surrounded:
        backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>", **names)

small = {"vocab_size": len(words), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, **ids}
torch.manual_seed(0)
classifier = RobertaForSequenceClassification(
    RobertaConfig(**small, intermediate_size=16, max_position_embeddings=66, num_labels=1, initializer_range=1.0)
).eval()
judge = pipeline("text-classification", model=classifier, tokenizer=tokenizer(True), function_to_apply="none", device="cpu")
print("trl", trl.__version__, "transformers", transformers.__version__)
for Trainer, Config in ((RLOOTrainer, RLOOConfig), (GRPOTrainer, GRPOConfig)):
    texts = []

    def beside(prompts, completions, **rest):
        texts.extend(p + c for p, c in zip(prompts, completions))
        return [0.0] * len(prompts)

    settings = Config(
        output_dir="out", per_device_train_batch_size=4, num_generations=4, max_completion_length=4, max_steps=1, beta=0.0,
        use_cpu=True, bf16=False, report_to=[], logging_steps=1, save_strategy="no", disable_tqdm=True,
    )
    trainer = Trainer(
        model=LlamaForCausalLM(LlamaConfig(**small, intermediate_size=16)),
        processing_class=tokenizer(False),
        reward_funcs=[classifier, beside],
        reward_processing_classes=[tokenizer(True), None],
        args=settings,
        train_dataset=Dataset.from_dict({"prompt": ["the trains stopped", "good words are"]}),
    )
    trainer.train()
    logged = trainer.state.log_history[0]["reward"]
    mean = lambda numbers: sum(numbers) / len(numbers)
    own = mean([judge(text)["score"] if isinstance(judge(text), dict) else judge(text)[0]["score"] for text in texts])
    bare = tokenizer(True)(texts, add_special_tokens=False, padding=True, return_tensors="pt")
    with torch.no_grad():
        without = mean(classifier(**bare).logits[:, 0].tolist())
    print(f"{Trainer.__name__}: mean reward {logged:.4f}; pipeline {own:.4f}; without special tokens {without:.4f}")
    if abs(logged - without) > 1e-4 or abs(logged - own) < 0.1:
        sys.exit("no longer as described")
PY
venv/bin/python rewards.py 2>warnings | grep -v "^{" || { cat warnings; exit 1; }
