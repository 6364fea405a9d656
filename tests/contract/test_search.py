"""What a search finds and how it goes back in time, on every engine."""

import json

import pytest

from storage import schema
from storage.contract import Page, SearchQuery, SpanStore
from storage.join_keys import KINDS, hash_key
from tests.contract.rows import (
    Row,
    correlated,
    make_batch,
    make_table,
    owned,
    resource,
    scope,
    span,
    trace_numbers,
    traces,
)


def _found(store: SpanStore, **conditions: object) -> list[int]:
    return trace_numbers(store.search(SearchQuery(**conditions), Page()).table)  # type: ignore[arg-type] # keyword conditions


def test_attributes_of_resource_and_scope_count_as_the_span_has_them(store: SpanStore) -> None:
    resources = [resource(1, "shop", attributes='{"k8s.pod.name":"shop-1"}'), resource(2, "pay")]
    scopes = [scope(1, attributes='{"library.flavour":"async"}'), scope(2)]
    rows = [
        span(1, 1, resource_id=1, scope_id=2),
        span(2, 2, resource_id=2, scope_id=1, attributes='{"k8s.pod.name":"shop-1"}'),
        span(3, 3, resource_id=2, scope_id=2),
    ]
    store.append(make_batch(rows, resources=resources, scopes=scopes), 1)
    assert _found(store, attributes=(("k8s.pod.name", "shop-1"),)) == [1, 2]
    assert _found(store, attributes=(("library.flavour", "async"),)) == [2]
    both = (("k8s.pod.name", "shop-1"), ("library.flavour", "async"))
    assert _found(store, attributes=both) == [2]


def test_several_attributes_hold_for_one_and_the_same_span(store: SpanStore) -> None:
    rows = [
        span(1, 1, attributes='{"a":"1","b":"2"}'),
        span(2, 2, attributes='{"a":"1"}'),
        span(2, 3, attributes='{"b":"2"}'),
    ]
    values = [correlated(rows[0], "5"), correlated(rows[1], "5"), correlated(rows[1], "w", "job")]
    store.append(make_batch(rows, correlation=values), 1)
    assert _found(store, attributes=(("a", "1"), ("b", "2"))) == [1]
    assert _found(store, attributes=(("order.id", "5"), ("b", "2"))) == [1]
    assert _found(store, attributes=(("order.id", "5"), ("job", "w"))) == [2]
    assert _found(store, attributes=(("order.id", "5"), ("job", "v"))) == []


def test_a_value_is_compared_as_its_text(store: SpanStore) -> None:
    attributes = {
        "object": {"x": [1, 2.5], "y": "é"},
        "large": 12345678901234567890,
        "flag": True,
        "nothing": None,
        "number": 1.5,
        "a.b'\\/~": 'say "é"',
        "nested": {"inner": 1},
    }
    texts = [
        json.dumps(each, ensure_ascii=False, separators=(",", ":"))
        for each in (attributes, {"number": "1.5"})
    ]
    rows = [span(n, n, attributes=text) for n, text in enumerate(texts, 1)]
    store.append(make_batch(rows), 1)
    expected = {
        ("object", '{"x":[1,2.5],"y":"é"}'): [1],
        ("object", '{"x":[1,2.50],"y":"é"}'): [],
        ("large", "12345678901234567890"): [1],
        ("flag", "true"): [1],
        ("flag", '"true"'): [],
        ("nothing", "null"): [],
        ("nothing", ""): [],
        ("absent", ""): [],
        ("number", "1.5"): [1, 2],
        ("a.b'\\/~", 'say "é"'): [1],
        ("inner", "1"): [],
    }
    assert {each: _found(store, attributes=(each,)) for each in expected} == expected


def test_a_key_that_spans_carry_is_looked_up_and_no_other(store: SpanStore) -> None:
    rows = [span(1, 1, attributes='{"tenant":"T"}'), span(2, 2, attributes='{"tenant":"T"}')]
    store.append(make_batch(rows), 1)
    assert _found(store, attributes=(("tenant", "T"),)) == [1, 2]
    late = span(3, 3, attributes='{"tenant":"T"}')
    store.append(make_batch([late], correlation=[correlated(late, "T", "tenant")]), 1)
    assert _found(store, attributes=(("tenant", "T"),)) == [3]


def test_a_part_of_a_name_is_found_in_small_and_capital_letters(store: SpanStore) -> None:
    names = ["Order.Publish", "order.process", "100% of_it", "Ünder"]
    store.append(make_batch([span(n, n, name=name) for n, name in enumerate(names)]), 1)
    assert _found(store, name_contains="ORDER.P") == [0, 1]
    assert _found(store, name_contains="0% of_") == [2]
    assert _found(store, name_contains="%") == [2]
    assert _found(store, name_contains="ü") == [3]
    assert _found(store, name_contains="order.publish.") == []


def test_durations_have_an_upper_bound_too(store: SpanStore) -> None:
    store.append(make_batch([span(n, n, end_time_unix_nano=n + 10 * n) for n in (1, 2, 3)]), 1)
    assert _found(store, max_duration_nano=20) == [1, 2]
    assert _found(store, min_duration_nano=20, max_duration_nano=20) == [2]


