"""Requests and the root sends of the same process beside them, in the reference engine."""

import polars as pl
import pyarrow as pa

from storage import schema
from storage.memory_frames import TRACE, Frames, arrow, read
from storage.request_reads import RequestBounds

# Requests and messages: kinds SERVER and CONSUMER.
_WORK = [2, 5]
_START, _END = "start_time_unix_nano", "end_time_unix_nano"


def _is_beside(bounds: RequestBounds, began: str, ended: str) -> pl.Expr:
    """Whether what was `sent` belongs to a work. No sum of times: they may be as large as
    their type."""
    since = pl.col("sent") - pl.col(began)
    return since.is_between(0, bounds.within) & (pl.col("sent") - pl.col(ended) <= bounds.after)


class MemoryRequests:
    def _read(self) -> Frames:
        raise NotImplementedError

    def requests_beside(self, sends: pa.Table, bounds: RequestBounds) -> pa.Table:
        asked = read(sends).select("resource_id", sent=_START).unique()
        running = (
            self._read()["spans"]
            .filter(pl.col("kind").is_in(_WORK))
            .join(asked, on="resource_id")
            .filter(_is_beside(bounds, _START, _END))
            .sort(_START, *TRACE, "span_id", descending=[True, False, False, False])
        )
        each = running.group_by("resource_id", "sent", "kind", maintain_order=True)
        latest = each.head(bounds.latest)
        return arrow(latest.select(TRACE).unique(), schema.TRACE_IDS)

    def sends_beside(
        self, after: int, upto: int, traces: pa.Table, bounds: RequestBounds
    ) -> pa.Table:
        frames = self._read()
        works = frames["spans"].filter(pl.col("kind").is_in(_WORK))
        arrived = (pl.col("generation") > after) & (pl.col("generation") <= upto)
        requests = (
            pl.concat([works.filter(arrived), works.join(read(traces), on=TRACE, how="semi")])
            .join(frames["resources"], on="resource_id")
            .select("service_name", began=_START, ended=_END)
        )
        roots = (
            frames["endpoints"]
            .filter((pl.col("role") == "send") & pl.col("is_root"))
            .select(*TRACE, "service_name", sent=_START)
        )
        found = roots.join(requests, on="service_name", nulls_equal=True).filter(
            _is_beside(bounds, "began", "ended")
        )
        return arrow(found.select(TRACE).unique(), schema.TRACE_IDS)
