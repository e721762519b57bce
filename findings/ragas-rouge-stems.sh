#!/usr/bin/env bash
# RAGAS's RougeScore has no setting for stems and always compares them: it builds rouge_score's scorer
# with use_stemmer=True, whose own default is False, and which most ROUGE of papers and of Hugging Face's
# evaluate is without. And what it says without an argument is rougeL, not rouge1. So a ROUGE of RAGAS
# and one of evaluate differ on the same texts, by words that share a stem alone; nothing in its result,
# its fields or its name tells.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet ragas==0.4.3 langchain-community==0.4.1 rouge_score==0.1.2
cat > stems.py <<'PY'
import asyncio
import os
import sys

os.environ["RAGAS_DO_NOT_TRACK"] = "true"
from ragas.dataset_schema import SingleTurnSample
from ragas.metrics import RougeScore
from rouge_score.rouge_scorer import RougeScorer

reference, response = "the trains stopped running", "the train stops run"
sample = SingleTurnSample(reference=reference, response=response)
theirs = asyncio.run(RougeScore().single_turn_ascore(sample))
plain, stemmed = (
    RougeScorer(["rougeL"], use_stemmer=stemmer).score(reference, response)["rougeL"].fmeasure
    for stemmer in (False, True)
)
settings = sorted(name for name in RougeScore.__dataclass_fields__ if not name.startswith("_"))
print("fields of RougeScore:", settings)
print(f"RAGAS {theirs}, rouge_score as it is by default {plain}, with stems {stemmed}")
sys.exit(0 if theirs == stemmed != plain and not any("stem" in name for name in settings) else 1)
PY
venv/bin/python stems.py 2>&1 | grep -v Warning
exit "${PIPESTATUS[0]}"
