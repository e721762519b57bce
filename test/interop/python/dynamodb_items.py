"""Reads a table whose key is run and row, by boto3 and by awswrangler: numbers as their exact text."""

import json
import sys
from decimal import Decimal
from importlib.metadata import version

import awswrangler as wr
import boto3
from boto3.dynamodb.conditions import Key

endpoint, table, run = sys.argv[1:]


def exact(value):
    if isinstance(value, Decimal):
        return {"number": str(value)}
    if isinstance(value, list):
        return [exact(one) for one in value]
    return value


resource = boto3.resource("dynamodb", endpoint_url=endpoint).Table(table)
items = []
start = {}
while True:
    page = resource.query(KeyConditionExpression=Key("run_id").eq(run), **start)
    items += page["Items"]
    if "LastEvaluatedKey" not in page:
        break
    start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

wr.config.dynamodb_endpoint_url = endpoint
frame = wr.dynamodb.read_items(
    table_name=table, key_condition_expression=Key("run_id").eq(run), use_threads=False
).sort_values("row")
print(
    json.dumps(
        {
            "versions": {name: version(name) for name in ("boto3", "awswrangler", "moto")},
            "items": [{name: exact(value) for name, value in item.items()} for item in items],
            "frame": {
                "row": [int(x) for x in frame["row"]],
                "reward_after": [str(x) for x in frame["reward_after"]],
                "query": list(frame["query"]),
            },
        }
    )
)
