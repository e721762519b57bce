"""Reads the table of a comparison with awswrangler as the guide says: ids and columns, as one JSON."""

import json
import os
import sys

import awswrangler as wr

endpoint, table, code = sys.argv[1:]
wr.config.dynamodb_endpoint_url = endpoint
names = {"wr": wr}
exec(code.replace("llm_with_rlhf", table), names)
frame = names["frame"]
rows = frame.sort_values("conversation_id")
print(
    json.dumps(
        {
            "version": wr.__version__,
            "ids": [int(x) for x in rows["conversation_id"]],
            "after": [float(x) for x in rows["reward_after"]],
            "response": list(rows["response_after"]),
        }
    )
)
