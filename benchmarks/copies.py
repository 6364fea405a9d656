"""A large store out of a small one: its spans and answers again and again, later in time,
with ids of their own. Attribute texts stay as they are, so only what is joined on differs.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from storage import schema
from storage.contract import SpanStore
from storage.join_keys import hash_key
from storage.schema import SpanBatch

_TRACE_PREFIXES = ("", "linked_", "producer_", "consumer_")
_TIMES = (
    *("start_time_unix_nano", "end_time_unix_nano", "time_unix_nano"),
    "consumer_start_time_unix_nano",
)


def append_copies(
    store: SpanStore, batches: Sequence[SpanBatch], copies: int, apart_nano: int, stored_at: int
) -> None:
    """`batches` are stored and analysed. Everything is there `copies` times afterwards, each
    `apart_nano` later than the one before."""
    traces = _traces_of(batches)
    answers = (
        store.endpoints_of(traces),
        store.connections_of(traces, "consumer"),
        store.orphans_of(traces, hidden=True).select(schema.ORPHANS.names),
    )
    for number in range(1, copies):
        generation = 0
        for batch in batches:
            copied = _copy_batch(batch, number, number * apart_nano)
            generation = store.append(copied, stored_at).generation
        later = number * apart_nano
        copied_traces = _copy(traces, number, 0)
        endpoints, connections, orphans = (_copy(table, number, later) for table in answers)
        store.replace_connections(copied_traces, endpoints, connections)
        store.replace_orphans(copied_traces, orphans, generation)


def _traces_of(batches: Iterable[SpanBatch]) -> pa.Table:
    ids = [batch.spans.select(schema.TRACE_IDS.names) for batch in batches]
    return _arrow(pl.DataFrame(pa.concat_tables(ids)).unique(), schema.TRACE_IDS)


def _copy_batch(batch: SpanBatch, number: int, later: int) -> SpanBatch:
    tables = {name: _copy(getattr(batch, name), number, later) for name in schema.BATCH_SCHEMAS}
    values = pl.DataFrame(batch.correlation)
    renamed = values.with_columns(pl.col("value") + f"-{number}")
    hashes = {
        hash_key("correlation", *old): hash_key("correlation", *new)
        for old, new in zip(
            values.select("key", "value").iter_rows(),
            renamed.select("key", "value").iter_rows(),
            strict=True,
        )
    }
    old: list[int] = batch.keys["key_hash"].to_pylist()  # type: ignore[assignment] # never null
    keys = [hashes.get(key, key ^ _mask(number)) for key in old]
    tables["correlation"] = _copy(_arrow(renamed, schema.CORRELATION), number, 0)
    tables["keys"] = tables["keys"].set_column(
        batch.keys.schema.get_field_index("key_hash"),
        schema.KEYS.field("key_hash"),
        pa.array(keys, schema.U64),
    )
    return SpanBatch(**tables)


def _copy(table: pa.Table, number: int, later: int) -> pa.Table:
    frame, mask = pl.DataFrame(table), pl.lit(_mask(number), pl.UInt64)
    ids = [f"{prefix}trace_lo" for prefix in _TRACE_PREFIXES] + ["correlation_id"]
    changed = [pl.col(name) ^ mask for name in ids if name in frame.columns]
    changed += [pl.col(name) + later for name in _TIMES if name in frame.columns]
    return _arrow(frame.with_columns(changed), table.schema)


def _mask(number: int) -> int:
    return int(np.uint64(number) * np.uint64(0x9E3779B97F4A7C15 % 2**58))


def _arrow(frame: pl.DataFrame, columns: pa.Schema) -> pa.Table:
    return frame.select(columns.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(columns)
