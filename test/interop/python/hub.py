"""Reads and writes the hub's cache with the real huggingface_hub; the job is the first argument, as JSON."""

import json
import os
import sys

from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download

job = json.loads(sys.argv[1])


def files(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            found[os.path.relpath(path, folder)] = os.path.getsize(path)
    return found


answer = {}
if "snapshot" in job:
    folder = snapshot_download(**job["snapshot"])
    answer = {"folder": folder, "files": files(folder)}
if "files" in job:
    answer["paths"] = [hf_hub_download(**one) for one in job["files"]]
if job.get("scan"):
    info = scan_cache_dir()
    answer["warnings"] = [str(one) for one in info.warnings]
    answer["repos"] = sorted(
        [
            {
                "id": repo.repo_id,
                "type": repo.repo_type,
                "files": repo.nb_files,
                "refs": sorted(repo.refs),
                "commits": sorted(one.commit_hash for one in repo.revisions),
            }
            for repo in info.repos
        ],
        key=lambda repo: repo["id"],
    )
print(json.dumps(answer))
