"""Writes the Parquet files beside this script: python make.py (pandas 3.1.1, pyarrow 26.0.1).

`rows.json` holds what is in them. Each codec once, with dictionaries and two row groups; `v2` with
pages of version 2 and delta encodings; `plain` without dictionaries; `pandas` as DataFrame.to_parquet
writes it; `lists` has a column of lists, `turns` (with `turns.json`) one of lists of structs,
`maps` one that cannot be read, `pictures` columns beside the texts that are none, `many` a list of 2^22 + 1 nulls; `ids` has numbers beyond 2^53, and so has
`decimals`, whose decimals are whole numbers inside.
"""

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

here = Path(__file__).parent
rows = [
    {
        "id": i,
        "dialogue": f"#Person1#: Hello {i}, \"you\"!\n#Person2#: 안녕 😀 {'ha ' * (i % 3)}",
        "summary": None if i == 5 else f"They greet, {i % 2}.",
        "toxic": i % 3 == 0,
        "score": i / 4,
    }
    for i in range(12)
]
# a text that begins with a byte order mark keeps it
rows[7]["dialogue"] = "\ufeff" + rows[7]["dialogue"]
(here / "rows.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")

schema = pa.schema(
    [
        ("id", pa.int64()),
        ("dialogue", pa.string()),
        ("summary", pa.string()),
        ("toxic", pa.bool_()),
        ("score", pa.float64()),
    ]
)
table = pa.Table.from_pylist(rows, schema)
slim = {"write_statistics": False, "store_schema": False, "row_group_size": 7}
for codec in ["none", "snappy", "gzip", "zstd", "brotli", "lz4"]:
    pq.write_table(table, here / f"{codec}.parquet", compression=codec, **slim)
pq.write_table(table, here / "plain.parquet", use_dictionary=False, compression="none", **slim)
pq.write_table(
    table,
    here / "v2.parquet",
    compression="zstd",
    use_dictionary=False,
    data_page_version="2.0",
    column_encoding={
        "id": "DELTA_BINARY_PACKED",
        "dialogue": "DELTA_BYTE_ARRAY",
        "summary": "DELTA_LENGTH_BYTE_ARRAY",
        "toxic": "RLE",
        "score": "BYTE_STREAM_SPLIT",
    },
    **slim,
)
pd.DataFrame(rows).to_parquet(here / "pandas.parquet")
lists = pa.table({"id": ["a"], "dialogue": [["one", "two"]], "summary": ["s"]})
pq.write_table(lists, here / "lists.parquet", **slim)
beyond = 2**53 + 1
ids = pa.table(
    {
        "int64": pa.array([beyond, -beyond, None], pa.int64()),
        "uint64": pa.array([2**64 - 1, beyond, None], pa.uint64()),
        "whole": pa.array([Decimal(10**29 + 7), Decimal(-5), None], pa.decimal128(30, 0)),
        "money": pa.array(
            [Decimal("90071992547409.93"), Decimal("-0.05"), None], pa.decimal128(16, 2)
        ),
        "dialogue": ["a", "b", "c"],
        "summary": ["s", "s", "s"],
    }
)
pq.write_table(ids, here / "ids.parquet", **slim)
pq.write_table(
    ids,
    here / "decimals.parquet",
    use_dictionary=False,
    store_decimal_as_integer=True,
    **slim,
)
talks = [
    {
        "id": i,
        "messages": [
            {"role": None if k == 3 else "ab"[k % 2], "content": f"turn {k} of {i} 😀" + " ha" * k}
            for k in range(i % 5)
        ],
        "summary": [f"one {i}", f"two {i}"][: 1 + i % 2],
    }
    for i in range(22)
]
talks[7]["messages"] = None
talks[9]["messages"][1]["content"] = None
(here / "turns.json").write_text(json.dumps(talks, ensure_ascii=False) + "\n")
of_turns = pa.schema(
    [
        ("id", pa.int64()),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("summary", pa.list_(pa.string())),
    ]
)
talk = pa.Table.from_pylist(talks, of_turns)
pq.write_table(talk, here / "turns.parquet", **slim)
pq.write_table(
    talk, here / "turns-v2.parquet", compression="zstd", data_page_version="2.0", data_page_size=64, **slim
)
maps = pa.table(
    {
        "dialogue": pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string())),
        "summary": ["s"],
    }
)
pq.write_table(maps, here / "maps.parquet", **slim)
pictures = pa.table(
    {
        "dialogue": ["A: Hi."],
        "summary": ["s"],
        "meta": pa.array([[("a", "b")]], pa.map_(pa.string(), pa.string())),
        "image": pa.array([{"bytes": b"\xff\xd8\xff", "path": "x.jpg"}]),
        "raw": pa.array([b"\xff\xd8"]),
    }
)
pq.write_table(pictures, here / "pictures.parquet", **slim)
count = 2**22 + 1
nulls = pa.ListArray.from_arrays(pa.array([0, count], pa.int32()), pa.nulls(count, pa.string()))
many = pa.table({"dialogue": nulls, "summary": ["s"]})
pq.write_table(many, here / "many.parquet", compression="zstd", **slim)
