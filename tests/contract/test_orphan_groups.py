"""Groups of orphan roots over time, and what connected beside them, on every engine."""

from typing import Any

import pytest

from storage import schema
from storage.contract import Buckets, OrphanQuery, SpanStore
from storage.queries import EVERY_ORPHAN
from tests.contract.rows import Row, make_batch, make_table, owned, span, traces

EDGE = {
    "environment": "prod",
    "service_namespace": "shop",
    "system": "aws_sqs",
    "destination": "orders",
    "scope": "eu-west-1/1",
    "service_name": "payments",
    "consumer_group": "g",
}


def _at(start: int, **values: Any) -> Row:
    """An end of the edge that starts then."""
    return owned(span(start, start), **(EDGE | values))


def _delivery(start: int, **values: Any) -> Row:
    return _at(start, **({"role": "process", "relation": "link"} | values))


def _root(start: int, **values: Any) -> Row:
    return _at(start, **({"cause_code": "S1"} | values))


def _fill(store: SpanStore, roots: list[Row], deliveries: list[Row] | None = None) -> None:
    of = traces(*range(30))
    ends = make_table(schema.ENDPOINTS, deliveries or [])
    store.replace_connections(of, ends, schema.CONNECTIONS.empty_table())
    store.replace_orphans(of, make_table(schema.ORPHANS, roots), 1)


def _group(store: SpanStore, query: OrphanQuery = EVERY_ORPHAN, **asked: Any) -> Row:
    (row,) = store.orphan_groups(query, **asked).to_pylist()
    found: Row = row
    return found


def test_a_group_has_the_newest_root_as_its_example_and_versions_of_the_earliest(
    store: SpanStore,
) -> None:
    roots = [_root(n, service_version=f"v{n}", scope_version=f"s{n}") for n in (3, 1, 2)]
    _fill(store, [*roots, _root(4, cause_code="K1"), _root(5, hidden=True)])
    first, second = store.orphan_groups().to_pylist()
    assert (first["cause_code"], first["count"], second["count"]) == ("S1", 3, 1)
    assert (first["first_seen_unix_nano"], first["last_seen_unix_nano"]) == (1, 3)
    assert (first["trace_lo"], first["span_id"]) == (3, 3)
    assert (first["first_service_version"], first["first_scope_version"]) == ("v1", "s1")


def test_groups_count_the_roots_that_the_query_chooses(store: SpanStore) -> None:
    old, young = span(1, 1), span(2, 2)
    store.append(make_batch([old]), 100)
    store.append(make_batch([young]), 200)
    _fill(store, [_root(1), _root(2), _root(3, cause_code="K1", expected=True)])

    def counts(**conditions: Any) -> list[tuple[int, int]]:
        query = OrphanQuery(settled_before_unix_nano=200, **conditions)
        rows = store.orphan_groups(query).to_pylist()
        return [(row["count"], row["settled_count"]) for row in rows]

    assert counts() == [(2, 1), (1, 1)]
    assert counts(settled=True) == [(1, 1), (1, 1)]
    assert counts(settled=False) == [(1, 0)]
    assert counts(cause="S1") == counts(expected=False) == counts(end=3) == [(2, 1)]
    assert counts(start=2) == [(1, 1), (1, 0)]
    assert counts(service="payments") == counts(destination="orders") == counts()
    assert counts(service="stock") == counts(destination="stock") == []


def test_what_connected_is_counted_before_between_and_after_the_roots(store: SpanStore) -> None:
    deliveries = [_delivery(n) for n in (1, 2, 4, 5, 6, 8, 7)]
    _fill(store, [_root(4), _root(6)], deliveries)
    row = _group(store)
    counted = [row[f"connected_{when}"] for when in ("before", "between", "after")]
    assert counted == [2, 3, 2]
    assert row["healed_since_unix_nano"] == 7


def test_what_lies_near_in_time_to_a_broken_one_is_counted_by_cells(store: SpanStore) -> None:
    """The first to the last root are 12,800 ns: a cell has 100 or so."""
    starts = {1: 1_000, 2: 1_010, 3: 1_020, 4: 7_000, 5: 13_799}
    beside = {6: 900, 7: 1_030, 8: 5_000, 9: 7_010, 10: 7_020, 11: 13_800}
    roots = [
        owned(span(n, n, start_time_unix_nano=at), **EDGE, cause_code="S1")
        for n, at in starts.items()
    ]
    deliveries = [
        owned(span(n, n, start_time_unix_nano=at), **EDGE, role="process", relation="link")
        for n, at in beside.items()
    ]
    _fill(store, roots, deliveries)
    row = _group(store)
    assert (row["near_broken"], row["near_connected"]) == (2, 3)


