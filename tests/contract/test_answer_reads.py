"""Connections, endpoints and orphans: replaced, listed, grouped, on every engine."""

from typing import Any

import pytest

from storage import schema
from storage.contract import ConnectionQuery, EndpointQuery, OrphanQuery, Page, SpanStore
from tests.contract.rows import Row, connection, make_batch, make_table, owned, span, traces


def _connect(store: SpanStore, *rows: Row, of: tuple[int, ...] = tuple(range(10))) -> None:
    empty = schema.ENDPOINTS.empty_table()
    store.replace_connections(traces(*of), empty, make_table(schema.CONNECTIONS, rows))


def _end(store: SpanStore, *rows: Row) -> None:
    ends = make_table(schema.ENDPOINTS, rows)
    store.replace_connections(traces(*range(10)), ends, schema.CONNECTIONS.empty_table())


def _orphan(store: SpanStore, *rows: Row, of: tuple[int, ...] = tuple(range(10))) -> None:
    store.replace_orphans(traces(*of), make_table(schema.ORPHANS, rows), 1)


def _consumers(store: SpanStore, **conditions: Any) -> list[int]:
    rows = store.connections(ConnectionQuery(**conditions), Page()).table.to_pylist()
    return [row["consumer_trace_lo"] for row in rows]


def _roots(store: SpanStore, **conditions: Any) -> list[int]:
    rows = store.orphans(OrphanQuery(**conditions), Page()).table.to_pylist()
    return [row["trace_lo"] for row in rows]


def test_answers_are_replaced_for_the_owning_traces_only(store: SpanStore) -> None:
    one, two, three = (span(n, n) for n in (1, 2, 3))
    _connect(store, connection(one, two), connection(one, three))
    _connect(store, connection(two, three, rule="newer"), of=(3, 1))
    rules = [(r["consumer_trace_lo"], r["rule"]) for r in _all(store)]
    assert rules == [(2, "message-id"), (3, "newer")]
    _connect(store, of=(2,))
    assert _consumers(store) == [3]


def _all(store: SpanStore) -> list[Row]:
    rows: list[Row] = store.connections_of(traces(*range(10)), "either").to_pylist()
    return rows


def test_endpoints_are_replaced_with_the_connections(store: SpanStore) -> None:
    _end(store, owned(span(1, 1), role="send"), owned(span(2, 2), role="process"))
    ends = make_table(schema.ENDPOINTS, [owned(span(1, 5), role="send")])
    store.replace_connections(traces(1), ends, schema.CONNECTIONS.empty_table())
    found = store.endpoints(EndpointQuery(), 10).to_pylist()
    assert [(r["trace_lo"], r["span_id"]) for r in found] == [(1, 5), (2, 2)]
    assert [r["span_id"] for r in store.endpoints_of(traces(2, 2, 8)).to_pylist()] == [2]


def test_orphans_and_the_analysed_generation_change_together(store: SpanStore) -> None:
    store.append(make_batch([span(1, 1), span(2, 2)]), 70)
    assert store.status().pending_spans == 2
    store.replace_orphans(traces(1), make_table(schema.ORPHANS, [owned(span(1, 1))]), 1)
    status = store.status()
    assert (status.pending_spans, status.analysed_generation) == (0, 1)
    assert store.orphans_of(traces(1)).num_rows == 1
    store.append(make_batch([span(3, 3)]), 80)
    assert store.status().pending_spans == 1
    assert store.status().oldest_unix_nano == 1
    assert store.status().newest_unix_nano == 13


def test_a_hidden_root_is_shown_to_nobody_who_does_not_ask_for_it(store: SpanStore) -> None:
    one, two = span(1, 1), span(2, 2)
    store.append(make_batch([one, two]), 70)
    _orphan(store, owned(one, hidden=True), owned(two))

    assert _roots(store) == [2]
    assert store.orphans_of(traces(1, 2)).num_rows == 1
    assert [group["count"] for group in store.orphan_groups().to_pylist()] == [1]
    assert [edge["count"] for edge in store.edges().to_pylist()] == [1]
    asked = store.orphans(OrphanQuery(hidden=True), Page()).table.to_pylist()
    assert sorted((row["span_id"], row["hidden"]) for row in asked) == [(1, True), (2, False)]
    assert store.orphans_of(traces(1, 2), hidden=True).num_rows == 2


def test_forgotten_answers_are_gone_and_all_spans_are_pending(store: SpanStore) -> None:
    one, two = span(1, 1), span(2, 2)
    store.append(make_batch([one, two]), 1)
    _end(store, owned(one, role="send"))
    _connect(store, connection(one, two))
    _orphan(store, owned(one))
    store.forget_answers()
    assert _all(store) == []
    assert _roots(store) == []
    assert store.endpoints(EndpointQuery(), 9).num_rows == 0
    assert (store.status().pending_spans, store.status().analysed_generation) == (2, 0)


