"""What belongs to a span stands in its row, as lists: messaging, links and events.

Ids are random and cannot be compressed: tables beside would repeat 28 bytes of them in every
row. Nor is stored what a row has in common with its span: a time is how long after the span's
start it is, the trace that a link names how it differs from the link's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import sub, xor
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from storage import schema
from storage.memory_frames import PART, Frames, arrow

NESTED = ("messaging", "links", "events")
_START = "start_time_unix_nano"


@dataclass(frozen=True, slots=True)
class _Relative:
    """A column that is stored as what it is beside a column of the span."""

    stored: str
    beside: str
    put: Callable[[pl.Expr, pl.Expr], pl.Expr]
    get: str
    """As SQL."""


_SUM, _XOR = "{beside} + {stored}", "bitXor({beside}, {stored})"
_RELATIVE = {
    "end_time_unix_nano": _Relative("duration_nano", _START, sub, _SUM),
    "time_unix_nano": _Relative("after_nano", _START, sub, _SUM),
    "linked_trace_hi": _Relative("apart_hi", "trace_hi", xor, _XOR),
    "linked_trace_lo": _Relative("apart_lo", "trace_lo", xor, _XOR),
}


def span_columns() -> pa.Schema:
    """Of the table of spans, but for what an append adds."""
    plain = (field.with_name(_stored(field.name)) for field in schema.SPANS)
    lists = (pa.field(table, pa.list_(_item(table)), nullable=False) for table in NESTED)
    return pa.schema([*plain, *lists])


def told_column(name: str, stored: str = "") -> str:
    """What a column of the schema is, of what is stored for it, as SQL."""
    if name not in _RELATIVE:
        return f"{stored or name} AS {name}"
    relative = _RELATIVE[name]
    told = relative.get.format(beside=relative.beside, stored=stored or relative.stored)
    return f"{told} AS {name}"


def read_nested(table: str, *, bare: bool = False) -> dict[str, str]:
    """What the statement parts_of reads for one of NESTED: its lists, joined as `item`, and
    the columns of the schema; with `bare` without texts of attributes. Lists are named one by
    one where some are left out: all of them in one column are read much faster."""
    names = [name for name in schema.BATCH_SCHEMAS[table].names if name not in PART]
    read = [name for name in names if not (bare and name == "attributes")]
    some = ", ".join(f"`{table}.{_stored(name)}`" for name in read)
    items = [told_column(name, f"item.{number}") for number, name in enumerate(read, 1)]
    left = [f"'{{}}' AS {name}" for name in names if name not in read]
    return {
        "lists": table if len(read) == len(names) else f"arrayZip({some})",
        "columns": ", ".join([*PART, *items, *left]),
    }


def nest(batch: Frames, columns: pa.Schema) -> pa.Table:
    """The batch's spans as stored, in these columns."""
    spans = batch["spans"]
    stored = arrow(_put(spans), pa.schema(f for f in columns if f.name not in NESTED))
    owners = _find_owners(batch)
    for table in NESTED:
        rows = batch[table].with_columns(
            owners[table].alias("row"), spans[_START].gather(owners[table])
        )
        field = columns.field(table)
        stored = stored.append_column(field, _list_rows(table, rows, spans.height))
    return stored.select(columns.names)


def _find_owners(batch: Frames) -> dict[str, pl.Series]:
    """For each row of NESTED the row of its span. All are looked up at once: it is a hash table
    of all spans that costs."""
    keys = pl.concat([batch[table].select(PART) for table in NESTED])
    spans = batch["spans"].select(PART).with_row_index("row")
    rows = keys.join(spans, on=PART, how="left", maintain_order="left")["row"]
    heights = [batch[table].height for table in NESTED]
    firsts = [sum(heights[:number]) for number in range(len(NESTED))]
    return {
        table: rows.slice(first, height)
        for table, first, height in zip(NESTED, firsts, heights, strict=True)
    }


def _list_rows(table: str, rows: pl.DataFrame, spans: int) -> "pa.ListArray[Any]":
    """A list for each span."""
    if not rows["row"].is_sorted():  # mostly they come in the order of their spans
        rows = rows.sort("row", maintain_order=True)
    rows = _put(rows)
    ends = np.zeros(spans + 1, np.int32)
    np.cumsum(np.bincount(rows["row"].to_numpy(), minlength=spans), out=ends[1:])
    fields = _fields(table)
    told = arrow(rows, pa.schema(fields))
    items = pa.StructArray.from_arrays([c.combine_chunks() for c in told.columns], fields=fields)
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), items, type=pa.list_(_item(table)))


def _put(rows: pl.DataFrame) -> pl.DataFrame:
    here = {told: each for told, each in _RELATIVE.items() if told in rows.columns}
    stored = {e.stored: e.put(pl.col(told), pl.col(e.beside)) for told, e in here.items()}
    return rows.with_columns(**stored)


def _stored(column: str) -> str:
    return _RELATIVE[column].stored if column in _RELATIVE else column


def _fields(table: str) -> list["pa.Field[pa.DataType]"]:
    fields = (field for field in schema.BATCH_SCHEMAS[table] if field.name not in PART)
    return [field.with_name(_stored(field.name)) for field in fields]


def _item(table: str) -> "pa.Field[pa.DataType]":
    return pa.field("item", pa.struct(_fields(table)), nullable=False)