@pytest.mark.parametrize("name", EDGE)
@pytest.mark.parametrize("other", ["elsewhere", None])
def test_what_connected_on_another_edge_says_nothing(
    store: SpanStore, name: str, other: str | None
) -> None:
    _fill(store, [_root(5)], [_delivery(1, **{name: other}), _delivery(9, **{name: other})])
    row = _group(store)
    assert (row["connected_before"], row["connected_after"]) == (0, 0)
    assert row["healed_since_unix_nano"] is None


def test_missing_names_of_an_edge_are_alike(store: SpanStore) -> None:
    nothing: Row = dict.fromkeys(EDGE)
    _fill(store, [_root(5, **nothing)], [_delivery(1, **nothing)])
    assert _group(store)["connected_before"] == 1


def test_only_deliveries_with_a_propagated_context_connected(store: SpanStore) -> None:
    other = [
        _delivery(1, relation="stitch"),
        _delivery(2, relation=None),
        _delivery(3, role="send"),
    ]
    _fill(store, [_root(5)], [*other, _delivery(4, relation="parent")])
    assert _group(store)["connected_before"] == 1


def test_where_the_producer_is_known_only_its_messages_are_compared(store: SpanStore) -> None:
    deliveries = [_delivery(n, producer_service_name=f"p{n}") for n in (1, 2)]
    _fill(store, [_root(5, producer_service_name="p1")], deliveries)
    assert _group(store)["connected_before"] == 1
    _fill(store, [_root(5)], deliveries)
    assert _group(store)["connected_before"] == 2


def test_versions_that_connected_before_are_those_of_the_newest_that_has_one(
    store: SpanStore,
) -> None:
    deliveries = [
        _delivery(1, service_version="1", scope_version="a"),
        _delivery(2, service_version="2", scope_version=""),
        _delivery(3, service_version=None),
        _delivery(4, service_version="4", scope_version="a"),
        _delivery(8, service_version="8", scope_version="h"),
    ]
    _fill(store, [_root(5, service_version="1", scope_version="a")], deliveries)
    row = _group(store)
    assert (row["good_service_version"], row["same_service_version"]) == ("4", 1)
    assert (row["good_scope_version"], row["same_scope_version"]) == ("a", 2)


def test_of_two_versions_at_the_same_time_the_choice_is_always_the_same(store: SpanStore) -> None:
    deliveries = [
        owned(span(n, n, start_time_unix_nano=1), **EDGE, role="process", relation="link")
        | {"service_version": version}
        for n, version in enumerate(["b", "c", "a"])
    ]
    _fill(store, [_root(5)], deliveries)
    assert _group(store)["good_service_version"] == "c"


def test_a_group_is_counted_by_buckets_of_time(store: SpanStore) -> None:
    _fill(store, [_root(n) for n in (3, 4, 12, 25)], [_delivery(n) for n in (2, 13, 14)])
    row = _group(store, buckets=Buckets(3, 5, 3))
    assert row["trend_broken"] == [2, 1, 0]
    assert row["trend_connected"] == [0, 0, 2]
    row = _group(store)
    assert (row["trend_broken"], row["trend_connected"]) == ([], [])


def test_a_group_beside_which_nothing_connected_has_a_trend_of_zeros(store: SpanStore) -> None:
    _fill(store, [_root(3)])
    assert _group(store, buckets=Buckets(0, 10, 2))["trend_connected"] == [0, 0]


def test_what_connected_outside_the_asked_times_is_not_counted(store: SpanStore) -> None:
    _fill(store, [_root(5), _root(9)], [_delivery(n) for n in (1, 4, 7, 8)])
    row = _group(store, OrphanQuery(start=4, end=8))
    assert (row["count"], row["connected_before"], row["connected_after"]) == (1, 1, 1)


@pytest.mark.parametrize("start", [-(2**63), 2**63 - 1])
def test_times_at_the_ends_of_the_range_are_in_no_bucket(store: SpanStore, start: int) -> None:
    row = owned(span(1, 1, start_time_unix_nano=start), **EDGE, cause_code="S1")
    _fill(store, [row])
    assert _group(store, buckets=Buckets(0, 2**61, 3))["trend_broken"] == [0, 0, 0]
