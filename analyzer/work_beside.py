"""What work of its process ran when a root send began: requests, and messages.

Work and the send that lost it share no id; the process and the time are all they have in
common (docs/adr/0019). That much is also true of a scheduler's send and whatever request the
process happens to serve, so that names are told, and what they prove is decided elsewhere.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from analyzer.frame import Frame
from analyzer.operations import may_send
from analyzer.roles import CONSUMER, SERVER
from analyzer.span_ids import flag
from storage.arrays import Numbers, ranges
from storage.cheap_rows import at, where, with_series
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
# Roots and works that are compared at once: fifty bytes of memory each.
_PAIRS_AT_ONCE = 1_000_000
_IDLE = pl.Series([False])
_WORK = ["resource", "kind", "top", "start", "end"]


def find_work_beside(frame: Frame, roots: pl.DataFrame) -> pl.DataFrame:
    """(row, work, operation, request, now) of roots (row, top) and the tops of local trees
    whose request or message was being handled by their process when they began (`now`), or
    had just been; `request` where it is a request and not a message."""
    process, kind = frame["resource"], frame["kind"]
    places, sent = process[roots["top"]], frame["start"][roots["top"]]
    asking = flag(frame.resources.height, places)[process]
    works = where(frame.rows[_WORK], asking & ((kind == SERVER) | (kind == CONSUMER)))
    # Requests and messages of a process stand by themselves: of each the latest are looked at.
    queue = _queue(works["resource"], works["kind"] == SERVER)
    order = np.lexsort((~works["start"].to_numpy(), queue))  # and as their ids do
    works, queue = at(works, order), queue[order]
    found = [
        _find_latest(works, queue, _queue(places, requests), sent.to_numpy())
        for requests in (pl.Series([True]), pl.Series([False]))
    ]
    root, work = (
        pl.Series(np.concatenate(rows), dtype=pl.UInt32) for rows in zip(*found, strict=True)
    )
    asked, beside = at(roots, root), at(works, work)
    told = pl.DataFrame(
        [
            asked["row"],
            beside["top"].alias("work"),
            *frame.tell(beside["top"], "operation"),
            (beside["kind"] == SERVER).alias("request"),
            (sent[root] <= beside["end"]).alias("now"),
        ]
    )
    return where(told, beside["top"] != asked["top"])


def _queue(resources: pl.Series, requests: pl.Series) -> Numbers:
    """A number of the requests, or of the messages, of each of these processes; below 0 where
    it is not known."""
    known = resources.cast(pl.Int64)
    if known.null_count():
        known = known.fill_null(-1)
    number: Numbers = known.to_numpy() * 2 + requests.to_numpy()
    return number


def _find_latest(
    works: pl.DataFrame, queues: Numbers, asked: Numbers, sent: Numbers
) -> tuple[Numbers, Numbers]:
    """(place of the root, place of the work) of the LATEST works of one queue each (`asked`)
    beside roots that were `sent` then. The `works` of each of their `queues` stand together, the
    latest first."""
    starts, ends = works["start"].to_numpy(), works["end"].to_numpy()
    times = np.unique(starts)

    def places(queue: Numbers, not_later: Numbers) -> Numbers:
        """Numbers that are in order as the works are, where so many times are not later."""
        return (queue + 1) * (len(times) + 1) - not_later

    known = places(queues, np.searchsorted(times, starts, side="right"))
    first, end = (
        np.searchsorted(known, places(asked, np.searchsorted(times, *limit)))
        for limit in ((sent, "right"), (sent - WITHIN_NANO, "left"))
    )
    counts = end - first
    found = []
    for some in _portions(counts):
        root = np.repeat(some, counts[some])
        work = ranges(first[some], counts[some])
        beside = sent[root] - ends[work] <= AFTER_NANO
        root, work = root[beside], work[beside]
        rank = np.arange(len(root)) - np.searchsorted(root, root)
        found.append((root[rank < LATEST], work[rank < LATEST]))
    roots, latest = zip(*found, strict=True)
    return np.concatenate(roots), np.concatenate(latest)


def _portions(counts: Numbers) -> Iterator[Numbers]:
    """Places in order, of which few count more together than _PAIRS_AT_ONCE."""
    portion = np.cumsum(counts) // _PAIRS_AT_ONCE
    yield from np.split(np.arange(len(counts)), np.flatnonzero(np.diff(portion)) + 1)


def tell_work(beside: pl.DataFrame) -> pl.DataFrame:
    """(row, beside, operation, busy) of what find_work_beside found: the names of all of it,
    one a line; the one name of the few requests that the send may have been made for; whether
    there are requests at all that it may have been made for."""
    names = beside.group_by("row").agg(
        pl.col("operation").unique().sort().str.join("\n").alias("beside")
    )
    requests = beside.filter(pl.col("request") & may_send(pl.col("operation")))
    if requests.is_empty():
        nothing = pl.Series("operation", [None], pl.String).new_from_index(0, names.height)
        return with_series(names, nothing, busy=_IDLE.new_from_index(0, names.height))
    told = requests.group_by("row").agg(
        **{
            f"{name}_{what}": pl.col(what).filter(which)
            for name, which in (("running", pl.col("now")), ("ended", ~pl.col("now")))
            for what in ("operation", "work")
        },
    )
    now = pl.col("running_work").list.len() > 0
    works = pl.when(now).then("running_work").otherwise("ended_work")
    operations = pl.when(now).then("running_operation").otherwise("ended_operation").list.unique()
    few = (works.list.n_unique() <= MOST) & (operations.list.len() == 1)
    told = told.select(
        "row",
        pl.when(few).then(operations.list.first()).alias("operation"),
        busy=pl.lit(value=True),
    )
    return names.join(told, on="row", how="left").with_columns(
        pl.col("busy").fill_null(value=False)
    )
