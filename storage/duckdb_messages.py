"""How the DuckDB engine keeps what is said of messages: in two tables, because most of what may
be told never is, and a column that is null in every row costs an append as much as one that
tells something (docs/adr/0032).
"""

import numpy as np
import polars as pl
import pyarrow as pa

from storage import schema
from storage.arrays import Mask, Numbers, begin_runs
from storage.cheap_rows import is_given, where

LEAN, WHOLE = "messaging", "whole_messaging"
# What all messages of some common instrumentation tell. Whoever names another one here needs no
# new schema version: rows are read by the names of their columns.
COMMON = (
    *("message_id", "kafka_partition", "kafka_offset", "kafka_key"),
    *("body_size", "server_port"),
)
# Columns of rows in WHOLE that those in LEAN, which stand on spans themselves, have not.
ONLY_WHOLE = (
    *("part", "position"),
    *(name for name in schema.MESSAGE_COLUMNS if name not in COMMON),
    "alternatives",
)
_SPAN = "span"


def split_messages(messages: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Rows by their table, in their order, those of one span (`span_number`, in whose order they
    are given) all in the same."""
    kept = [name for name in messages.columns if name not in ONLY_WHOLE]
    rare = [messages[name] for name in ONLY_WHOLE if name not in {"part", "position"}]
    telling = [column for column in rare if column.null_count() < messages.height]
    whole = (messages["part"] != _SPAN).to_numpy() | (messages["position"] != 0).to_numpy()
    for column in telling:
        whole = whole | is_given(column).to_numpy()
    if not whole.any():
        return {LEAN: messages[kept]}
    among = pl.Series(_of_same_spans(messages["span_number"].to_numpy(), whole))
    return {LEAN: where(messages[kept], ~among), WHOLE: where(messages, among)}


def _of_same_spans(numbers: Numbers, rows: Mask) -> Mask:
    """The rows, and all others of their spans, by the spans' numbers in order."""
    spans = np.cumsum(begin_runs(numbers)) - 1
    named: Mask = np.zeros(len(numbers), np.bool_)
    named[spans[rows]] = True
    return named.take(spans)


def in_stored_order(messages: pa.Table) -> pa.Table:
    """Rows of both tables, one after the other, as they were before they were split."""
    numbers = messages["span_number"].to_numpy()
    if (np.diff(numbers) >= 0).all():
        return messages
    return messages.take(np.argsort(numbers, kind="stable"))
