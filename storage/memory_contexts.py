"""What the reference engine tells of contexts that arrived (storage/context_reads.py)."""

import polars as pl
import pyarrow as pa

from storage.context_reads import ARRIVED_CONTEXTS, SENDERS, SENDERS_KEY
from storage.memory_frames import PART, SPAN, Frames, arrow

_TARGET = ["target_hi", "target_lo", "target_span_id"]
_LINKED = ["linked_trace_hi", "linked_trace_lo", "linked_span_id"]
_KNOWN, _REMOTE = 0x100, 0x200
_ENTRIES = [2, 5]  # SERVER, CONSUMER


class MemoryContexts:
    def _read(self) -> Frames:
        raise NotImplementedError

    def arrived_contexts(self, spans: int, limit: int) -> pa.Table:
        frames = self._read()
        recent = _newest(frames["spans"], spans)
        tells = recent.group_by("resource_id").agg(tells=((pl.col("flags") & 1) == 1).any())
        contexts = (
            pl.concat([_parents(recent), _links(recent, frames["links"])])
            .unique()
            .join(tells, on="resource_id")
            .join(frames["resources"].drop("attributes"), on="resource_id")
        )
        order = [*SPAN, "relation", *_TARGET, "flags", "trace_state"]
        newest = contexts.sort(
            "start_time_unix_nano", *order, descending=[True] + [False] * len(order)
        ).head(limit)
        held = frames["spans"].select(SPAN).unique().with_columns(stored=pl.lit(value=True))
        ends = frames["endpoints"].select(*SPAN, "system", "destination", "scope", "consumer_group")
        placed = newest.join(held, left_on=_TARGET, right_on=SPAN, how="left").join(
            ends, on=SPAN, how="left"
        )
        return arrow(placed.with_columns(pl.col("stored").fill_null(value=False)), ARRIVED_CONTEXTS)

    def senders(self) -> pa.Table:
        sends = self._read()["endpoints"].filter(pl.col("role") == "send")
        return arrow(sends.group_by(SENDERS_KEY).agg(count=pl.len()), SENDERS)


def _newest(spans: pl.DataFrame, count: int) -> pl.DataFrame:
    """The spans of the newest generations, whole ones until `count` spans are passed."""
    sizes = spans.group_by("generation").len().sort("generation", descending=True)
    whole = sizes.filter(sizes["len"].cum_sum() - sizes["len"] < count)
    return spans.join(whole, on="generation", how="semi")


def _parents(recent: pl.DataFrame) -> pl.DataFrame:
    known = (pl.col("flags") & _KNOWN) > 0
    remote = (
        pl.when(known)
        .then((pl.col("flags") & _REMOTE) > 0)
        .otherwise(pl.col("kind").is_in(_ENTRIES))
    )
    parents = recent.filter(pl.col("parent_span_id").is_not_null() & remote)
    return parents.select(
        *SPAN,
        *("resource_id", "start_time_unix_nano"),
        relation=pl.lit("parent"),
        target_hi="trace_hi",
        target_lo="trace_lo",
        target_span_id="parent_span_id",
        flags="flags",
        trace_state="trace_state",
    )


def _links(recent: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    local = (pl.col("flags") & (_KNOWN | _REMOTE)) == _KNOWN
    named = ((pl.col(_LINKED[0]) > 0) | (pl.col(_LINKED[1]) > 0)) & (pl.col(_LINKED[2]) > 0)
    told = recent.select(*PART, "resource_id", "start_time_unix_nano")
    return (
        links.filter(~local & named)
        .join(told, on=PART)
        .select(
            *SPAN,
            *("resource_id", "start_time_unix_nano"),
            relation=pl.lit("link"),
            **dict(zip(_TARGET, _LINKED, strict=True)),
            flags="flags",
            trace_state="trace_state",
        )
    )
