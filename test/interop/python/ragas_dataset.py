"""Data sets that tactful wrote for RAGAS, read and measured by RAGAS without a language model.

ragas_dataset.py FILE…: prints, for each file, {features, rows, rouge1, rougeL, exact, similarity}: the
samples as RAGAS has them, and a list of each metric, null where there is no reference.
"""

import asyncio
import json
import sys
import warnings

warnings.filterwarnings("ignore")

from ragas import EvaluationDataset
from ragas.metrics import ExactMatch, NonLLMStringSimilarity, RougeScore

metrics = {
    "rouge1": RougeScore(rouge_type="rouge1"),
    "rougeL": RougeScore(),
    "exact": ExactMatch(),
    "similarity": NonLLMStringSimilarity(),
}


async def measured(dataset, metric):
    return [await metric.single_turn_ascore(s) if s.reference is not None else None for s in dataset]


def of_file(path):
    dataset = EvaluationDataset.from_jsonl(path)
    scores = {name: asyncio.run(measured(dataset, metric)) for name, metric in metrics.items()}
    return {"features": dataset.features(), "rows": dataset.to_list(), **scores}


print(json.dumps([of_file(path) for path in sys.argv[1:]]))
