"""Random appends, resends and answers give the same on every engine, to the byte."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from itertools import islice
from typing import Any
from unittest.mock import patch
from zlib import crc32

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import schema
from storage.contract import (
    Buckets,
    ConnectionQuery,
    EndpointQuery,
    OrphanQuery,
    Page,
    Rows,
    SearchQuery,
    SpanStore,
)
from storage.destination_reads import Place
from storage.handover_reads import Channel, SendKind
from storage.request_reads import RequestBounds
from storage.schema import SpanBatch
from tests.contract.conftest import ENGINES, NewStore
from tests.contract.rows import (
    Row,
    connection,
    correlated,
    link,
    make_batch,
    make_table,
    message,
    owned,
    part,
    resource,
    scope,
    span,
    traces,
)

# Few values, so that they meet.
TRACES = st.integers(1, 4)
WORDS = st.sampled_from(["a", "b", "orders", "orders.1.2", "2", "", " a", "é", '"\\'])
MAYBE = st.none() | WORDS
TIMES = st.integers(0, 6) | st.sampled_from([-(2**63), 2**63 - 1])
VALUES = st.none() | st.booleans() | st.integers(-3, 3) | WORDS | st.just(1.5)
KEYS = ["user.id", "order.id", "/~'"]


@st.composite
def spans(draw: st.DrawFn) -> Row:
    values = draw(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=2))
    text = json.dumps(values, ensure_ascii=False)
    content = draw(st.integers(0, 2))
    # The hash is of the content: equal keys must mean equal rows.
    one = span(draw(TRACES), draw(st.integers(1, 5)), crc32(f"{content} {text}".encode()))
    return one | {
        "attributes": text,
        "name": f"name {content}",
        "parent_span_id": [None, 1, 9][content],
        "resource_id": content,
        "scope_id": content,
        "status_code": content,
        "kind": [2, 5, 1][content],
        "flags": [0x301, 0, 0x100][content],
        "start_time_unix_nano": [0, 3, 2**63 - 1][content],
        "end_time_unix_nano": [9, 3, 2**63 - 1][content],
    }


@st.composite
def batches(draw: st.DrawFn) -> SpanBatch:
    rows = draw(st.lists(spans(), max_size=6))
    parts: dict[str, list[Row]] = {"links": [], "events": [], "messaging": [], "correlation": []}
    for row in rows:
        seed = row["content_hash"] % 7
        # What stands under a span is part of its content: a function of it.
        parts["links"] += [link(row, n + 1, position=n) for n in range(seed % 3)]
        parts["events"] += [part(row, name="e", position=n) for n in range(seed % 2)]
        if seed > 2:
            number = row["span_id"] % 3
            parts["messaging"].append(
                message(
                    row,
                    message_id=["a", "orders.1.2", "2"][number],
                    event_id=[None, "a", ""][seed % 3],
                    sequence_number=["a", None, "b"][seed % 3],
                    destination_name="orders",
                    kafka_partition=[None, 1, 1][number],
                    kafka_offset=[None, 2, None][number],
                )
            )
        if seed > 3:
            parts["correlation"].append(correlated(row, str(seed), ["order.id", "x"][seed % 2]))
    resources = [resource(n, [None, "shop", "pay"][n]) for n in range(3)]
    return make_batch(rows, resources=resources, scopes=[scope(n) for n in range(3)], **parts)


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[int], pa.Table, pa.Table, pa.Table]:
    """Owning traces, endpoints, connections, orphans."""
    owners = draw(st.lists(TRACES, max_size=3))
    chosen = st.sampled_from(owners) if owners else st.nothing()

    def places() -> st.SearchStrategy[Row]:
        return st.builds(
            lambda trace, span_id, start: span(trace, span_id, start_time_unix_nano=start),
            chosen,
            st.integers(1, 5),
            TIMES,
        )

    few_words = st.sampled_from([None, "", "a", "orders"])  # so that ends and roots meet
    ends = st.fixed_dictionaries(
        {
            "role": st.sampled_from(["send", "process"]),
            "system": few_words,
            "destination": few_words,
            "service_name": few_words,
            "relation": st.sampled_from([None, "parent", "link", "stitch"]),
            "producer_service_name": few_words,
            "service_version": MAYBE,
            "scope_version": MAYBE,
        }
    )
    made = st.fixed_dictionaries(
        {
            "relation": st.sampled_from(["parent", "link", "stitch"]),
            "confidence": st.sampled_from([0.3, 0.79, 0.8, 1.0]),
            "wait_nano": st.none() | st.integers(-5, 50),
            "attempt": st.none() | st.integers(0, 3),
            "dead_letter": st.booleans(),
            "destination": MAYBE,
            "rule": WORDS,
        }
    )
    roots = st.fixed_dictionaries(
        {
            "cause_code": st.sampled_from(["S1", "K1"]),
            "service_version": MAYBE,
            "scope_version": MAYBE,
            "service_name": few_words,
            "cause_title": WORDS,
            "expected": st.booleans(),
            "system": few_words,
            "destination": few_words,
            "producer_service_name": few_words,
            "producer_span_id": st.none() | st.just(3),
            "is_send": st.booleans(),
        }
    )
    few = 4 if owners else 0
    places_once: Callable[[Row], Any] = lambda row: (row["trace_lo"], row["span_id"])  # noqa: E731 # passed on
    endpoints = [
        # no further from its start than a duration can be
        owned(p, end_time_unix_nano=max(p["start_time_unix_nano"], -1), **draw(ends))
        for p in draw(st.lists(places(), max_size=few, unique_by=places_once))
    ]
    connections = [
        connection(span(draw(TRACES), draw(st.integers(1, 5))), p, **draw(made))
        for p in draw(st.lists(places(), max_size=few, unique_by=places_once))
    ]
    orphans = [
        owned(p, **draw(roots))
        for p in draw(st.lists(places(), max_size=few, unique_by=places_once))
    ]
    return (
        owners,
        make_table(schema.ENDPOINTS, endpoints),
        make_table(schema.CONNECTIONS, connections),
        make_table(schema.ORPHANS, orphans),
    )


def deletions() -> st.SearchStrategy[tuple[int, list[int]]]:
    """How many of the oldest generations, and which traces they touch."""
    return st.tuples(st.integers(1, 2), st.lists(TRACES, max_size=4))


STEPS = st.lists(
    st.tuples(batches(), st.integers(0, 9)) | answers() | deletions() | st.just(None),
    min_size=1,
    max_size=6,
)
# An example makes a file, or a database of a server, which costs more, and asks all there is to
# ask or every third thing: a server costs 10 ms of CPU a question.
EXAMPLES = {"duckdb": 20, "clickhouse": 6}
ASKED = {"duckdb": 1, "clickhouse": 3}


@contextmanager
def _stores(new_store: NewStore, engine: str) -> Iterator[list[SpanStore]]:
    """The reference and another. Each id in a run of its own, so that what a look-up passes
    over wrongly is missed."""
    with (
        patch.multiple("storage.places", _IDS_PER_RUN=1, _RUNS=2, _BITS=12),
        new_store("memory") as reference,
        new_store(engine) as other,
    ):
        yield [reference, other]


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_an_engine_gives_what_the_reference_gives(engine: str, new_store: NewStore) -> None:
    @settings(
        max_examples=EXAMPLES[engine],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(STEPS, st.integers(0, ASKED[engine] - 1))
    def agree(steps: list[Any], first: int) -> None:
        with _stores(new_store, engine) as stores:
            for step in steps:
                expected, given = [(_do(store, step), _news(store)) for store in stores]
                assert given == expected
            for read in islice(_reads(), first, None, ASKED[engine]):
                answered, answering = [_plain(read(store)) for store in stores]
                assert answering == answered

    agree()


def _news(store: SpanStore) -> object:
    """What a pass asks for first: the DuckDB engine learns where ids are (ADR 18)."""
    found, upto = store.traces_since(0, 1_000)
    return _plain(found), upto


def _do(store: SpanStore, step: Any) -> object:
    if step is None:
        store.forget_answers()
        return None
    if isinstance(step[0], SpanBatch):
        return store.append(*step)
    if len(step) == 2:
        oldest: list[Any] = store.oldest_generations(1_000)["generation"].to_pylist()[: step[0]]
        deleted = store.delete_until(oldest[-1], traces(*step[1])) if oldest else None
        return deleted, store.reclaim()
    owners, endpoints, connections, orphans = step
    store.replace_connections(traces(*owners), endpoints, connections)
    store.replace_orphans(traces(*owners), orphans, store.status().generation)
    return None


def _status(store: SpanStore) -> object:
    """Without what differs by engine: its name, and who holds a partition that nobody asked for
    (tests/clickhouse/test_partitions.py)."""
    status = store.status()
    told = {field.name: getattr(status, field.name) for field in fields(status)}
    reached = [(each.partition, each.analysed) for each in status.partitions]
    return told | {"engine": None, "partitions": reached}


def _reads() -> Iterator[Callable[[SpanStore], object]]:
    """Every read of the contract, lists also page by page. Ordered lists give their
    rows as a list, unordered ones as a table, whose order `_plain` takes away."""
    few = traces(1, 2, 2, 9)
    yield _status
    yield lambda s: s.spans_of(few)
    yield lambda s: s.spans_of(few).spans.to_pylist()
    yield lambda s: s.analysis_input(few)
    yield lambda s: [s.services(), s.correlation_keys(), s.recent_correlation("order.id", 2)]
    yield lambda s: s.correlation_of(few).to_pylist()
    yield lambda s: s.endpoint_facts().to_pylist()
    yield lambda s: s.endpoints(EndpointQuery(unconnected=True), 5).to_pylist()
    yield lambda s: s.endpoints(EndpointQuery(role="send", system="a"), 2).to_pylist()
    asked = EndpointQuery(role="process", service_version="a", propagated=True)
    yield lambda s: s.endpoints(asked, 5).to_pylist()
    yield lambda s: s.endpoints_of(few)
    yield lambda s: s.past_facts()
    yield lambda s: [s.count_spans()]
    yield lambda s: s.losses_of(few)
    yield lambda s: s.oldest_generations(3).to_pylist()
    yield lambda s: s.orphans_of(few)
    thirds = Buckets(0, 2, 3)
    yield lambda s: s.orphan_groups().to_pylist()
    for chosen in (
        OrphanQuery(settled_before_unix_nano=5, hidden=True),
        OrphanQuery(settled=True, settled_before_unix_nano=5, start=1, end=6),
        OrphanQuery(cause="S1", service="a", destination="orders", expected=False),
    ):
        yield lambda s, q=chosen: s.orphan_groups(q, thirds).to_pylist()  # type: ignore[misc] # bound now
    yield lambda s: s.edges().to_pylist()
    yield lambda s: s.handover_counts(3, 5).to_pylist()
    yield lambda s: s.orphan_counts(5).to_pylist()
    yield lambda s: s.recent_sends(2, 3)
    for since, until in ((None, None), (1, 5)):
        yield lambda s, a=since, b=until: s.destinations(a, b)  # type: ignore[misc] # bound now
    for place in (Place(None, "a", None), Place("a", "a", "b"), Place(None, None, None)):
        yield lambda s, p=place: s.destination_times(p, Buckets(0, 2, 4))  # type: ignore[misc] # bound now
        yield lambda s, p=place: s.destination_ends(p, None, 6)  # type: ignore[misc] # bound now
    yield lambda s: s.unconnected_deliveries()
    for system in (None, "a"):
        channel = Channel(None, None, system, "a")
        yield lambda s, c=channel: s.traffic(c)  # type: ignore[misc] # bound now
    yield lambda s: s.unconnected_services(3)
    kinds = [SendKind(None, None, "a", "a", system, "a") for system in (None, "a")]
    yield lambda s: s.newest_sends(kinds, 2)
    some = [{"trace_hi": 1, "trace_lo": n, "span_id": m} for n in (1, 2) for m in range(4)]
    yield lambda s: s.handovers_of(make_table(schema.SPAN_IDS, some))
    yield lambda s: s.noted_handovers()
    yield lambda s: sorted(
        repr(row | {"starts": sorted(row["starts"])}) for row in s.delivery_starts().to_pylist()
    )
    yield lambda s: s.cut_spells(3)
    yield lambda s: s.arrived_contexts(4, 5)
    yield lambda s: s.senders()
    yield lambda s: s.summaries_of(few).to_pylist()
    yield lambda s: s.traces_ending_in(2)
    for text in ("a", "orders.1.2"):
        yield lambda s, t=text: s.traces_with_message(t, 1)  # type: ignore[misc] # bound now
    starts = pa.table([[0, 1, 2, 1], [1, 3, 3, 2**63 - 1]], schema=schema.SENDS)
    bounds = RequestBounds(within=2, after=1, latest=2)
    yield lambda s: s.requests_beside(starts, bounds)
    for number in range(1, 5):
        yield lambda s, n=number: s.traces_of_span(n)  # type: ignore[misc] # bound now
        yield lambda s, n=number: s.related_traces(traces(n), 3)  # type: ignore[misc] # bound now
        yield lambda s, n=number: s.traces_since(n - 1, 3)[0]  # type: ignore[misc] # bound now
        yield lambda s, n=number: [s.traces_since(n - 1, 3)[1]]  # type: ignore[misc] # bound now
        yield lambda s, n=number: s.traces_until(n)  # type: ignore[misc] # bound now
        yield lambda s, n=number: s.spans_since(n, few)  # type: ignore[misc] # bound now
    for end in ("producer", "consumer", "either"):
        yield lambda s, e=end: s.connections_of(few, e).to_pylist()  # type: ignore[misc] # bound now
    for value in ("4", "5", "a"):
        yield lambda s, v=value: s.spans_with_correlation("order.id", v)  # type: ignore[misc] # bound now
    yield from _lists()


def _lists() -> Iterator[Callable[[SpanStore], object]]:
    attributes = [(key, value) for key in KEYS for value in ("true", "1.5", "a", "4")]
    searches = [SearchQuery(attributes=(attribute,)) for attribute in attributes] + [
        SearchQuery(),
        SearchQuery(service="shop", status="ok"),
        SearchQuery(name="name 2", min_duration_nano=2**63 - 1),
        SearchQuery(status="error", start=-(2**63), end=4),
        SearchQuery(attributes=(("order.id", "a"), attributes[0])),
        SearchQuery(name_contains="AME", max_duration_nano=3),
        *(SearchQuery(problem=problem) for problem in ("error", "orphan", "dead-letter")),
    ]
    connected = [
        ConnectionQuery(),
        ConnectionQuery(min_confidence=0.0, trace=(1, 2)),
        ConnectionQuery(service="payments", destination="a", relation="stitch"),
        ConnectionQuery(start=1, end=6),
    ]
    roots = [
        OrphanQuery(),
        OrphanQuery(cause="S1", settled=True, settled_before_unix_nano=5),
        OrphanQuery(expected=False, settled=False, settled_before_unix_nano=5, start=0),
        OrphanQuery(trace=(1, 1), service="a", destination="b"),
    ]
    for search in searches:
        yield lambda s, q=search: _all_pages(lambda p: s.search(q, p))  # type: ignore[misc] # bound now
    for hand_overs in connected:
        yield lambda s, q=hand_overs: _all_pages(lambda p: s.connections(q, p))  # type: ignore[misc] # bound now
    for orphan in roots:
        yield lambda s, q=orphan: _all_pages(lambda p: s.orphans(q, p))  # type: ignore[misc] # bound now


def _all_pages(ask: Callable[[Page], Rows]) -> list[object]:
    found: list[object] = []
    rows = ask(Page(2))
    while True:
        found += [*rows.table.to_pylist(), rows.next]
        if rows.next is None:
            return found
        rows = ask(Page(2, rows.next))


def _plain(answer: object) -> object:
    if isinstance(answer, SpanBatch):
        return {f.name: _plain(getattr(answer, f.name)) for f in fields(answer)}
    if isinstance(answer, pa.Table):
        return answer.schema, sorted(map(repr, answer.to_pylist()))
    return answer