def test_connections_are_chosen_by_every_condition(store: SpanStore) -> None:
    one, two, three = (span(n, n) for n in (1, 2, 3))
    _connect(
        store,
        connection(one, two, destination="orders", relation="link"),
        connection(two, three, consumer_service_name="stock", confidence=0.5),
        connection(three, one, producer_service_name="stock", consumer_service_name=None),
    )
    assert _consumers(store) == [2, 1]
    assert _consumers(store, min_confidence=0.0) == [3, 2, 1]
    assert _consumers(store, trace=(1, 3), min_confidence=0.0) == [3, 1]
    assert _consumers(store, trace=(2, 3)) == []
    assert _consumers(store, service="stock", min_confidence=0.0) == [3, 1]
    assert _consumers(store, destination="orders") == [2]
    assert _consumers(store, relation="link") == [2]
    assert _consumers(store, start=2) == [2]
    assert _consumers(store, end=2) == [1]
    assert _consumers(store, start=-(10**30), end=10**30) == [2, 1]


def test_connections_of_traces_by_end_are_ordered_and_complete(store: SpanStore) -> None:
    one, two, three = (span(n, n) for n in (1, 2, 3))
    rows = [connection(two, three, confidence=0.1), connection(one, two), connection(one, one)]
    _connect(store, *rows)
    for end, expected in {"producer": [3], "consumer": [2], "either": [2, 3]}.items():
        found = store.connections_of(traces(2, 2, 77), end)  # type: ignore[arg-type] # a Literal
        assert found.column("consumer_trace_lo").to_pylist() == expected
    both = store.connections_of(traces(1), "either").to_pylist()
    assert [r["consumer_trace_lo"] for r in both] == [1, 2]


def test_connections_are_paged_without_gaps_or_repeats(store: SpanStore) -> None:
    starts = [3, 1, 3, 2, 3]
    consumers = [span(n, n, start_time_unix_nano=s) for n, s in enumerate(starts)]
    _connect(store, *(connection(span(9, 9), consumer) for consumer in consumers))
    seen, after = [], None
    for _ in starts:
        rows = store.connections(ConnectionQuery(), Page(2, after))
        seen += [r["consumer_trace_lo"] for r in rows.table.to_pylist()]
        after = rows.next
        if after is None:
            break
    assert seen == [0, 2, 4, 3, 1]
    exact = store.connections(ConnectionQuery(), Page(5))
    assert (exact.table.num_rows, exact.next) == (5, None)


def test_a_mark_of_another_list_is_a_value_error(store: SpanStore) -> None:
    _orphan(store, owned(span(1, 1)), owned(span(2, 2)))
    mark = store.orphans(OrphanQuery(), Page(1)).next
    assert mark is not None
    with pytest.raises(ValueError, match="page mark"):
        store.connections(ConnectionQuery(), Page(1, mark))


def test_orphans_are_chosen_by_every_condition(store: SpanStore) -> None:
    one, two, three = (span(n, n) for n in (1, 2, 3))
    store.append(make_batch([one]), 100)
    store.append(make_batch([two, three]), 200)
    _orphan(
        store,
        owned(one, cause_code="S1", destination="orders", expected=True),
        owned(two, cause_code="S1", service_name="stock"),
        owned(three, cause_code="K1", service_name=None),
    )
    assert _roots(store) == [3, 2, 1]
    assert _roots(store, trace=(1, 2)) == [2]
    assert _roots(store, cause="S1") == [2, 1]
    assert _roots(store, service="stock") == [2]
    assert _roots(store, destination="orders") == [1]
    assert _roots(store, expected=True) == [1]
    assert _roots(store, expected=False) == [3, 2]
    assert _roots(store, settled=True, settled_before_unix_nano=200) == [1]
    assert _roots(store, settled=False, settled_before_unix_nano=200) == [3, 2]
    assert _roots(store, settled=True) == []
    assert _roots(store, start=2, end=3) == [2]


def test_orphans_tell_when_their_root_was_first_stored(store: SpanStore) -> None:
    store.append(make_batch([span(1, 1, 1)]), 500)
    store.append(make_batch([span(1, 1, 2), span(1, 1, 1)]), 400)
    _orphan(store, owned(span(1, 1)), owned(span(2, 2)))
    rows = store.orphans(OrphanQuery(), Page()).table.to_pylist()
    assert [(r["trace_lo"], r["stored_at_unix_nano"]) for r in rows] == [(2, 0), (1, 500)]
    (row,) = store.orphans_of(traces(1)).to_pylist()
    assert row["stored_at_unix_nano"] == 500