def test_problems_are_those_of_the_whole_trace(store: SpanStore) -> None:
    rows = [span(n, n, name="first") for n in range(1, 6)]
    rows += [span(n, n + 10, name="second", status_code=2 if n == 1 else 0) for n in range(1, 6)]
    store.append(make_batch(rows), 1)
    endpoints = [
        owned(rows[1], role="process", dead_letter=True),
        owned(rows[2], role="send", dead_letter=True),
    ]
    store.replace_connections(
        traces(1, 2, 3), make_table(schema.ENDPOINTS, endpoints), schema.CONNECTIONS.empty_table()
    )
    orphans = [
        owned(rows[2], cause_code="S1"),
        owned(rows[3], cause_code="S1", expected=True),
        owned(rows[4], cause_code="S1", hidden=True),
    ]
    store.replace_orphans(traces(3, 4, 5), make_table(schema.ORPHANS, orphans), 1)
    assert _found(store, problem="error", name="first") == [1]
    assert _found(store, problem="dead-letter", name="first") == [2]
    assert _found(store, problem="orphan", name="second") == [3]


def test_a_trace_stands_where_its_newest_span_that_is_asked_for_does(store: SpanStore) -> None:
    rows = [
        span(1, 1, name="a", start_time_unix_nano=10),
        span(1, 2, name="b", start_time_unix_nano=90),
        span(2, 3, name="a", start_time_unix_nano=20),
        span(3, 4, name="a", start_time_unix_nano=30),
    ]
    store.append(make_batch(rows), 1)
    assert _order(store, SearchQuery()) == [1, 3, 2]
    assert _order(store, SearchQuery(name="a")) == [3, 2, 1]
    assert _order(store, SearchQuery(end=40)) == [3, 2, 1]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_trace_of_many_spans_is_on_one_page_only(store: SpanStore, size: int) -> None:
    rows = [
        span(n, 10 * n + i, start_time_unix_nano=i * 100 // n + n % 2)
        for n in range(1, 7)
        for i in range(5)
    ]
    store.append(make_batch(rows), 1)
    whole = _order(store, SearchQuery())
    assert sorted(whole) == [1, 2, 3, 4, 5, 6]
    seen: list[int] = []
    after: str | None = None
    for _ in range(7):
        found = store.search(SearchQuery(), Page(size, after))
        seen += [row["trace_lo"] for row in found.table.to_pylist()]
        after = found.next
        assert (found.back_to is None) == (after is None)
        if after is None:
            break
    assert seen == whole


def test_a_search_that_may_look_at_little_finds_all_in_the_end(store: SpanStore) -> None:
    rows = [
        span(n, n, start_time_unix_nano=n, attributes=json.dumps({"n": n % 7})) for n in range(100)
    ]
    store.append(make_batch(rows), 1)
    seen: list[int] = []
    after: str | None = None
    while True:
        found = store.search(SearchQuery(attributes=(("n", "3"),)), Page(5, after), scan=10)
        seen += [row["trace_lo"] for row in found.table.to_pylist()]
        after = found.next
        if after is None:
            break
    assert seen == [n for n in reversed(range(100)) if n % 7 == 3]


def test_summaries_of_traces_that_are_named(store: SpanStore) -> None:
    rows: list[Row] = [span(n, n, start_time_unix_nano=n, name=f"n{n}") for n in (1, 2, 3)]
    store.append(make_batch(rows), 1)
    found = store.summaries_of(traces(1, 3, 9)).to_pylist()
    assert [(row["trace_lo"], row["root_name"]) for row in found] == [(3, "n3"), (1, "n1")]
    assert store.summaries_of(traces()).num_rows == 0


def test_traces_are_found_by_the_low_half_of_their_id(store: SpanStore) -> None:
    rows = [span(5, 1, trace_hi=1), span(5, 2, trace_hi=2), span(6, 3)]
    store.append(make_batch(rows), 1)
    found = store.traces_ending_in(5).to_pylist()
    assert sorted(row["trace_hi"] for row in found) == [1, 2]
    assert store.traces_ending_in(7).num_rows == 0


def test_traces_are_found_by_the_message_that_they_name(store: SpanStore) -> None:
    rows = [span(n, n) for n in (1, 2, 3)]
    keys = [
        {"trace_hi": 1, "trace_lo": n, "kind": KINDS["message"], "key_hash": hash_key("message", m)}
        for n, m in ((1, "m-1"), (2, "m-1"), (3, "orders.0.7"))
    ]
    store.append(make_batch(rows, keys=keys), 1)
    assert trace_numbers(store.traces_with_message("m-1", 9)) == [1, 2]
    assert store.traces_with_message("m-1", 1).num_rows == 1
    assert trace_numbers(store.traces_with_message("orders.0.7", 9)) == [3]
    assert store.traces_with_message("m", 9).num_rows == 0


def _order(store: SpanStore, query: SearchQuery) -> list[int]:
    return [row["trace_lo"] for row in store.search(query, Page()).table.to_pylist()]
