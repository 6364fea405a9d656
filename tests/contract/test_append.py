"""What an append stores, counts and drops, on every engine."""

from threading import Thread

import pytest

from storage import schema
from storage.contract import AppendResult, DataRefused, SpanStore, StoreError
from tests.contract.rows import (
    correlated,
    link,
    make_batch,
    make_row,
    make_table,
    message,
    part,
    resource,
    scope,
    span,
    trace_numbers,
    traces,
)
from tests.waiting import join


def test_an_empty_store_has_nothing_and_says_so(store: SpanStore) -> None:
    status = store.status()
    assert (status.engine, status.spans, status.traces) == (store.engine, 0, 0)
    assert (status.generation, status.analysed_generation, status.pending_spans) == (0, 0, 0)
    assert status.oldest_unix_nano is status.newest_unix_nano is None
    assert store.services() == store.correlation_keys() == []
    assert store.edges().num_rows == store.orphan_groups().num_rows == 0


def test_everything_of_a_span_comes_back_as_it_was_appended(store: SpanStore) -> None:
    full = {
        field.name: {
            schema.U64: 2**64 - 1,
            schema.I64: 2**63 - 1,
            schema.U32: 2**32 - 1,
            schema.U8: 255,
            schema.I32: -(2**31),
            schema.FLAG: True,
            schema.TEXT: 'é "\x00\\" 𝕏 ' + field.name,
        }[field.type]
        for columns in schema.BATCH_SCHEMAS.values()
        for field in columns
    } | {"resource_id": 2**64 - 2, "scope_id": 2**64 - 3, "start_time_unix_nano": 1}
    rows = {
        name: [{column: full[column] for column in columns.names}]
        for name, columns in schema.BATCH_SCHEMAS.items()
    }
    batch = make_batch(**rows)
    store.append(batch, 1)
    ids = make_table(schema.TRACE_IDS, [{"trace_hi": 2**64 - 1, "trace_lo": 2**64 - 1}])
    found = store.spans_of(ids)
    for name, columns in schema.BATCH_SCHEMAS.items():
        assert getattr(found, name).to_pylist() == rows[name]
        assert getattr(found, name).schema.equals(columns)


def test_a_resent_batch_changes_nothing(store: SpanStore) -> None:
    first = span(1, 1)
    batch = make_batch(
        [first],
        links=[link(first, 2)],
        events=[part(first, name="retry")],
        messaging=[message(first, message_id="m")],
        correlation=[correlated(first, "1")],
    )
    assert store.append(batch, 100) == AppendResult(1, 1, 0, 0)
    before = store.spans_of(traces(1))
    assert store.append(batch, 200) == AppendResult(1, 0, 1, 0)
    after = store.spans_of(traces(1))
    assert before == after
    assert store.status().spans == store.status().generation == 1


def test_a_span_that_stands_twice_in_a_batch_is_stored_once_with_its_rows(
    store: SpanStore,
) -> None:
    twice = span(1, 1)
    rows = [link(twice, 2), link(twice, 3, position=1)]
    messages = [message(twice), message(twice, part="link"), message(twice, part="event")]
    batch = make_batch(
        [twice, span(1, 2), twice],
        links=rows * 2,
        events=[part(twice, name="a"), part(twice, name="a", position=1)] * 2,
        messaging=messages * 2,
        correlation=[correlated(twice, "1")] * 2,
    )
    assert store.append(batch, 1) == AppendResult(1, 2, 1, 0)
    found = store.spans_of(traces(1))
    assert (found.spans.num_rows, found.links.num_rows, found.events.num_rows) == (2, 2, 2)
    assert (found.messaging.num_rows, found.correlation.num_rows) == (3, 1)


def test_the_same_ids_with_other_content_are_kept_and_counted(store: SpanStore) -> None:
    first, second, third = (span(1, 1, content) for content in (1, 2, 3))
    store.append(make_batch([first], links=[link(first, 2)]), 10)
    result = store.append(make_batch([first, second, third], links=[link(second, 3)]), 20)
    assert result == AppendResult(2, 2, 1, 2)
    found = store.spans_of(traces(1))
    assert found.spans.column("content_hash").to_pylist() == [1, 2, 3]
    owners = {(r["content_hash"], r["linked_trace_lo"]) for r in found.links.to_pylist()}
    assert owners == {(1, 2), (2, 3)}


def test_within_one_batch_the_first_of_the_same_ids_is_no_conflict(store: SpanStore) -> None:
    batch = make_batch([span(1, 1, content) for content in (1, 2, 3)])
    assert store.append(batch, 1) == AppendResult(1, 3, 0, 2)