def test_edges_count_what_connected_and_what_did_not(store: SpanStore) -> None:
    rows = [span(n, n) for n in range(1, 8)]
    kind = {"destination": "orders", "system": "kafka", "consumer_environment": "prod"}
    made = [
        connection(rows[0], rows[1], **kind, relation="link", wait_nano=10, attempt=1),
        connection(rows[0], rows[2], **kind, relation="stitch", wait_nano=900, attempt=2),
        connection(rows[0], rows[3], **kind, relation="parent", wait_nano=30, dead_letter=True),
        connection(rows[0], rows[4], **kind, confidence=0.79),
    ]
    _connect(store, *made)
    same = {"destination": "orders", "system": "kafka", "environment": "prod"}
    _orphan(
        store,
        owned(rows[5], **same, producer_service_name="orders"),
        owned(rows[6], **same, producer_service_name="orders", producer_span_id=3),
    )
    (edge,) = store.edges().to_pylist()
    assert edge == {
        "environment": "prod",
        "service_namespace": None,
        "producer_service_name": "orders",
        "system": "kafka",
        "destination": "orders",
        "scope": None,
        "consumer_service_name": "payments",
        "consumer_group": None,
        "count": 4,
        "parent": 1,
        "link": 1,
        "stitch": 1,
        "redeliveries": 1,
        "dead_letters": 1,
        "wait_p50_nano": 10,
        "wait_p95_nano": 30,
        "wait_p99_nano": 30,
        "first_seen_unix_nano": 2,
        "last_seen_unix_nano": 6,
    }


def test_a_dead_letter_that_brings_its_count_of_attempts_is_no_redelivery(
    store: SpanStore,
) -> None:
    sent, read = span(1, 1), span(2, 2)
    _connect(store, connection(sent, read, relation="parent", attempt=4, dead_letter=True))
    (edge,) = store.edges().to_pylist()
    assert (edge["redeliveries"], edge["dead_letters"]) == (0, 1)


def test_an_edge_without_waits_has_none(store: SpanStore) -> None:
    _orphan(store, owned(span(1, 1)))
    (edge,) = store.edges().to_pylist()
    assert (edge["count"], edge["wait_p50_nano"], edge["redeliveries"]) == (1, None, 0)


def test_endpoints_are_chosen_by_every_condition(store: SpanStore) -> None:
    one, two, three = (span(n, n) for n in (1, 2, 3))
    ends = [
        owned(one, role="send", environment="prod", system="kafka"),
        owned(two, role="process", service_namespace="shop", service_name="pay")
        | {"service_version": "2", "relation": "link"},
        owned(three, role="process", destination="orders", span_name="publish", relation="stitch"),
    ]
    rows = [connection(one, two), connection(one, three, confidence=0.3)]
    store.replace_connections(
        traces(1, 2, 3), make_table(schema.ENDPOINTS, ends), make_table(schema.CONNECTIONS, rows)
    )

    def found(limit: int = 10, **conditions: Any) -> list[int]:
        rows = store.endpoints(EndpointQuery(**conditions), limit).to_pylist()
        return [row["trace_lo"] for row in rows]

    assert found() == [3, 2, 1]
    assert found(limit=2) == [3, 2]
    assert found(role="send") == found(environment="prod") == found(system="kafka") == [1]
    assert found(service_namespace="shop") == found(service_name="pay") == [2]
    assert found(service_version="2") == found(propagated=True) == [2]
    assert found(destination="orders") == found(span_name="publish") == [3]
    assert found(destination="orders", role="send") == []
    assert found(start=2, end=3) == [2]
    assert found(unconnected=True) == [3]


def test_endpoints_are_grouped_by_what_they_are(store: SpanStore) -> None:
    same = {"role": "send", "destination": "orders", "span_name": "publish"}
    ends = [owned(span(n, n), **same) for n in (1, 2)]
    other = owned(span(3, 3), **same | {"has_children": True})
    _end(store, *ends, other)
    first, second = store.endpoint_facts().to_pylist()
    assert (first["count"], first["first_start_unix_nano"], first["last_start_unix_nano"]) == (
        2,
        1,
        2,
    )
    assert (second["count"], second["has_children"]) == (1, True)


def test_a_store_that_is_well_passes_its_check(store: SpanStore) -> None:
    store.append(make_batch([span(1, 1)]), 1)
    store.check()
    assert store.status().generation == 1
