"""Look-ups and search over spans, on every engine."""

import json
from dataclasses import replace

import pytest

from storage import schema
from storage.contract import Page, SearchQuery, SpanStore
from tests.contract.rows import (
    Row,
    correlated,
    make_batch,
    resource,
    span,
    trace_numbers,
    traces,
)

HOSTILE_KEYS = [
    "a.b", "a/b", "a~b", "~1", "~0", "$", "$.a", "$[0]", "*", "$.*", "a\"b", "a'b", "", " ", "/",
    "0", "#", "#-1", "'; DROP TABLE spans; --", "é", "𝕏", "a\\b", "a\nb", "[0]", "{}", "a" * 500,
    "a\x00b", "a\tb",
]  # fmt: skip


def _found(store: SpanStore, **conditions: object) -> list[int]:
    return trace_numbers(store.search(SearchQuery(**conditions), Page()).table)  # type: ignore[arg-type] # keyword conditions


def test_join_keys_are_left_out_where_they_are_not_asked_for(store: SpanStore) -> None:
    one = span(1, 1)
    store.append(make_batch([one], correlation=[correlated(one, "123")]), 1)
    whole, rest = store.spans_of(traces(1)), store.spans_of(traces(1), keys=False)
    assert whole.keys.num_rows
    assert rest == replace(whole, keys=schema.KEYS.empty_table())


def test_correlation_finds_spans_by_key_and_text(store: SpanStore) -> None:
    rows = [span(1, 1), span(1, 1, 5), span(2, 2)]
    values = [correlated(row, "123") for row in rows] + [correlated(rows[0], "x", "request.id")]
    store.append(make_batch(rows, correlation=values), 1)
    found = store.spans_with_correlation("order.id", "123").to_pylist()
    assert sorted((r["trace_lo"], r["span_id"]) for r in found) == [(1, 1), (2, 2)]
    assert store.spans_with_correlation("order.id", "12").num_rows == 0
    assert store.spans_with_correlation("request.id", "123").num_rows == 0
    assert set(trace_numbers(store.traces_with_correlation("order.id", "123"))) == {1, 2}
    assert store.traces_with_correlation("order.id", "12").num_rows == 0
    assert store.correlation_keys() == ["order.id", "request.id"]
    of_traces = store.correlation_of(traces(2, 1)).to_pylist()
    assert [(r["trace_lo"], r["key"], r["value"]) for r in of_traces] == [
        (1, "order.id", "123"),
        (1, "request.id", "x"),
        (2, "order.id", "123"),
    ]


def test_recent_values_start_with_the_one_on_the_newest_span(store: SpanStore) -> None:
    starts = {"a": 30, "b": 10, "c": 20, "d": 20}
    rows = {
        value: span(n, n, start_time_unix_nano=s) for n, (value, s) in enumerate(starts.items())
    }
    late = span(9, 9, start_time_unix_nano=40)
    values = [correlated(row, value) for value, row in rows.items()] + [correlated(late, "b")]
    store.append(make_batch([*rows.values(), late], correlation=values), 1)
    assert store.recent_correlation("order.id", 3) == ["b", "a", "c"]
    assert store.recent_correlation("request.id", 3) == []


def test_services_are_named_once_sorted_and_without_the_nameless(store: SpanStore) -> None:
    names = ["b", "a", None, "b", "é"]
    resources = [resource(n, name) for n, name in enumerate(names)]
    store.append(make_batch([span(1, 1)], resources=resources), 1)
    assert store.services() == ["a", "b", "é"]


def test_a_summary_tells_root_services_counts_and_times(store: SpanStore) -> None:
    rows = [
        span(1, 1, parent_span_id=2, name="child", resource_id=1, start_time_unix_nano=1),
        span(1, 2, name="root", resource_id=2, start_time_unix_nano=5, end_time_unix_nano=90),
        span(1, 3, parent_span_id=2, name="c", resource_id=1, status_code=2),
        span(2, 4, parent_span_id=99, name="its parent is missing"),
        span(3, 5, parent_span_id=5, name="its own parent", resource_id=3),
    ]
    names = {1: "payments", 2: "orders", 3: None, 7: "shop"}
    resources = [resource(number, name) for number, name in names.items()]
    store.append(make_batch(rows, resources=resources), 1)
    found = {r["trace_lo"]: r for r in store.search(SearchQuery(), Page()).table.to_pylist()}
    assert found[1] == {
        "trace_hi": 1,
        "trace_lo": 1,
        "root_name": "root",
        "root_service_name": "orders",
        "service_names": ["orders", "payments"],
        "span_count": 3,
        "error_count": 1,
        "start_time_unix_nano": 1,
        "end_time_unix_nano": 90,
    }
    assert found[2]["root_name"] == "its parent is missing"
    assert found[3]["root_name"] == "its own parent"
    assert (found[3]["root_service_name"], found[3]["service_names"]) == (None, [])


