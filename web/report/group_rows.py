"""Rows of groups as pages need them: each message once, and times in which something happened.

All functions but the pure ones block on the store.
"""

from collections import Counter
from typing import Any

import pyarrow as pa

from analyzer.breakages import count_once
from analyzer.causes import load_causes
from storage.contract import Buckets, OrphanQuery, SpanStore, StoreStatus
from storage.queries import NO_BUCKETS
from storage.results import ORPHAN_GROUP_KEY, Row
from web.trends import choose_buckets

_EDGE = [name for name in ORPHAN_GROUP_KEY if name not in ("cause_code", "expected")]
_LEAST = 5 * 60 * 1_000_000_000
_RARE = 0.01
_ROUNDS = 4  # from decades to hours


def read_groups(store: SpanStore, query: OrphanQuery, buckets: Buckets = NO_BUCKETS) -> pa.Table:
    """`SpanStore.orphan_groups`, with no message counted as broken and as connected."""
    found = store.orphan_groups(query, buckets)
    received = {code for code, cause in load_causes().items() if cause.received}
    if received.isdisjoint(found["cause_code"].unique().to_pylist()):
        return found
    rows = [count_once(row) if row["cause_code"] in received else row for row in found.to_pylist()]
    return pa.Table.from_pylist(rows, schema=found.schema)


def count_roots(found: pa.Table) -> Counter[tuple[str | None, ...]]:
    """Roots of all causes at each edge, as `edge_of` names it, of groups of all causes."""
    counts: Counter[tuple[str | None, ...]] = Counter()
    for row in found.select([*_EDGE, "count"]).to_pylist():
        counts[edge_of(row)] += row["count"]
    return counts


def edge_of(row: Row) -> tuple[str | None, ...]:
    """A group's key without its cause, and whether that is expected."""
    return tuple(row[name] for name in _EDGE)


def trend_buckets(store: SpanStore, query: OrphanQuery) -> Buckets:
    """Over the asked times as far as spans are stored."""
    status = store.status()
    oldest, newest = status.oldest_unix_nano, status.newest_unix_nano
    if oldest is None or newest is None:
        return Buckets()
    first = max(oldest, 0 if query.start is None else query.start)
    last = newest if query.end is None else min(newest, query.end - 1)
    return choose_buckets(first, last) if first <= last else Buckets()


def choose_near(first: int, last: int, status: StoreStatus) -> Buckets:
    """Around the roots of a group, so that its beginning and end are seen however much is
    stored: twice their time before and after, as far as spans are stored."""
    beside = max(2 * (last - first), _LEAST)
    oldest = 0 if status.oldest_unix_nano is None else status.oldest_unix_nano
    newest = last if status.newest_unix_nano is None else status.newest_unix_nano
    return choose_buckets(
        max(min(oldest, first), first - beside), min(max(newest, last), last + beside)
    )


def narrow_trends(
    store: SpanStore, query: OrphanQuery, found: pa.Table, buckets: Buckets
) -> tuple[pa.Table, Buckets]:
    """The same groups with trends over the time in which nearly all of their hand-overs
    happened: one span with a wrong clock would make all others a single bar."""
    for _ in range(_ROUNDS):
        narrow = _find_busy(found, buckets)
        if narrow is None:
            break
        found, buckets = read_groups(store, query, narrow), narrow
    return found, buckets


def _find_busy(found: pa.Table, buckets: Buckets) -> Buckets | None:
    """None where that is a good part of the time already."""
    counts = [0] * buckets.count
    for column in ("trend_broken", "trend_connected"):
        trends: list[Any] = found[column].to_pylist()
        for trend in trends:
            counts = [one + other for one, other in zip(counts, trend, strict=True)]
    rare = _RARE * sum(counts)
    first, last = 0, buckets.count - 1
    while first < last and sum(counts[: first + 1]) < rare:
        first += 1
    while first < last and sum(counts[last:]) < rare:
        last -= 1
    if (last - first + 1) * 4 > buckets.count or buckets.count * buckets.size <= _LEAST:
        return None
    start, end = buckets.start + first * buckets.size, buckets.start + (last + 1) * buckets.size
    return choose_buckets(start, end - 1)
