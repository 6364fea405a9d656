"""Values that too many traces carry to name a unit of work: they join nothing.

Which these are is a matter of the whole store (`SpanStore.hot_keys`), not of the spans that
are looked at together: else a value would join in one pass what it does not in another.
"""

from collections.abc import Collection, Iterator
from typing import Any

import polars as pl

from analyzer.frame import Frame
from analyzer.tables import Tables
from storage.join_keys import hash_key

_SECOND = 1_000_000_000
Hot = Collection[int]
"""Hashes of keys."""


def leave_out_hot_values(tables: Tables, hot: Hot) -> Tables:
    """The tables, in their correlation sets no hot values."""
    if not hot:
        return tables
    cold = _leave_out(
        tables.correlation,
        ["key", "value"],
        hot,
        lambda row: (("correlation", row["key"], row["value"]),),
    )
    return tables.with_sets(cold)


def leave_out_ids(ids: pl.DataFrame, hot: Hot) -> pl.DataFrame:
    """Ids of messages (`analyzer.ids.IDS`), null where they are hot."""
    if not hot:
        return ids
    record = ["kafka_topic", "kafka_partition", "kafka_offset"]
    for columns in (["message_id"], ["event_id"], ["sequence_number"], record):
        ids = _null_hot(ids, columns, hot)
    return ids


def leave_out_works(works: pl.DataFrame, frame: Frame, hot: Hot) -> pl.DataFrame:
    """Works (column `row`) without those that begin in a second of their process in which
    too many do."""
    if not hot:
        return works
    told = frame.tell(works["row"], "row", "resource_id", second="start")
    told = told.with_columns(pl.col("second") // _SECOND)
    cold = _leave_out(
        told,
        ["resource_id", "second"],
        hot,
        lambda row: (("work", str(row["resource_id"]), str(row["second"])),),
    )
    return works.join(cold, on="row", how="semi", maintain_order="left")


def _message_texts(row: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """As collector/join_keys.py makes keys of these columns."""
    if "kafka_topic" in row:
        yield "message", f"{row['kafka_topic']}.{row['kafka_partition']}.{row['kafka_offset']}"
    for name in ("message_id", "event_id"):
        if name in row:
            yield "message", str(row[name])
    if "sequence_number" in row:
        yield "sequence", str(row["sequence_number"])


def _null_hot(ids: pl.DataFrame, columns: list[str], hot: Hot) -> pl.DataFrame:
    if ids.is_empty():
        return ids
    cold = _leave_out(ids.drop_nulls(columns), columns, hot, _message_texts).select(columns)
    kept = ids.join(cold.unique(), on=columns, how="semi", maintain_order="left")
    left = ids.join(cold.unique(), on=columns, how="anti", maintain_order="left")
    nothing = [pl.lit(None, ids.schema[name]).alias(name) for name in columns]
    return pl.concat([kept, left.with_columns(nothing)])


def _leave_out(rows: pl.DataFrame, columns: list[str], hot: Hot, texts: Any) -> pl.DataFrame:
    """`rows` without those for which one of the keys that `texts` makes of them is hot."""
    if rows.is_empty():
        return rows
    values = rows.select(columns).unique()
    found = [
        any(hash_key(*key) in hot for key in texts(row)) for row in values.iter_rows(named=True)
    ]
    return rows.join(
        values.filter(pl.Series(found, dtype=pl.Boolean)),
        on=columns,
        how="anti",
        maintain_order="left",
    )
