"""What the analyzer fetches, on every engine."""

import pyarrow as pa
import pytest

from storage import schema
from storage.contract import SpanStore
from storage.join_keys import KINDS, hash_key
from tests.contract.rows import (
    Row,
    correlated,
    link,
    make_batch,
    message,
    part,
    resource,
    scope,
    span,
    trace_numbers,
    traces,
)


def test_what_to_analyse_next_are_whole_generations_oldest_first(store: SpanStore) -> None:
    for number in range(1, 6):
        rows = [span(number, 10 * number + n) for n in range(3)]
        store.append(make_batch(rows, messaging=[message(row) for row in rows]), 1)
    found, upto = store.traces_since(0, 1)
    assert (trace_numbers(found), upto) == ([1], 1)
    found, upto = store.traces_since(1, 4)
    assert (trace_numbers(found), upto) == ([2, 3], 3)
    found, upto = store.traces_since(0, 1000)
    assert (trace_numbers(found), upto) == ([1, 2, 3, 4, 5], 5)


def test_without_anything_new_the_newest_generation_is_complete(store: SpanStore) -> None:
    assert store.traces_since(0, 10) == (schema.TRACE_IDS.empty_table(), 0)
    store.append(make_batch([span(1, 1)]), 1)
    found, upto = store.traces_since(1, 10)
    assert (found.num_rows, upto) == (0, 1)


def test_plain_traces_are_passed_over_but_counted_as_done(store: SpanStore) -> None:
    store.append(make_batch([span(1, 1)]), 1)
    found, upto = store.traces_since(0, 10)
    assert (found.num_rows, upto) == (0, 1)


def test_a_plain_span_brings_its_trace_when_an_earlier_span_had_a_message(
    store: SpanStore,
) -> None:
    store.append(make_batch([span(1, 1)], messaging=[message(span(1, 1))]), 1)
    store.append(make_batch([span(1, 2), span(3, 3)]), 1)
    found, upto = store.traces_since(1, 10)
    assert (trace_numbers(found), upto) == ([1], 2)


def test_a_key_that_more_traces_have_than_the_limit_is_hot(store: SpanStore) -> None:
    rows = [span(number, number) for number in range(1, 5)]
    values = {1: "A", 2: "A", 3: "A", 4: "B"}
    store.append(
        make_batch(rows, correlation=[correlated(row, values[row["trace_lo"]]) for row in rows]), 1
    )
    store.append(make_batch([span(1, 9)], correlation=[correlated(span(1, 9), "A")]), 1)

    assert store.hot_keys(traces(1), 3).num_rows == 0
    (hot,) = store.hot_keys(traces(1, 4), 2)["key_hash"].to_pylist()
    assert hot == hash_key("correlation", "order.id", "A")
    assert store.hot_keys(traces(4), 2).num_rows == 0
    assert store.hot_keys(traces(7), 0).num_rows == 0


def test_traces_are_told_whose_key_became_hot_since(store: SpanStore) -> None:
    for number in range(1, 6):
        one = span(number, number)
        store.append(make_batch([one], correlation=[correlated(one, "A")]), 1)
    store.append(make_batch([span(1, 9)], correlation=[correlated(span(1, 9), "A")]), 1)
    hot = store.hot_keys(traces(1), 2)

    assert trace_numbers(store.heated_traces(hot, 2, 2, 3)) == [1, 2]
    assert trace_numbers(store.heated_traces(hot, 2, 1, 6)) == [1]
    assert store.heated_traces(hot, 2, 3, 6).num_rows == 0  # it was before
    assert store.heated_traces(hot, 2, 1, 2).num_rows == 0  # it is not yet
    assert store.heated_traces(hot.slice(0, 0), 2, 2, 3).num_rows == 0


def test_both_ends_of_a_link_are_to_be_analysed(store: SpanStore) -> None:
    store.append(make_batch([span(1, 1), span(2, 2)], links=[link(span(2, 2), 1)]), 1)
    store.append(make_batch([span(1, 3)]), 1)
    assert trace_numbers(store.traces_since(0, 10)[0]) == [1, 2]
    assert trace_numbers(store.traces_since(1, 10)[0]) == [1]