@pytest.mark.parametrize("start", [0, 2**63 - 1])
def test_a_resent_span_is_known_whatever_its_timestamp(store: SpanStore, start: int) -> None:
    times = {"start_time_unix_nano": start, "end_time_unix_nano": start}
    wild = [span(1, 1), span(2, 2, **times), span(3, 3)]
    store.append(make_batch(wild), 1)
    store.append(make_batch([span(n, n) for n in range(10, 200)]), 1)
    assert store.append(make_batch([*wild, span(4, 4)]), 1) == AppendResult(3, 1, 3, 0)


def test_spans_of_different_traces_may_have_the_same_span_id(store: SpanStore) -> None:
    assert store.append(make_batch([span(1, 5), span(2, 5)]), 1) == AppendResult(1, 2, 0, 0)
    assert trace_numbers(store.traces_of_span(5)) == [1, 2]


def test_resources_and_scopes_are_stored_once(store: SpanStore) -> None:
    for number in (1, 2):
        batch = make_batch([span(1, number)], resources=[resource()] * 2, scopes=[scope()] * 3)
        store.append(batch, 1)
    found = store.spans_of(traces(1))
    assert (found.resources.num_rows, found.scopes.num_rows) == (1, 1)
    assert store.services() == ["shop"]


def test_generations_count_appends_that_stored_something(store: SpanStore) -> None:
    assert store.append(make_batch(), 1).generation == 0
    assert store.append(make_batch([span(1, 1)]), 1).generation == 1
    assert store.append(make_batch([span(1, 1)]), 1).generation == 1
    assert store.append(make_batch([span(1, 2)]), 1).generation == 2


@pytest.mark.parametrize("analysed", [False, True], ids=["new", "analysed"])
def test_a_trace_that_comes_in_parts_counts_once(store: SpanStore, analysed: bool) -> None:
    counted: list[int] = []
    for trace in ((1, 2), (2, 3), (1, 3), (4,)):
        store.append(make_batch([span(t, len(counted) + 1) for t in trace]), len(counted))
        if analysed:  # where a store learns which appends a trace stands in
            store.traces_since(0, 100)
        counted.append(store.status().traces)
    assert counted == [2, 3, 3, 4]


def test_a_batch_that_cannot_be_stored_leaves_nothing_behind(store: SpanStore) -> None:
    good = make_batch([span(1, 1)], links=[link(span(1, 1), 2)])
    store.append(good, 1)
    broken = make_batch([span(2, 2)], messaging=[message(span(2, 2), message_id="m")])
    bad_events = broken.events.append_column("surprise", make_table(schema.TRACE_IDS)["trace_lo"])
    bad = type(broken)(
        **{name: getattr(broken, name) for name in schema.BATCH_SCHEMAS} | {"events": bad_events}
    )
    row = make_row(schema.EVENTS, **part(span(2, 2)))
    events = schema.EVENTS.append(bad_events.schema.field("surprise"))
    bad = type(bad)(
        **{name: getattr(bad, name) for name in schema.BATCH_SCHEMAS}
        | {"events": events.empty_table().from_pylist([row | {"surprise": 1}], schema=events)}
    )
    with pytest.raises(DataRefused):
        store.append(bad, 2)
    assert store.status().spans == 1
    assert store.spans_of(traces(2)).messaging.num_rows == 0
    assert store.append(broken, 3) == AppendResult(2, 1, 0, 0)


def test_many_threads_append_and_read_at_once_and_nothing_is_lost(store: SpanStore) -> None:
    batches = [[span(t, 100 * t + n) for n in range(20)] for t in range(1, 9)]
    torn: list[int] = []

    def append(rows: list[dict[str, int]]) -> None:
        for _ in range(2):
            store.append(make_batch(rows, links=[link(row, 99) for row in rows]), 1)

    def read() -> None:
        while any(appender.is_alive() for appender in appenders):
            found = store.spans_of(traces(*range(1, 9)))
            if found.spans.num_rows % 20 or found.links.num_rows != found.spans.num_rows:
                torn.append(found.spans.num_rows)

    appenders = [Thread(target=append, args=(rows,)) for rows in batches]
    readers = [Thread(target=read) for _ in range(3)]
    for thread in (*appenders, *readers):
        thread.start()
    join(*appenders, *readers)
    assert store.status().spans == 160
    assert store.status().generation == 8
    assert torn == []


def test_a_closed_store_says_that_it_is_closed(store: SpanStore) -> None:
    store.close()
    store.close()
    for call in (store.status, store.check, store.services, store.forget_answers):
        with pytest.raises(StoreError, match="closed"):
            call()
    with pytest.raises(StoreError, match="closed"):
        store.append(make_batch([span(1, 1)]), 1)
