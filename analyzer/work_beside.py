"""What work of its process ran when a root send began: requests, and messages.

Work and the send that lost it share no id; the process and the time are all they have in
common (docs/adr/0019). That much is also true of a scheduler's send and whatever request the
process happens to serve, so that names are told, and what they prove is decided elsewhere.
"""

import polars as pl

from analyzer.frame import Frame
from analyzer.operations import may_send
from analyzer.roles import CONSUMER, SERVER
from storage.request_reads import RequestBounds

_SECOND = 1_000_000_000
# How long after the beginning of work a send is still looked for in it, and how long after
# its end: what a pool of threads took over may start when the answer is out.
WITHIN_NANO = 2 * _SECOND
AFTER_NANO = 50_000_000
# The latest ones of a kind that are looked at (SpanStore.requests_beside).
LATEST = 16
BOUNDS = RequestBounds(WITHIN_NANO, AFTER_NANO, LATEST)
# Among more requests at once any root would seem to be part of one.
MOST = 3
_ROOTS_AT_ONCE = 500


def find_work_beside(frame: Frame, roots: pl.DataFrame) -> pl.DataFrame:
    """(row, work, operation, request, now) of roots (row, top) and the tops of local trees
    whose request or message was being handled by their process when they began (`now`), or
    had just been; `request` where it is a request and not a message."""
    asked = pl.DataFrame(
        {
            "row": roots["row"],
            "resource": frame["resource"][roots["top"]],
            "sent": frame["start"][roots["top"]],
        }
    )
    works = (
        frame.rows.filter(
            pl.col("kind").is_in([SERVER, CONSUMER])
            & pl.col("resource").is_in(asked["resource"].implode())
        )
        .sort(
            *("start", "trace_hi", "trace_lo", "span_id"),
            descending=[True, False, False, False],
        )
        .select("resource", "kind", "top", "start", "end", second=pl.col("start") // _SECOND)
        .with_row_index("place")
    )
    # A part at a time: many sends and requests of one second are very many pairs.
    latest = pl.concat([_find_latest(part, works) for part in asked.iter_slices(_ROOTS_AT_ONCE)])
    beside = latest.join(roots, on="row", suffix="_sent").filter(
        pl.col("top") != pl.col("top_sent")
    )
    return beside.with_columns(frame.tell(beside["top"], "operation")).select(
        "row",
        pl.col("top").alias("work"),
        "operation",
        request=pl.col("kind") == SERVER,
        now=pl.col("sent") <= pl.col("end"),
    )


def _find_latest(asked: pl.DataFrame, works: pl.DataFrame) -> pl.DataFrame:
    """(row, top, kind, sent, end) of the latest works, which come first, beside these roots."""
    back = range(WITHIN_NANO // _SECOND + 1)
    seconds = pl.concat([asked.with_columns(second=pl.col("sent") // _SECOND - n) for n in back])
    since = pl.col("sent") - pl.col("start")  # no sum of times may leave their range
    return (
        seconds.join(works, on=["resource", "second"])
        .filter(since.is_between(0, WITHIN_NANO) & (pl.col("sent") - pl.col("end") <= AFTER_NANO))
        .sort("row", "place")
        .group_by("row", "kind", maintain_order=True)
        .head(LATEST)
        .select("row", "top", "kind", "sent", "end")
    )


def tell_work(beside: pl.DataFrame) -> pl.DataFrame:
    """(row, beside, operation, busy) of what find_work_beside found: the names of all of it,
    one a line; the one name of the few requests that the send may have been made for; whether
    there are requests at all that it may have been made for."""
    possible = pl.col("request") & may_send(pl.col("operation"))
    running = possible & pl.col("now")
    told = beside.group_by("row").agg(
        pl.col("operation").unique().sort().str.join("\n").alias("beside"),
        busy=possible.any(),
        **{
            f"{name}_{what}": pl.col(what).filter(which)
            for name, which in (("running", running), ("ended", possible & ~pl.col("now")))
            for what in ("operation", "work")
        },
    )
    now = pl.col("running_work").list.len() > 0
    works = pl.when(now).then("running_work").otherwise("ended_work")
    names = pl.when(now).then("running_operation").otherwise("ended_operation").list.unique()
    few = (works.list.n_unique() <= MOST) & (names.list.len() == 1)
    return told.select(
        "row", "beside", pl.when(few).then(names.list.first()).alias("operation"), "busy"
    )