def _append(store: SpanStore, messages: dict[int, Row]) -> None:
    """A span for each trace number, with one messaging row."""
    spans = {n: span(n, n) for n in messages}
    rows = [message(spans[n], **values) for n, values in messages.items()]
    store.append(make_batch(spans.values(), messaging=rows), 1)


@pytest.mark.parametrize("column", ["message_id", "event_id", "sequence_number"])
def test_traces_that_share_an_id_are_related(store: SpanStore, column: str) -> None:
    _append(store, {1: {column: "a"}, 2: {column: " a\n"}, 3: {column: "A"}, 4: {column: ""}})
    assert trace_numbers(store.related_traces(traces(1), 10)) == [1, 2]
    assert trace_numbers(store.related_traces(traces(3), 10)) == [3]


def test_empty_ids_relate_nothing(store: SpanStore) -> None:
    _append(store, {1: {"message_id": ""}, 2: {"message_id": " "}, 3: {"event_id": ""}})
    assert trace_numbers(store.related_traces(traces(1), 10)) == [1]


def test_a_message_id_joins_an_event_id_but_no_sequence_number(store: SpanStore) -> None:
    _append(store, {1: {"message_id": "7"}, 2: {"event_id": "7"}, 3: {"sequence_number": "7"}})
    assert trace_numbers(store.related_traces(traces(1), 10)) == [1, 2]


def test_a_kafka_position_joins_the_message_id_that_spells_it(store: SpanStore) -> None:
    position = {"destination_name": "orders.eu", "kafka_partition": 3}
    _append(
        store,
        {
            1: position | {"kafka_offset": 17},
            2: {"message_id": "orders.eu.3.17"},
            3: position | {"message_id": "17"},
            4: position | {"kafka_offset": 18},
            5: {"destination_name": "orders.eu", "kafka_offset": 17},
        },
    )
    for number in (1, 2, 3):
        assert trace_numbers(store.related_traces(traces(number), 10)) == [1, 2, 3]


def test_ids_on_links_and_events_relate_too(store: SpanStore) -> None:
    first, second = span(1, 1), span(2, 2)
    rows = [
        message(first, message_id="m"),
        message(second, part="link", position=3, message_id="m"),
    ]
    store.append(make_batch([first, second], messaging=rows), 1)
    assert trace_numbers(store.related_traces(traces(1), 10)) == [1, 2]


def test_correlation_relates_by_key_and_value(store: SpanStore) -> None:
    spans = [span(n, n) for n in range(1, 6)]
    rows = [
        correlated(spans[0], "123"),
        correlated(spans[1], "123"),
        correlated(spans[2], "123", key="request.id"),
        correlated(spans[3], "124"),
    ]
    _append(store, {9: {"message_id": "123"}})
    store.append(make_batch(spans, correlation=rows), 1)
    assert trace_numbers(store.related_traces(traces(1), 10)) == [1, 2]


def test_key_and_value_do_not_run_into_each_other(store: SpanStore) -> None:
    rows = [correlated(span(1, 1), "bc", key="a"), correlated(span(2, 2), "c", key="ab")]
    store.append(make_batch([span(1, 1), span(2, 2)], correlation=rows), 1)
    assert trace_numbers(store.related_traces(traces(1), 10)) == [1]


def test_links_relate_in_both_directions(store: SpanStore) -> None:
    rows = [span(n, n) for n in (1, 2, 3)]
    store.append(make_batch(rows, links=[link(rows[0], 2), link(rows[2], 1)]), 1)
    assert trace_numbers(store.related_traces(traces(1), 10)) == [1, 2, 3]
    assert trace_numbers(store.related_traces(traces(2), 10)) == [1, 2]


def test_related_is_one_step_and_no_more(store: SpanStore) -> None:
    rows = [span(n, n) for n in (1, 2, 3)]
    store.append(make_batch(rows, links=[link(rows[0], 2), link(rows[1], 3)]), 1)
    assert trace_numbers(store.related_traces(traces(1), 10)) == [1, 2]


def test_a_value_of_very_many_spans_connects_nothing(store: SpanStore) -> None:
    _append(store, {n: {"message_id": "1", "event_id": f"e{n // 2}"} for n in range(2, 8)})
    assert trace_numbers(store.related_traces(traces(2), 6)) == [2, 3, 4, 5, 6, 7]
    assert trace_numbers(store.related_traces(traces(2), 5)) == [2, 3]


