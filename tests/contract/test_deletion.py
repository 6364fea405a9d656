"""Deleting the oldest spans, on every engine."""

from typing import Any

import pytest

from storage import schema
from storage.contract import ConnectionQuery, OrphanQuery, Page, SpanStore
from storage.deletion import Deleted
from storage.results import ENDPOINT_KEY
from tests.contract.rows import (
    connection,
    correlated,
    link,
    make_batch,
    make_table,
    message,
    owned,
    part,
    span,
    trace_numbers,
    traces,
)


def full_batch(*spans: dict[str, Any]) -> schema.SpanBatch:
    """Each with a link, an event, a message and a correlation value of its own."""
    return make_batch(
        spans,
        links=[link(row, 99, position=0) for row in spans],
        events=[part(row, name="e") for row in spans],
        messaging=[message(row, message_id=f"m-{row['trace_lo']}") for row in spans],
        correlation=[correlated(row, str(row["trace_lo"])) for row in spans],
    )


@pytest.fixture
def three(store: SpanStore) -> SpanStore:
    """Traces 1, 2 and 3 in generations 1, 2 and 3; trace 1 also in generation 3."""
    store.append(full_batch(span(1, 1)), 100)
    store.append(full_batch(span(2, 2), span(2, 3)), 200)
    store.append(full_batch(span(3, 4), span(1, 5)), 300)
    return store


def test_the_oldest_generations_are_told_whole_and_in_their_order(three: SpanStore) -> None:
    first, second, third = (
        {"generation": n, "stored_at_unix_nano": n * 100, "spans": count}
        for n, count in ((1, 1), (2, 2), (3, 2))
    )
    assert three.oldest_generations(0).to_pylist() == [first]
    assert three.oldest_generations(2).to_pylist() == [first, second]
    assert three.oldest_generations(9).to_pylist() == [first, second, third]


def test_an_empty_store_has_no_generations_and_deletes_nothing(store: SpanStore) -> None:
    assert store.oldest_generations(5).num_rows == 0
    assert store.delete_until(3, traces(1)) == Deleted(0, 0)
    assert store.traces_until(3).num_rows == store.losses_of(traces(1)).num_rows == 0
    assert store.reclaim()


def test_a_deleted_span_takes_everything_under_it(three: SpanStore) -> None:
    assert trace_numbers(three.traces_until(2)) == [1, 2]
    assert three.delete_until(2, traces(1, 2)).spans == 3
    left = three.spans_of(traces(1, 2, 3))
    for name in ("spans", "links", "events", "messaging", "correlation"):
        assert getattr(left, name).num_rows == 2, name
    assert left.keys.num_rows == 4  # a message id and a correlation value each
    assert three.traces_of_span(1).num_rows == three.traces_of_span(2).num_rows == 0
    assert three.spans_with_correlation("order.id", "2").num_rows == 0
    assert three.recent_correlation("order.id", 9) == ["1", "3"]
    assert trace_numbers(three.related_traces(traces(2), 9)) == [2]
    assert trace_numbers(three.traces_since(0, 9)[0]) == [1, 3]


def test_the_status_follows_what_is_deleted(three: SpanStore) -> None:
    three.replace_orphans(traces(1), schema.ORPHANS.empty_table(), 2)
    assert (three.status().spans, three.status().pending_spans) == (5, 2)
    three.delete_until(2, traces(1, 2))
    status = three.status()
    assert three.count_spans() == status.spans
    assert (status.spans, status.traces, status.pending_spans) == (2, 2, 2)
    assert (status.generation, status.analysed_generation) == (3, 2)
    assert (status.oldest_unix_nano, status.newest_unix_nano) == (4, 15)


def test_generations_go_on_when_everything_is_deleted(three: SpanStore) -> None:
    assert three.delete_until(3, traces()).spans == 5
    status = three.status()
    assert (status.spans, status.generation, status.pending_spans) == (0, 3, 0)
    assert status.oldest_unix_nano is status.newest_unix_nano is None
    assert three.traces_since(0, 9)[1] == 3
    assert three.append(full_batch(span(7, 7)), 400).generation == 4


def test_a_deleted_span_that_is_sent_again_is_new(three: SpanStore) -> None:
    three.delete_until(1, traces(1))
    again = three.append(full_batch(span(1, 1), span(2, 2)), 400)
    assert (again.stored, again.duplicates, again.conflicts) == (1, 1, 0)
    assert three.oldest_generations(99).to_pylist()[-1] == {
        "generation": 4,
        "stored_at_unix_nano": 400,
        "spans": 1,
    }
    assert three.spans_of(traces(1)).links.num_rows == 2


