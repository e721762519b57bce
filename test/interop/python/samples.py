"""Samples of a run as pyarrow and pandas read them.

samples.py FILE: prints {types, rows, means}: the type of each column, the rows as Python has them, and
the mean of each column of numbers by pandas, missing cells aside.
"""

import json
import sys

import pandas
import pyarrow.parquet

path = sys.argv[1]
table = pyarrow.parquet.read_table(path)
frame = pandas.read_parquet(path)
means = frame.select_dtypes("number").mean()
print(
    json.dumps(
        {
            "types": {field.name: f"{field.type}{'' if field.nullable else ' not null'}" for field in table.schema},
            "rows": table.to_pylist(),
            "means": {name: None if pandas.isna(mean) else mean for name, mean in means.items()},
        }
    )
)