def test_one_span_that_carries_a_value_often_counts_once(store: SpanStore) -> None:
    first, second = span(1, 1), span(2, 2)
    rows = [message(first, part="event", position=n, message_id="m") for n in range(9)]
    store.append(make_batch([first], messaging=rows), 1)
    again = message(second, message_id="m", event_id="m")
    store.append(make_batch([second, span(1, 1, 5)], messaging=[again]), 1)
    assert trace_numbers(store.related_traces(traces(1), 2)) == [1, 2]


def test_repeated_and_unknown_traces_are_answered_once_and_empty(store: SpanStore) -> None:
    store.append(make_batch([span(1, 1)], correlation=[correlated(span(1, 1), "1")]), 1)
    assert trace_numbers(store.related_traces(traces(1, 1, 8), 10)) == [1, 8]
    assert store.spans_of(traces(1, 1, 8)).spans.num_rows == 1
    assert store.correlation_of(traces(1, 1)).num_rows == 1
    nothing = store.spans_of(traces())
    assert all(getattr(nothing, name).num_rows == 0 for name in schema.BATCH_SCHEMAS)


def test_the_analyzer_reads_everything_but_the_attribute_texts(store: SpanStore) -> None:
    text = '{"order.id":1}'
    one = span(1, 1, attributes=text, name="publish", trace_state="a=b")
    batch = make_batch(
        [one],
        links=[link(one, 2, attributes=text, flags=5)],
        events=[part(one, name="retry", attributes=text)],
        messaging=[message(one, message_id="m", alternatives='{"system":["x"]}')],
        correlation=[correlated(one, "1")],
        resources=[resource(attributes=text)],
        scopes=[scope(attributes=text)],
    )
    store.append(batch, 1)
    whole, read = store.spans_of(traces(1)), store.analysis_input(traces(1))
    for name, columns in schema.BATCH_SCHEMAS.items():
        expected: pa.Table = getattr(whole, name)
        if name in {"spans", "links", "events", "scopes"}:
            at = columns.get_field_index("attributes")
            expected = expected.set_column(at, columns.field(at), pa.array(["{}"], schema.TEXT))
        if name == "keys":
            expected = expected.slice(0, 0)
        assert getattr(read, name).equals(expected), name


def test_spans_are_ordered_by_trace_start_id_and_content(store: SpanStore) -> None:
    rows = [
        span(2, 1, start_time_unix_nano=5),
        span(1, 3, start_time_unix_nano=9),
        span(1, 9, start_time_unix_nano=1),
        span(1, 2, 8, start_time_unix_nano=9),
        span(1, 2, 7, start_time_unix_nano=9),
    ]
    store.append(make_batch(rows), 1)
    found = store.spans_of(traces(1, 2)).spans.to_pylist()
    order = [(r["trace_lo"], r["span_id"], r["content_hash"]) for r in found]
    assert order == [(1, 9, 0), (1, 2, 7), (1, 2, 8), (1, 3, 0), (2, 1, 0)]


def test_many_traces_are_read_at_once(store: SpanStore) -> None:
    rows = [span(n, n) for n in range(1, 3001)]
    store.append(make_batch(rows), 1)
    assert store.spans_of(traces(*range(1, 2001))).spans.num_rows == 2000


def test_traces_that_share_a_key_of_work_are_related_and_to_be_analysed(store: SpanStore) -> None:
    keys = [_key(n, KINDS["work"], value) for n, value in ((1, 7), (1, 8), (2, 8), (3, 9))]
    store.append(make_batch([span(n, n) for n in (1, 2, 3, 4)], keys=keys), 1)
    assert trace_numbers(store.related_traces(traces(2), 10)) == [1, 2]
    assert trace_numbers(store.traces_since(0, 10)[0]) == [1, 2, 3]


def test_keys_of_other_kinds_give_nothing_to_analyse(store: SpanStore) -> None:
    others = [kind for name, kind in KINDS.items() if name != "work"]
    keys = [_key(1, kind, kind) for kind in others]
    store.append(make_batch([span(1, 1)], keys=keys), 1)
    assert store.traces_since(0, 10)[0].num_rows == 0


def _key(trace: int, kind: int, key_hash: int) -> Row:
    return {"trace_hi": 1, "trace_lo": trace, "kind": kind, "key_hash": key_hash}
