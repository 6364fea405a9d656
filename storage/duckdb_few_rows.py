"""Results of few rows, made into Arrow from Python objects.

DuckDB's own way to Arrow plans a statement twice, which is a third of what a look-up by ids
costs.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pyarrow as pa

MOST_ROWS = 500

_TYPES: dict[str, pa.DataType] = {
    "BIGINT": pa.int64(),
    "BIGINT[]": pa.list_(pa.int64()),
    "BOOLEAN": pa.bool_(),
    "DOUBLE": pa.float64(),
    "INTEGER": pa.int32(),
    "UBIGINT": pa.uint64(),
    "UINTEGER": pa.uint32(),
    "UTINYINT": pa.uint8(),
    "VARCHAR": pa.string(),
}


def make_table(description: Sequence[Any], rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """`description` as of DB-API; its types are those that tables of the store have."""
    schema = _schema_of(tuple((name, str(kind)) for name, kind, *_ in description))
    # as one column of structs: a call for each column costs twice as much
    told: pa.StructArray = pa.array(rows, pa.struct(list(schema)))  # type: ignore[assignment] # so it is
    return pa.Table.from_batches([pa.RecordBatch.from_struct_array(told)], schema=schema)


@cache
def _schema_of(columns: tuple[tuple[str, str], ...]) -> pa.Schema:
    return pa.schema([(name, _TYPES[kind]) for name, kind in columns])
