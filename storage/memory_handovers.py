"""What the reference engine tells of hand-overs in the large (storage/handover_reads.py)."""

import polars as pl
import pyarrow as pa

from storage import memory_answers
from storage.handover_reads import HANDOVER_COUNTS, ORPHAN_COUNTS, ORPHAN_COUNTS_KEY
from storage.memory_frames import Frames, arrow
from storage.results import EDGE_KEY

_CONSUMER = "consumer_start_time_unix_nano"
_STORED_AT = "stored_at_unix_nano"


class MemoryHandovers:
    def _read(self) -> Frames:
        raise NotImplementedError

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
            counted=pl.col("producer_span_id").is_null(),
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


def _shown(frames: Frames) -> pl.DataFrame:
    return (
        frames["orphans"]
        .filter(~pl.col("hidden"))
        .rename({"service_name": "consumer_service_name"})
    )


def _largest_first(counts: pl.DataFrame, columns: pa.Schema, key: list[str]) -> pa.Table:
    ordered = counts.sort("count", *key, descending=[True] + [False] * len(key))
    return arrow(ordered, columns)