def test_conditions_hold_for_one_and_the_same_span(store: SpanStore) -> None:
    rows = [
        span(1, 1, name="a", status_code=2),
        span(1, 2, name="b", status_code=1),
        span(2, 3, name="b", status_code=2, resource_id=8),
    ]
    values = [correlated(rows[0], "1"), correlated(rows[2], "1")]
    batch = make_batch(rows, correlation=values, resources=[resource(), resource(8, "pay")])
    store.append(batch, 1)
    assert _found(store, name="b", status="error") == [2]
    assert _found(store, name="b", attributes=(("order.id", "1"),)) == [2]
    assert _found(store, name="b") == [1, 2]
    assert _found(store, service="pay", status="ok") == []
    assert _found(store, service="pay") == [2]
    assert _found(store, status="unset") == []


def test_times_and_durations_bound_spans(store: SpanStore) -> None:
    rows = [
        span(1, 1, start_time_unix_nano=10, end_time_unix_nano=20),
        span(2, 2, start_time_unix_nano=20, end_time_unix_nano=50),
        span(3, 3, start_time_unix_nano=1, end_time_unix_nano=2**63 - 1),
    ]
    store.append(make_batch(rows), 1)
    assert _found(store, start=10, end=20) == [1]
    assert _found(store, start=20) == [2]
    assert _found(store, min_duration_nano=30) == [2, 3]
    assert _found(store, min_duration_nano=31) == [3]
    assert _found(store, start=-(10**30), end=10**30) == [1, 2, 3]
    assert _found(store, start=10**30) == []


def test_numbers_booleans_and_strings_are_compared_as_text(store: SpanStore) -> None:
    values = [123, "123", True, 1.5, 2**63, [1, "a"], {"k": None}, None, "true"]
    stored = [json.dumps({"k.v": value}, separators=(",", ":")) for value in values]
    rows = [span(n, n, attributes=text) for n, text in enumerate(stored)]
    store.append(make_batch(rows), 1)
    texts = {
        "123": [0, 1],
        "true": [2, 8],
        "1.5": [3],
        str(2**63): [4],
        '[1,"a"]': [5],
        '{"k":null}': [6],
        "null": [],
        "": [],
    }
    for text, expected in texts.items():
        assert _found(store, attributes=(("k.v", text),)) == expected


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_an_attribute_name_means_nothing_but_itself(store: SpanStore, key: str) -> None:
    rows = [
        span(1, 1, attributes=json.dumps({key: "v", "other": "w"}, ensure_ascii=False)),
        span(2, 2, attributes=json.dumps({"a": {"b": "v"}, "b": ["v"]})),
    ]
    store.append(make_batch(rows), 1)
    assert _found(store, attributes=((key, "v"),)) == [1]
    assert _found(store, attributes=((key, "w"),)) == []


def test_every_spelling_of_a_correlation_key_finds_the_id(store: SpanStore) -> None:
    rows = [span(1, 1, attributes='{"orderId":"5"}'), span(2, 2, attributes='{"order.id":"5"}')]
    store.append(make_batch(rows, correlation=[correlated(row, "5") for row in rows]), 1)
    for key in ("order.id", "orderId", "app.order_id"):
        assert _found(store, attributes=((key, "5"),)) == [1, 2]


def test_traces_are_paged_newest_first_without_gaps_or_repeats(store: SpanStore) -> None:
    starts = [5, 9, 9, 1, 9, 7]
    store.append(make_batch([span(n, n, start_time_unix_nano=s) for n, s in enumerate(starts)]), 1)
    seen, after = [], None
    for _ in range(len(starts)):
        rows = store.search(SearchQuery(), Page(2, after))
        seen.append([r["trace_lo"] for r in rows.table.to_pylist()])
        after = rows.next
        if after is None:
            break
    assert seen == [[1, 2], [4, 5], [0, 3]]


def test_what_arrives_while_paging_moves_nothing(store: SpanStore) -> None:
    store.append(make_batch([span(n, n) for n in range(4)]), 1)
    first = store.search(SearchQuery(), Page(2))
    store.append(make_batch([span(9, 900)]), 1)
    second = store.search(SearchQuery(), Page(2, first.next))
    assert [r["trace_lo"] for r in second.table.to_pylist()] == [1, 0]


@pytest.mark.parametrize("mark", ["", "x", "W10", "WzEsMl0", "é", "WzEsMiwtMV0", "A" * 10_000])
def test_a_forged_page_mark_is_a_value_error(store: SpanStore, mark: str) -> None:
    with pytest.raises(ValueError, match="page mark"):
        store.search(SearchQuery(), Page(2, mark))


def test_texts_in_a_query_are_values_and_never_sql(store: SpanStore) -> None:
    store.append(make_batch([span(1, 1)]), 1)
    for text in ("'; DROP TABLE spans; --", '"', "\x00", "$1", "%", "{}"):
        assert _found(store, name=text) == _found(store, service=text) == []
        assert _found(store, attributes=((text, text),)) == []
        assert store.spans_with_correlation(text, text).num_rows == 0
    assert store.status().spans == 1


def test_ids_use_all_64_bits(store: SpanStore) -> None:
    top = 2**64 - 1
    one: Row = span(top, top, trace_hi=top, start_time_unix_nano=1, end_time_unix_nano=2)
    store.append(make_batch([one]), 1)
    assert store.traces_of_span(top).to_pylist() == [{"trace_hi": top, "trace_lo": top}]
