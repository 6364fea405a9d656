"""What the reference engine tells of hand-overs in the large (storage/handover_reads.py)."""

from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from storage import memory_answers
from storage.destination_reads import Place
from storage.handover_reads import (
    DELIVERY_STARTS,
    HANDOVER_COUNTS,
    HANDOVERS_OF_SENDS,
    NOTED,
    NOTED_KEY,
    ORPHAN_COUNTS,
    ORPHAN_COUNTS_KEY,
    RECEIVED,
    RECENT_SENDS,
    SEND_KIND,
    SENDS_OF_KINDS,
    SERVICE_KEY,
    SPELL_KEY,
    SPELLS,
    TRAFFIC,
    UNCONNECTED,
    UNCONNECTED_KEY,
    UNCONNECTED_SERVICES,
    Channel,
    SendKind,
)
from storage.memory_contexts import MemoryContexts
from storage.memory_destinations import at_place
from storage.memory_frames import SPAN, Frames, arrow, equals, read
from storage.paging import within_i64
from storage.results import EDGE_KEY

_CONSUMER = "consumer_start_time_unix_nano"
_STORED_AT = "stored_at_unix_nano"
_CONNECTS = pl.col("relation").is_in(["parent", "link"]).fill_null(value=False)


def find_spells(deliveries: pl.DataFrame, latest: int) -> pl.DataFrame:
    """Schema SPELLS, of rows of ENDPOINTS of role "process"."""
    start = pl.col("start_time_unix_nano")
    kinds = (
        deliveries.filter(~_CONNECTS)
        .group_by(SPELL_KEY)
        .agg(start=start.top_k(latest).sort())
        .with_columns(first=pl.col("start").list.first(), last=pl.col("start").list.last())
        .with_row_index("kind")
    )
    consumer = [name for name in SPELL_KEY if name not in ("destination", "is_root")]
    beside = (
        deliveries.filter(_CONNECTS)
        .select(*consumer, "destination", after=start)
        .join(kinds, on=consumer, nulls_equal=True, suffix="_cut")
        .filter(
            pl.col("destination_cut").is_null()
            | (pl.col("destination_cut") == pl.col("destination")),
            pl.col("after") > pl.col("first"),
        )
        .select("kind", "after", "last")
        .sort("after")
    )
    cut = kinds.select("kind", "start").explode("start").sort("start")
    spells = (
        cut.join_asof(
            beside,
            left_on="start",
            right_on="after",
            by="kind",
            coalesce=False,
            check_sortedness=False,
        )
        .group_by("kind")
        .agg(cut=pl.len(), spells=pl.col("after").n_unique())
    )
    later = pl.col("after") > pl.col("last")
    counts = beside.group_by("kind").agg(between=(~later).sum(), after=later.sum())
    return kinds.join(spells, on="kind").join(counts, on="kind")


