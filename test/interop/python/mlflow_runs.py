"""Prints the runs of an experiment as MLflow's own client sees them. MLFLOW_TRACKING_URI says where."""
import hashlib
import json
import sys

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import ViewType

client = MlflowClient()
experiment = client.get_experiment_by_name(sys.argv[1])


def files(run_id, path=None):
    for item in client.list_artifacts(run_id, path):
        if item.is_dir:
            yield from files(run_id, item.path)
        else:
            with open(download_artifacts(run_id=run_id, artifact_path=item.path), "rb") as file:
                yield item.path, hashlib.sha256(file.read()).hexdigest()


def told(run):
    run_id = run.info.run_id
    return {
        "name": run.info.run_name,
        "stage": run.info.lifecycle_stage,
        "status": run.info.status,
        "start": run.info.start_time,
        "end": run.info.end_time,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {
            key: [[m.step, m.value, m.timestamp] for m in client.get_metric_history(run_id, key)]
            for key in run.data.metrics
        },
        "files": dict(files(run_id)) if run.info.lifecycle_stage == "active" else {},
    }


runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL)
json.dump([told(run) for run in runs], sys.stdout)
