"""What a waterfall is laid out from: spans column by column, and who hands over to whom.

Columns instead of objects, because a picture may have a hundred thousand spans of which
fifty are looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import polars as pl
import pyarrow as pa

from web.journeys.spans import KINDS
from web.journeys.stored import Stored
from web.shapes import Connection, End, Orphan, SpanRef

NOBODY = -1
_ENDS: tuple[Literal["producer", "consumer"], ...] = ("producer", "consumer")
_IDS = ["trace_hi", "trace_lo", "span_id"]
_COLUMNS = [
    *_IDS,
    "parent_span_id",
    "resource_id",
    "kind",
    "status_code",
    "start_time_unix_nano",
    "end_time_unix_nano",
]


@dataclass(frozen=True, slots=True)
class Picture:
    """Spans are named by their number, connections and orphans by theirs.

    `parent` is NOBODY where it is not among the spans; where ids repeat, the first span
    with them is meant. `end` is never before `start`. `trace` and `service` number the
    distinct ones, in the order of `traces` and `services`. `ends` are producer and consumer
    of each connection, NOBODY where one is not among the spans; `orphans` tells of a span
    which orphan root it is, `candidates` of each candidate its orphan root, NOBODY where that
    is not among the spans."""

    trace: Sequence[int]
    parent: Sequence[int]
    service: Sequence[int]
    start: Sequence[int]
    end: Sequence[int]
    sends: Sequence[bool]
    failed: Sequence[bool]
    span_ids: Sequence[int]
    traces: Sequence[str]
    services: Sequence[str | None]
    connections: Sequence[Connection]
    ends: Sequence[tuple[int, int]]
    orphans: Mapping[int, int]
    candidates: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.start)


def read_picture(stored: Stored) -> Picture:
    spans = _frame(stored.spans.select(_COLUMNS)).with_row_index("number")
    names = stored.batch.resources.select(["resource_id", "service_name"])
    # of the few resources, because ranks of texts are dear
    resources = (
        _frame(names)
        .unique("resource_id")
        .join(spans.select("resource_id").unique(), on="resource_id", how="semi")
        .with_columns(service=pl.col("service_name").rank("dense").cast(pl.Int64))
    )
    traces = spans.select("trace_hi", "trace_lo").unique().sort("trace_hi", "trace_lo")
    numbered = traces.with_columns(trace=pl.int_range(pl.len(), dtype=pl.Int64))
    first = spans.unique(_IDS, keep="first", maintain_order=True).select(
        *_IDS, found=pl.col("number").cast(pl.Int64)
    )
    parents = first.rename({"span_id": "parent_span_id", "found": "parent"})
    told = (
        spans.join(parents, on=parents.columns[:3], how="left", maintain_order="left")
        .join(resources, on="resource_id", how="left", maintain_order="left")
        .join(numbered, on=traces.columns, how="left", maintain_order="left")
        .with_columns(
            parent=pl.when(pl.col("parent") != pl.col("number")).then("parent").fill_null(NOBODY),
            service=pl.col("service").fill_null(0),
            end=pl.max_horizontal("start_time_unix_nano", "end_time_unix_nano"),
        )
    )
    services = resources["service_name"].drop_nulls().unique().sort().to_list()
    # all in one look-up, which reads all spans
    numbers = iter(
        _numbers(
            first,
            [
                *(_ids(each[end]) for end in _ENDS for each in stored.connections),
                *(_ids(orphan) for orphan in stored.orphans),
                *(_ids(each["consumer"]) for each in stored.candidates),
            ],
        )
    )
    producers, consumers = (list(islice(numbers, len(stored.connections))) for _ in _ENDS)
    roots = list(islice(numbers, len(stored.orphans)))
    return Picture(
        trace=told["trace"].to_list(),
        parent=told["parent"].to_list(),
        service=told["service"].to_list(),
        start=told["start_time_unix_nano"].to_list(),
        end=told["end"].to_list(),
        sends=(told["kind"] == KINDS.index("PRODUCER")).to_list(),
        failed=(told["status_code"] == 2).to_list(),
        span_ids=told["span_id"].to_list(),
        traces=[f"{hi:016x}{lo:016x}" for hi, lo in traces.iter_rows()],
        services=[None, *services],
        connections=stored.connections,
        ends=list(zip(producers, consumers, strict=True)),
        candidates=list(numbers),
        orphans={root: number for number, root in enumerate(roots) if root != NOBODY},
    )


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table never is a series
    return frame


def _ids(of: End | Orphan | SpanRef) -> tuple[int, int, int]:
    trace = of["trace_id"]
    return int(trace[:16], 16), int(trace[16:], 16), int(of["span_id"], 16)


def _numbers(first: pl.DataFrame, ids: Sequence[tuple[int, int, int]]) -> list[int]:
    """Of each ids the number of the first span with them, or NOBODY."""
    asked = pl.DataFrame(ids, schema=dict.fromkeys(_IDS, pl.UInt64), orient="row")
    joined = asked.join(first, on=_IDS, how="left", maintain_order="left")
    return joined["found"].fill_null(NOBODY).to_list()