class MemoryHandovers(MemoryContexts):
    def edges(self) -> pa.Table:
        return memory_answers.edges(self._read())

    def handover_counts(self, since_unix_nano: int, settled_before_unix_nano: int) -> pa.Table:
        frames = self._read()
        handed = (
            frames["connections"]
            .filter(pl.col("confidence") >= 0.8)
            .rename(
                {
                    "consumer_environment": "environment",
                    "consumer_service_namespace": "service_namespace",
                }
            )
            .select(
                *EDGE_KEY,
                counted=pl.lit(value=True),
                connected=pl.col("relation").is_in(["parent", "link"]),
                broken=pl.lit(value=False),
                recent=pl.col(_CONSUMER) >= since_unix_nano,
            )
        )
        rooted = _shown(frames).select(
            *EDGE_KEY,
            counted=pl.col("producer_span_id").is_null() & ~pl.col("is_send"),
            connected=pl.lit(value=False),
            broken=~pl.col("expected") & (pl.col(_STORED_AT) < settled_before_unix_nano),
            recent=pl.col("start_time_unix_nano") >= since_unix_nano,
        )
        counts = (
            pl.concat([handed, rooted])
            .group_by(EDGE_KEY)
            .agg(
                pl.col("connected", "broken").sum(),
                count=pl.col("counted").sum(),
                recent_connected=(pl.col("connected") & pl.col("recent")).sum(),
                recent_broken=(pl.col("broken") & pl.col("recent")).sum(),
            )
        )
        return _largest_first(counts, HANDOVER_COUNTS, EDGE_KEY)

    def orphan_counts(self, settled_before_unix_nano: int) -> pa.Table:
        settled = pl.col(_STORED_AT) < settled_before_unix_nano
        roots = _shown(self._read())
        counts = roots.group_by(ORPHAN_COUNTS_KEY).agg(count=pl.len(), settled_count=settled.sum())
        return _largest_first(counts, ORPHAN_COUNTS, ORPHAN_COUNTS_KEY)

    def recent_sends(self, per_kind: int, kinds: int, place: Place | None = None) -> pa.Table:
        frames = self._read()
        kind = list(SEND_KIND)
        ends = frames["endpoints"] if place is None else at_place(frames["endpoints"], place)
        sends = ends.filter(
            (pl.col("role") == "send") & ~pl.col("error") & pl.col("destination").is_not_null()
        )
        counted = sends.group_by(kind).len().filter(pl.col("len") > 1)
        largest = counted.sort("len", *kind, descending=[True] + [False] * len(kind)).head(kinds)
        newest = (
            sends.join(largest, on=kind, how="semi", nulls_equal=True)
            .sort("start_time_unix_nano", *SPAN, "end_time_unix_nano", descending=True)
            .group_by(kind, maintain_order=True)
            .head(per_kind)
            .select(*kind, *SPAN, "start_time_unix_nano", "end_time_unix_nano")
        )
        drawn = frames["connections"].filter(pl.col("confidence") >= 0.8)
        received = drawn.select(
            *(pl.col(f"producer_{name}").alias(name) for name in SPAN),
            *(pl.col(column).alias(name) for name, column in RECEIVED.items()),
        )
        return arrow(newest.join(received, on=SPAN, how="left"), RECENT_SENDS)

    def unconnected_deliveries(self) -> pa.Table:
        frames = self._read()
        told = [*UNCONNECTED_KEY, "start_time_unix_nano"]
        silent = frames["endpoints"].filter(
            (pl.col("role") == "process") & pl.col("relation").is_null()
        )
        roots = frames["orphans"].filter(
            pl.col("producer_span_id").is_null(), ~pl.col("is_send"), ~pl.col("hidden")
        )
        unconnected = pl.concat([silent.select(told), roots.select(told)])
        counts = unconnected.group_by(UNCONNECTED_KEY).agg(
            count=pl.len(), last_start_unix_nano=pl.max("start_time_unix_nano")
        )
        return arrow(counts, UNCONNECTED)

    def traffic(self, channel: Channel) -> pa.Table:
        ends = self._read()["endpoints"].filter(equals(channel._asdict()))
        counts = ends.group_by("role").agg(count=pl.len(), connected=pl.col("relation").count())
        return arrow(counts, TRAFFIC)

    def unconnected_services(self, since_unix_nano: int) -> pa.Table:
        start = pl.col("start_time_unix_nano")
        ends = self._read()["endpoints"].filter(
            pl.col("role") == "process",
            pl.col("relation").is_null(),
            start >= within_i64(since_unix_nano),
        )
        counts = ends.group_by(SERVICE_KEY).agg(last_start_unix_nano=start.max())
        return arrow(counts, UNCONNECTED_SERVICES)

    def newest_sends(self, kinds: Sequence[SendKind], per_kind: int) -> pa.Table:
        sends = self._read()["endpoints"].filter(pl.col("role") == "send")
        start = "start_time_unix_nano"
        newest_first = sends.sort(start, *SPAN, descending=[True, False, False, False])
        found = [
            newest_first.filter(equals(kind._asdict()))
            .head(per_kind)
            .with_columns(kind=pl.lit(number))
            for number, kind in enumerate(kinds)
        ]
        return arrow(pl.concat(found), SENDS_OF_KINDS) if found else SENDS_OF_KINDS.empty_table()

    def handovers_of(self, sends: pa.Table) -> pa.Table:
        producer = [f"producer_{name}" for name in SPAN]
        drawn = self._read()["connections"].filter(pl.col("confidence") >= 0.8)
        own = drawn.join(read(sends), left_on=producer, right_on=SPAN, how="semi")
        return arrow(own, HANDOVERS_OF_SENDS)

    def cut_spells(self, latest: int) -> pa.Table:
        deliveries = self._read()["endpoints"].filter(pl.col("role") == "process")
        return arrow(find_spells(deliveries, latest), SPELLS)

    def delivery_starts(self) -> pa.Table:
        deliveries = self._read()["endpoints"].filter(pl.col("role") == "process")
        return arrow(
            deliveries.group_by(*SPELL_KEY, _CONNECTS.alias("continues")).agg(
                starts="start_time_unix_nano"
            ),
            DELIVERY_STARTS,
        )

    def noted_handovers(self) -> pa.Table:
        told = ["trace_hi", "trace_lo", "span_id"]
        noted = (
            self._read()["connections"]
            .filter((pl.col("confidence") >= 0.8) & (pl.col("notes") != "[]"))
            .rename(
                {
                    "consumer_environment": "environment",
                    "consumer_service_namespace": "service_namespace",
                    **{f"consumer_{name}": name for name in told},
                }
            )
            .sort(_CONSUMER, *told)
            .group_by(NOTED_KEY)
            .agg(pl.len().alias("count"), pl.col(told).last())
        )
        return _largest_first(noted, NOTED, NOTED_KEY)


def _shown(frames: Frames) -> pl.DataFrame:
    """Nobody has taken the message of a send that broke."""
    consumer = pl.when(~pl.col("is_send")).then("service_name")
    return frames["orphans"].filter(~pl.col("hidden")).with_columns(consumer_service_name=consumer)


def _largest_first(counts: pl.DataFrame, columns: pa.Schema, key: list[str]) -> pa.Table:
    ordered = counts.sort("count", *key, descending=[True] + [False] * len(key))
    return arrow(ordered, columns)
