"""What huggingface_hub reads of a model card: metadata, and the results of its model-index."""

import json
import sys

from huggingface_hub import ModelCard

card = ModelCard.load(sys.argv[1])
data = card.data
results = [
    {
        "task": result.task_type,
        "dataset": result.dataset_type,
        "split": result.dataset_split,
        "metric": result.metric_type,
        "name": result.metric_name,
        "value": result.metric_value,
        "args": result.metric_args,
    }
    for result in data.eval_results
]
# as it would be written again: what does not survive was not understood
print(
    json.dumps(
        {
            "base_model": data.base_model,
            "library_name": data.library_name,
            "datasets": data.datasets,
            "tags": data.tags,
            "model_name": data.model_name,
            "results": results,
            "again": data.to_dict()["model-index"][0]["name"],
        }
    )
)
