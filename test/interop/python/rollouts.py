"""A run's rollouts as pandas and pyarrow read them.

rollouts.py RUN PARQUET CSV JSONL: prints {record, types, parquet, csv, jsonl}: the rows of RUN/rollouts/ with the texts of
their queries, the type of each column of the Parquet file, and the rows of the three exports; missing cells are null.
"""

import glob
import json
import sys

import pandas
import pyarrow.parquet

run, parquet, csv, jsonl = sys.argv[1:]


def lines(path):
    return pandas.read_json(path, lines=True, precise_float=True, dtype=False)


def rows(frame):
    records = frame.astype(object).where(frame.map(lambda cell: isinstance(cell, (list, dict)) or pandas.notna(cell)), None)
    return records.to_dict("records")


steps = pandas.concat(lines(path) for path in sorted(glob.glob(f"{run}/rollouts/step-*.jsonl.gz")))
texts = lines(f"{run}/rollouts/queries.jsonl")
record = steps.merge(texts, on="query", validate="many_to_one")
table = pyarrow.parquet.read_table(parquet)
print(
    json.dumps(
        {
            "record": rows(record),
            "types": {field.name: f"{field.type}{'' if field.nullable else ' not null'}" for field in table.schema},
            "parquet": table.to_pylist(),
            "csv": rows(pandas.read_csv(csv, float_precision="round_trip")),
            "jsonl": rows(lines(jsonl)),
        }
    )
)