def test_another_content_of_the_same_ids_stays(store: SpanStore) -> None:
    store.append(full_batch(span(1, 1, content=1)), 1)
    store.append(full_batch(span(1, 1, content=2)), 2)
    store.delete_until(1, traces(1))
    left = store.spans_of(traces(1))
    assert left.spans["content_hash"].to_pylist() == left.events["content_hash"].to_pylist() == [2]
    assert store.append(full_batch(span(1, 1, content=1)), 3).conflicts == 1


def answer(store: SpanStore) -> None:
    """Spans 1, 2 and 4 are endpoints and orphans, 1 sends to 2, 2 to 4, 4 to 1."""
    ends = {1: span(1, 1), 2: span(2, 2), 4: span(3, 4)}
    roles = {1: "send", 2: "process", 4: "process"}
    store.replace_connections(
        traces(1, 2, 3),
        make_table(schema.ENDPOINTS, [owned(ends[n], role=roles[n], system=f"s{n}") for n in ends]),
        make_table(
            schema.CONNECTIONS,
            [connection(ends[a], ends[b]) for a, b in ((1, 2), (2, 4), (4, 1))],
        ),
    )
    orphans = make_table(schema.ORPHANS, [owned(ends[n], cause_code="S1") for n in ends])
    store.replace_orphans(traces(1, 2, 3), orphans, 3)


def test_answers_go_with_their_span_and_connections_with_their_consumer(three: SpanStore) -> None:
    answer(three)
    three.delete_until(2, traces(1, 2, 3))
    every = Page(99)
    left = three.connections(ConnectionQuery(min_confidence=0.0), every).table.to_pylist()
    assert [(row["producer_span_id"], row["consumer_span_id"]) for row in left] == [(2, 4)]
    assert three.orphans(OrphanQuery(), every).table["span_id"].to_pylist() == [4]
    assert three.endpoints_of(traces(1, 2, 3))["span_id"].to_pylist() == [4]
    assert [fact["system"] for fact in three.endpoint_facts().to_pylist()] == ["s4"]


def test_what_was_known_of_deleted_endpoints_is_remembered_once(three: SpanStore) -> None:
    answer(three)
    for generation in (1, 2):
        answer(three)
        three.delete_until(generation, traces(1, 2))
    facts = three.past_facts()
    assert facts.column_names == ENDPOINT_KEY
    assert sorted((fact["role"], fact["system"]) for fact in facts.to_pylist()) == [
        ("process", "s2"),
        ("send", "s1"),
    ]


def test_traces_that_keep_a_span_have_lost_something(three: SpanStore) -> None:
    three.delete_until(2, traces(1, 2, 3, 77))
    assert trace_numbers(three.losses_of(traces(1, 2, 3, 77))) == [1, 3]
    assert three.losses_of(traces(2)).num_rows == 0


def test_losses_and_facts_last_until_all_spans_stored_then_are_deleted(three: SpanStore) -> None:
    answer(three)
    assert three.delete_until(1, traces(3)) == Deleted(1, 0)
    three.append(full_batch(span(3, 8)), 400)
    assert three.delete_until(2, traces()) == Deleted(2, 0)
    assert three.losses_of(traces(3)).num_rows == 1
    # Everything of generation 3, the newest when span 1 was deleted; the facts of span 2
    # and of span 4 were noted later.
    assert three.delete_until(3, traces()) == Deleted(2, 1)
    assert three.losses_of(traces(3)).num_rows == 0
    assert sorted(fact["system"] for fact in three.past_facts().to_pylist()) == ["s2", "s4"]
    assert three.delete_until(4, traces()) == Deleted(1, 2)
    assert three.past_facts().num_rows == 0


def test_forgetting_the_answers_forgets_facts_of_the_past_and_keeps_what_was_lost(
    three: SpanStore,
) -> None:
    answer(three)
    three.delete_until(1, traces(3))
    three.forget_answers()
    assert three.losses_of(traces(3)).num_rows == 1
    assert three.past_facts().num_rows == 0


def test_spans_since_a_generation_are_those_of_later_ones(three: SpanStore) -> None:
    found = three.spans_since(2, traces(1, 2))
    assert found.to_pylist() == [{"trace_hi": 1, "trace_lo": 1, "span_id": 5}]
    assert three.spans_since(3, traces(1, 2, 3)).num_rows == 0
