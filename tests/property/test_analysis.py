"""Answers are a function of the stored spans alone: not of order, batches or repetition."""

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.contract import ConnectionQuery, OrphanQuery, Page, SpanStore
from storage.engines import open_store
from tests.builders import batch, span
from tests.property.pipelines import pipelines
from tracestitch.analysis import AnalysisLoop

_ALL = Page(limit=1_000_000)


def answers(store: SpanStore) -> dict[str, list[dict[str, Any]]]:
    """Every answer of the store, without arrival times, in a fixed order."""
    tables = {
        "connections": store.connections(ConnectionQuery(min_confidence=0.0), _ALL).table,
        "orphans": store.orphans(OrphanQuery(), _ALL).table,
    }
    return {
        name: sorted(
            (
                {k: v for k, v in row.items() if k != "stored_at_unix_nano"}
                for row in table.to_pylist()
            ),
            key=lambda row: str(sorted(row.items(), key=lambda item: item[0])),
        )
        for name, table in tables.items()
    }


def analysed_store(batches: list[list[Any]], passes: bool) -> SpanStore:
    store = open_store("memory:")
    loop = AnalysisLoop(store)
    for spans in batches:
        store.append(batch(*spans), stored_at_unix_nano=1)
        if passes:
            while loop.run_once():
                pass
    while loop.run_once():
        pass
    return store


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[list[Any], list[list[Any]]]:
    """A pipeline's spans, and the same spans in another order, in batches, some twice."""
    spans = draw(pipelines())
    resent = draw(st.lists(st.sampled_from(spans), max_size=3))
    mixed = draw(st.permutations(spans + resent))
    cuts = sorted(draw(st.lists(st.integers(0, len(mixed)), max_size=5)))
    edges = [0, *cuts, len(mixed)]
    return spans, [mixed[a:b] for a, b in itertools.pairwise(edges)]


@settings(max_examples=40, deadline=None)
@given(shuffled())
def test_order_batches_and_resending_change_no_answer(
    arrivals: tuple[list[Any], list[list[Any]]],
) -> None:
    spans, batches = arrivals
    at_once = answers(analysed_store([spans], passes=False))
    assert answers(analysed_store(batches, passes=True)) == at_once


@settings(max_examples=40, deadline=None)
@given(pipelines())
def test_every_answer_is_about_stored_spans_and_nothing_twice(spans: list[Any]) -> None:
    store = analysed_store([spans], passes=False)
    found = answers(store)
    assert store.status().pending_spans == 0
    stored = {(row["trace_lo"], row["span_id"]) for row in batch(*spans).spans.to_pylist()}
    pairs = [
        (
            c["producer_trace_lo"],
            c["producer_span_id"],
            c["consumer_trace_lo"],
            c["consumer_span_id"],
        )
        for c in found["connections"]
    ]
    assert len(pairs) == len(set(pairs))
    assert all((p[0], p[1]) in stored and (p[2], p[3]) in stored for p in pairs)
    roots = [(o["trace_lo"], o["span_id"]) for o in found["orphans"]]
    assert len(roots) == len(set(roots))
    assert set(roots) <= stored


def test_a_root_send_is_judged_anew_when_the_request_beside_it_gets_a_send_of_its_own() -> None:
    """It shares no id with that request (tracestitch/root_sends.py)."""
    told: dict[str, Any] = {
        "service": "shop",
        "kind": "PRODUCER",
        "attributes": {"messaging.system": "kafka", "messaging.destination.name": "orders"},
    }
    requests = [
        span("POST /orders", trace=n, id=n, at=at, duration=0.3, kind="SERVER", service="shop")
        for n, at in ((1, 1.0), (2, 3.0))
    ]
    other = span("orders send", trace=2, id=21, parent=2, at=3.0, **told)
    root = span("orders send", trace=9, id=91, at=1.1, **told)
    late = span("orders send", trace=1, id=11, parent=1, at=1.0, **told)

    before = answers(analysed_store([[*requests, other, root]], passes=True))
    assert [orphan["cause_code"] for orphan in before["orphans"]] == ["P6"]
    after = answers(analysed_store([[*requests, other, root], [late]], passes=True))
    assert after == answers(analysed_store([[*requests, other, root, late]], passes=False))
    assert after["orphans"] == []
