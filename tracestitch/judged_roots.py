"""Stored orphan roots that are judged again, because what surrounds them changed."""

from collections.abc import Iterator

import polars as pl
import pyarrow as pa

from analyzer.judging import Judge, select_at
from storage.contract import OrphanQuery, Page, SpanStore
from storage.memory_frames import arrow
from storage.schema import ORPHANS, SPAN_IDS, TRACE_IDS

# Roots that are read at once.
_AT_ONCE = 20_000
# Of more services all roots are read: each is a look at the store of its own.
_FEW_SERVICES = 4


def stored_roots(store: SpanStore, places: pl.DataFrame | None) -> Iterator[pl.DataFrame]:
    """ORPHANS of the stored roots at these places (Judge.find_affected), hidden ones too; None
    for all. A part at a time."""
    for query in _ask(places):
        after = None
        while True:
            rows = store.orphans(query, Page(limit=_AT_ONCE, after=after))
            roots = pl.DataFrame(rows.table).select(ORPHANS.names)
            found = roots if places is None else select_at(roots, places)
            if not found.is_empty():
                yield found
            after = rows.next
            if after is None:
                break


def _ask(places: pl.DataFrame | None) -> list[OrphanQuery]:
    """What finds all roots at the places, and as few others as that costs."""
    everything = OrphanQuery(hidden=True)
    if places is None:
        return [everything]
    services = places["service_name"].unique().sort().to_list()
    if None in services or len(services) > _FEW_SERVICES:
        return [everything]
    return [OrphanQuery(hidden=True, service=service) for service in services]


def judge_again(
    store: SpanStore, judge: Judge, roots: pl.DataFrame, facts: pl.DataFrame
) -> tuple[pa.Table, pl.DataFrame]:
    """TRACE_IDS of those of these stored roots (ORPHANS) that are judged otherwise by these
    facts, and all roots of these traces as they are judged now."""
    judged = judge.judge(roots, facts)
    traces = arrow(roots.filter(_tell_changed(roots, judged)).unique(TRACE_IDS.names), TRACE_IDS)
    if not traces.num_rows:
        return traces, judged.clear()
    whole = pl.DataFrame(store.orphans_of(traces, hidden=True)).select(ORPHANS.names)
    others = judge.judge(whole.join(roots, on=SPAN_IDS.names, how="anti"), facts)
    mine = judged.join(pl.DataFrame(traces), on=TRACE_IDS.names, how="semi")
    return traces, pl.concat([mine, others])


def _tell_changed(before: pl.DataFrame, after: pl.DataFrame) -> pl.Series:
    """Of rows of ORPHANS whether they are other ones than those in the same place."""
    other = [before[name].ne_missing(after[name]) for name in ORPHANS.names]
    return pl.DataFrame(other).select(pl.any_horizontal(pl.all())).to_series()
