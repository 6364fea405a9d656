"""Contexts that arrived: which are told, and whether what they point at is stored."""

from typing import Any

import pytest

from storage import schema
from storage.contract import SpanStore
from tests.contract.rows import Row, link, make_batch, make_table, owned, resource, span, traces

LOCAL, REMOTE, SERVER, CONSUMER, SAMPLED = 0x100, 0x300, 2, 5, 1


def _arrived(store: SpanStore, spans: int = 100, limit: int = 100) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = store.arrived_contexts(spans, limit).to_pylist()
    return sorted(rows, key=lambda row: (row["trace_lo"], row["span_id"], row["target_span_id"]))


def _append(store: SpanStore, *spans: Row, links: tuple[Row, ...] = (), at: int = 70) -> None:
    store.append(make_batch(spans, links=links, resources=[resource(7, "pay")]), at)


def test_a_link_tells_whether_its_target_is_stored(store: SpanStore) -> None:
    one = span(1, 1)
    _append(
        store,
        one,
        span(2, 5),
        links=(
            link(one, 2, 5, flags=REMOTE | SAMPLED, trace_state="ot=th:8"),
            link(one, 2, 6, flags=REMOTE),
            link(one, 9, 5),
        ),
    )

    found = _arrived(store)
    assert [(row["target_lo"], row["target_span_id"], row["stored"]) for row in found] == [
        (2, 5, True),
        (9, 5, False),
        (2, 6, False),
    ]
    assert {row["relation"] for row in found} == {"link"}
    assert (found[0]["flags"], found[0]["trace_state"]) == (REMOTE | SAMPLED, "ot=th:8")
    assert {row["service_name"] for row in found} == {"pay"}


def test_local_and_empty_contexts_did_not_arrive(store: SpanStore) -> None:
    one = span(1, 1)
    empty = link(one, 0, 0) | {"linked_trace_hi": 0}
    _append(store, one, links=(link(one, 2, 5, flags=LOCAL), empty))

    assert _arrived(store) == []


@pytest.mark.parametrize(
    ("kind", "flags", "arrived"),
    [
        (1, REMOTE, True),
        (SERVER, LOCAL, False),
        (CONSUMER, 0, True),
        (SERVER, SAMPLED, True),
        (1, 0, False),
    ],
)
def test_a_parent_is_remote_by_the_flags_else_by_the_kind(
    store: SpanStore, kind: int, flags: int, arrived: bool
) -> None:
    _append(store, span(1, 1, parent_span_id=9, kind=kind, flags=flags))

    assert [(row["relation"], row["target_span_id"]) for row in _arrived(store)] == (
        [("parent", 9)] if arrived else []
    )


def test_a_parent_is_stored_whenever_it_came(store: SpanStore) -> None:
    _append(store, span(1, 9))
    _append(store, span(1, 1, parent_span_id=9, flags=REMOTE))

    assert [row["stored"] for row in _arrived(store, spans=1)] == [True]


def test_only_the_newest_generations_and_contexts_are_told(store: SpanStore) -> None:
    for number in (1, 2, 3):
        _append(store, span(number, number, parent_span_id=9, flags=REMOTE))

    assert [row["span_id"] for row in _arrived(store, spans=1)] == [3]
    assert [row["span_id"] for row in _arrived(store, spans=2)] == [2, 3]
    assert [row["span_id"] for row in _arrived(store, limit=1)] == [3]


def test_the_place_is_that_of_the_end_point(store: SpanStore) -> None:
    one = span(1, 1, parent_span_id=9, flags=REMOTE)
    _append(store, one, span(2, 2, parent_span_id=9, flags=REMOTE))
    ends = [owned(one, role="process", destination="orders", consumer_group="g")]
    nothing = schema.CONNECTIONS.empty_table()
    store.replace_connections(traces(1, 2), make_table(schema.ENDPOINTS, ends), nothing)

    assert [(row["destination"], row["consumer_group"]) for row in _arrived(store)] == [
        ("orders", "g"),
        (None, None),
    ]


def test_a_service_tells_what_is_sampled_when_one_of_its_spans_does(store: SpanStore) -> None:
    _append(store, span(1, 1, parent_span_id=9, flags=REMOTE))
    assert [row["tells"] for row in _arrived(store)] == [False]
    _append(store, span(2, 2, flags=LOCAL | SAMPLED))
    assert [row["tells"] for row in _arrived(store)] == [True]


def test_senders_are_counted_by_place_and_threshold(store: SpanStore) -> None:
    told = {"role": "send", "destination": "orders"}
    ends = [
        owned(span(1, 1), **told, sampling_threshold="8"),
        owned(span(1, 2), **told, sampling_threshold="8"),
        owned(span(1, 3), **told),
        owned(span(1, 4), role="process"),
    ]
    _append(store, span(1, 1))
    nothing = schema.CONNECTIONS.empty_table()
    store.replace_connections(traces(1), make_table(schema.ENDPOINTS, ends), nothing)

    rows = store.senders().to_pylist()
    assert sorted((row["sampling_threshold"] or "", row["count"]) for row in rows) == [
        ("", 1),
        ("8", 2),
    ]
