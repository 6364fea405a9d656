"""Groups of orphan roots: what is broken, since when, and whether it still is.

All functions but the pure ones block on the store.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pyarrow as pa

from analyzer.breakages import (
    State,
    find_version_change,
    silent_since,
    state_of,
    was_always_broken,
)
from storage.contract import Buckets, OrphanQuery, Page, Rows, SpanStore
from storage.paging import ORPHAN_ORDER, encode_mark
from storage.queries import EVERY_ORPHAN
from storage.results import GROUP_EDGE, ORPHAN_GROUP_KEY, Row
from storage.schema import SPAN_IDS, TRACE_IDS
from web.attributes import read_json
from web.paging import read_page, slice_table
from web.report.group_rows import (
    count_roots,
    edge_of,
    narrow_trends,
    read_groups,
    trend_buckets,
)
from web.rows import cause_object, identity_object, span_id, span_ref
from web.shapes import Group, Groups, Summary
from web.trends import list_buckets

# Codes of producers that tell nothing of themselves.
NOT_INSTRUMENTED = frozenset({"P3", "T1"})
_MOST_AT_ONCE = 5_000
_JUDGED = [
    *("expected", "settled_count", "count", "connected_between", "near_broken"),
    *("near_connected", "connected_after", "last_seen_unix_nano"),
]
_NAMED = ["cause_code", "is_send", *GROUP_EDGE]
_TEXTS = [
    *(*SPAN_IDS.names, "cause_code", "cause_title", "cause_confidence", "cause_fix", "evidence"),
]
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class OrphanFilter:
    """Which orphan roots, or groups of them, are asked for."""

    query: OrphanQuery = EVERY_ORPHAN
    state: State | None = None

    @property
    def is_open(self) -> bool:
        """Whether it leaves nothing out."""
        return self.state is None and self.query == OrphanQuery(
            settled_before_unix_nano=self.query.settled_before_unix_nano
        )


def groups_answer(
    store: SpanStore, asked: OrphanFilter, page: Page, *, narrow: bool = False
) -> Groups:
    """Largest count first. Everything in it is of the asked times alone; with `narrow` trends
    leave out times in which next to nothing happened."""
    buckets = trend_buckets(store, asked.query)
    found = read_groups(store, asked.query, buckets)
    if narrow:
        found, buckets = narrow_trends(store, asked.query, found, buckets)
    every = replace(asked.query, cause=None, expected=None)
    whole = found if every == asked.query else store.orphan_groups(every)
    newest = find_newest(store, asked.query)
    states, silent = [], []
    for row in _rows(found, _JUDGED):
        states.append(state_of(row))
        silent.append(silent_since(row, newest) is not None)
    kept = [number for number, state in enumerate(states) if asked.state in (None, state)]
    rows = slice_table(found.take(pa.array(kept, pa.int64())), page)
    return {
        "groups": group_objects(store, rows.table, buckets, count_roots(whole), newest),
        "summary": _summarise(
            _rows(found, _NAMED), states, silent, count_healthy(store) if asked.is_open else None
        ),
        "next_cursor": rows.next,
    }


def find_newest(store: SpanStore, query: OrphanQuery) -> int:
    """When the newest span of the asked times ended; one with a clock that is ahead is none."""
    newest = store.status().newest_unix_nano or 0
    past = newest if query.end is None else query.end - 1
    return min(newest, past, query.settled_before_unix_nano)


def _rows(table: pa.Table, columns: Sequence[str]) -> Iterator[Row]:
    """One by one: there may be as many groups as roots."""
    for part in table.select(columns).to_batches(_AT_ONCE):
        yield from part.to_pylist()


def count_healthy(store: SpanStore) -> int:
    """Edges of which every hand-over connected."""
    counts = store.handover_counts(0, 0).select(["count", "connected"]).to_pylist()
    return sum(0 < row["count"] == row["connected"] for row in counts)


def _summarise(
    rows: Iterable[Row], states: list[State], silent: list[bool], healthy: int | None
) -> Summary:
    edges: dict[State, set[tuple[str | bool | None, ...]]] = {
        "broken": set(),
        "healed": set(),
        "unsettled": set(),
        "expected": set(),
    }
    going_on, not_instrumented = set(), set()
    for row, state, quiet in zip(rows, states, silent, strict=True):
        edge = tuple(row[name] for name in ("is_send", *GROUP_EDGE))
        edges[state].add(edge)
        if state == "broken" and not quiet:
            going_on.add(edge)
        if state == "expected" and row["cause_code"] in NOT_INSTRUMENTED:
            not_instrumented.add(
                (row["environment"], row["service_namespace"], row["service_name"])
            )
    return {
        "broken": len(edges["broken"]),
        "silent": len(edges["broken"] - going_on),
        "healed": len(edges["healed"] - edges["broken"]),
        "unsettled": len(edges["unsettled"] - edges["broken"]),
        "healthy": healthy,
        "not_instrumented": len(not_instrumented),
    }


def group_objects(
    store: SpanStore,
    table: pa.Table,
    buckets: Buckets,
    roots: Mapping[tuple[str | None, ...], int],
    newest: int,
) -> list[Group]:
    """Rows of `SpanStore.orphan_groups`. `roots` are those of all causes at each edge, `newest`
    is when the newest span ended."""
    examples = store.orphans_of(table.select(TRACE_IDS.names)).select(_TEXTS)
    told = {(*span_id(row), row["cause_code"]): row for row in examples.to_pylist()}
    found = [(row, told.get((*span_id(row), row["cause_code"]))) for row in table.to_pylist()]
    # An example that was judged anew meanwhile is in another group now.
    return [
        _group_object(row, example, buckets, roots[edge_of(row)], newest)
        for row, example in found
        if example is not None
    ]


def _group_object(row: Row, example: Row, buckets: Buckets, roots: int, newest: int) -> Group:
    change, state = find_version_change(row), state_of(row)
    connected = {when: row[f"connected_{when}"] for when in ("before", "between", "after")}
    return {
        **identity_object(row, consumer="service_name"),
        "cause": cause_object(example),
        "is_send": row["is_send"],
        "state": state,
        "count": row["count"],
        "settled_count": row["settled_count"],
        "other_causes_count": roots - row["count"],
        "connected": sum(connected.values()),
        "connected_before": connected["before"],
        "connected_between": connected["between"],
        "connected_after": connected["after"],
        "first_seen": row["first_seen_unix_nano"],
        "last_seen": row["last_seen_unix_nano"],
        "first_bad": row["first_seen_unix_nano"],
        "since_version": change.bad if change else None,
        "good_version": change.good if change else None,
        "version_of": change.of if change else None,
        "healed_since": row["healed_since_unix_nano"] if state == "healed" else None,
        "silent_since": silent_since(row, newest),
        "always": was_always_broken(row),
        "trend": list_buckets(buckets, row["trend_broken"], row["trend_connected"]),
        "expected": row["expected"],
        "example": span_ref(row),
        "evidence": read_json(example["evidence"]),
        "fix": example["cause_fix"],
    }


# ------------------------------------------------------------------- roots of a state


def orphan_rows(store: SpanStore, asked: OrphanFilter, page: Page) -> Rows:
    """As `SpanStore.orphans` of the query, of groups in the asked state."""
    if asked.state is None:
        return read_page(lambda part: store.orphans(asked.query, part), page)
    return rows_of_groups(store, asked.query, keys_in_state(store, asked), page)


def keys_in_state(store: SpanStore, asked: OrphanFilter) -> set[tuple[Any, ...]]:
    found = read_groups(store, replace(asked.query, trace=None))
    columns = list(dict.fromkeys([*ORPHAN_GROUP_KEY, *_JUDGED]))
    return {_key(row) for row in _rows(found, columns) if state_of(row) == asked.state}


def rows_of_groups(
    store: SpanStore, query: OrphanQuery, keys: Collection[tuple[Any, ...]], page: Page
) -> Rows:
    """Those of the roots that belong to these groups."""
    parts: list[pa.Table] = []
    room, after = page.limit, page.after
    while True:
        rows = read_page(partial(store.orphans, query), Page(_MOST_AT_ONCE, after))
        held = [_key(row) in keys for row in rows.table.select(ORPHAN_GROUP_KEY).to_pylist()]
        found = rows.table.filter(pa.array(held, pa.bool_()))
        parts.append(found.slice(0, room))
        if found.num_rows > room or (found.num_rows == room and rows.next is not None):
            return Rows(pa.concat_tables(parts), _mark(found.slice(room - 1, 1)))
        room, after = room - found.num_rows, rows.next
        if after is None:
            return Rows(pa.concat_tables(parts), None)


def _mark(row: pa.Table) -> str:
    """Of the page that begins behind this root."""
    (last,) = row.select(["start_time_unix_nano", *ORPHAN_ORDER]).to_pylist()
    return encode_mark([*last.values()])


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ORPHAN_GROUP_KEY)
