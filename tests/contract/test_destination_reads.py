"""Queues, topics and buses one by one, on every engine."""

from collections.abc import Sequence
from typing import Any

from storage import schema
from storage.contract import Buckets, SpanStore
from storage.destination_reads import Place
from tests.contract.rows import Row, connection, make_batch, make_table, owned, span, traces

ALL = tuple(range(1, 13))
ORDERS = {"system": "kafka", "destination": "orders", "scope": None}


def _fill(
    store: SpanStore,
    connections: Sequence[Row],
    orphans: Sequence[Row] = (),
    ends: Sequence[Row] = (),
) -> None:
    """Spans of the traces 1 to 12 that begin at 10, 20 …"""
    store.append(make_batch([_span(n) for n in ALL]), 1)
    store.replace_connections(
        traces(*ALL),
        make_table(schema.ENDPOINTS, ends),
        make_table(schema.CONNECTIONS, connections),
    )
    store.replace_orphans(traces(*ALL), make_table(schema.ORPHANS, orphans), 1)


def _span(number: int) -> Row:
    return span(number, number, start_time_unix_nano=10 * number)


def _taken(number: int, **values: Any) -> Row:
    told = {"consumer_start_time_unix_nano": 10 * number, "wait_nano": number, **ORDERS}
    return connection(_span(1), _span(number), **(told | values))


def _left(number: int, **values: Any) -> Row:
    return owned(_span(number), **({"cause_code": "S1", **ORDERS} | values))


def test_a_destination_has_the_figures_of_all_its_edges(store: SpanStore) -> None:
    _fill(
        store,
        [
            _taken(2, relation="parent", producer_service_name="a", consumer_service_name="x"),
            _taken(3, relation="link", producer_service_name="b", consumer_service_name="y"),
            _taken(4, relation="stitch", producer_service_name=None, attempt=2),
            _taken(5, relation="stitch", confidence=0.5),
            _taken(6, destination="other", dead_letter=True),
        ],
        [_left(7), _left(8, producer_span_id=1), _left(9, hidden=True)],
    )
    orders, other = store.destinations(None, None).to_pylist()
    assert (orders["destination"], other["destination"]) == ("orders", "other")
    counts = [orders[n] for n in ("count", "parent", "link", "stitch", "redeliveries")]
    assert counts == [4, 1, 1, 1, 1]
    assert (orders["wait_p50_nano"], orders["wait_p95_nano"]) == (2, 3)
    assert (orders["first_seen_unix_nano"], orders["last_seen_unix_nano"]) == (20, 70)
    assert orders["producers"][:2] == ["a", "b"]
    assert {"x", "y"} <= set(orders["consumers"])
    assert other["dead_letters"] == 1


def test_null_is_a_place_like_any_other(store: SpanStore) -> None:
    _fill(
        store,
        [_taken(2), _taken(3, scope="eu"), _taken(4, system=None), _taken(5, destination=None)],
    )
    assert store.destinations(None, None).num_rows == 4
    parts = Buckets(0, 100, 1)
    for place in (
        Place("kafka", "orders", None),
        Place("kafka", "orders", "eu"),
        Place(None, "orders", None),
        Place("kafka", None, None),
    ):
        (row,) = store.destination_times(place, parts).to_pylist()
        assert row["count"] == 1
    assert store.destination_times(Place("kafka", "orders", "us"), parts).num_rows == 0


def test_times_bound_what_is_counted(store: SpanStore) -> None:
    _fill(store, [_taken(n) for n in (2, 3, 4)], [_left(5)])
    for start, end, count in ((30, 50, 2), (None, 30, 1), (40, None, 2), (-(10**30), 10**30, 4)):
        (row,) = store.destinations(start, end).to_pylist()
        assert row["count"] == count
    assert store.destinations(60, None).num_rows == 0


def test_the_last_instant_that_there_is_counts(store: SpanStore) -> None:
    _fill(store, [_taken(2, consumer_start_time_unix_nano=2**63 - 1)])
    assert store.destinations(None, None).num_rows == 1


def test_parts_of_time_have_their_own_waits_and_counts(store: SpanStore) -> None:
    _fill(
        store,
        [_taken(2, relation="parent"), _taken(3), _taken(7, attempt=3, wait_nano=500)],
        [_left(8), _left(12)],
    )
    rows = store.destination_times(Place("kafka", "orders", None), Buckets(20, 30, 3)).to_pylist()
    assert [(row["bucket"], row["count"]) for row in rows] == [(0, 2), (1, 1), (2, 1)]
    assert (rows[0]["parent"], rows[0]["wait_p50_nano"], rows[0]["wait_p95_nano"]) == (1, 2, 3)
    assert (rows[1]["redeliveries"], rows[1]["wait_p50_nano"]) == (1, None)
    assert (rows[2]["parent"], rows[2]["link"], rows[2]["stitch"]) == (0, 0, 0)


def test_ends_are_told_with_version_library_and_group(store: SpanStore) -> None:
    sends = [owned(_span(n), role="send", service_name="a", **ORDERS) for n in (1, 2)]
    takes = [
        owned(
            _span(n), role="process", service_name="b", service_version=f"{n // 4}", error=n == 4,
            scope_name="lib", scope_version="2", consumer_group="g",
            relation="link" if n < 5 else "stitch", **ORDERS,
        )
        for n in (3, 4, 5)
    ]  # fmt: skip
    elsewhere = owned(_span(6), role="send", destination="other")
    _fill(store, [], ends=[*sends, *takes, elsewhere])
    rows = store.destination_ends(Place("kafka", "orders", None), None, None).to_pylist()
    told = [
        (r["role"], r["service_version"], r["count"], r["error_count"], r["propagated"])
        for r in rows
    ]
    assert sorted(told, key=str) == [
        ("process", "0", 1, 0, 1),
        ("process", "1", 2, 1, 1),
        ("send", None, 2, 0, 0),
    ]
    assert {r["scope_name"] for r in rows} == {None, "lib"}
    late = store.destination_ends(Place("kafka", "orders", None), 40, 50).to_pylist()
    assert [(r["count"], r["last_start_unix_nano"]) for r in late] == [(1, 40)]
