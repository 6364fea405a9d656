"""Entries of PutEvents stay below the limit, and what is given up is said."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage
from opentelemetry.context import Context

from tests.propagation.recording import Recording
from tests.propagation.senders import SENDER
from tracestitch_propagation import eventbridge, publish_span
from tracestitch_propagation.entry_sizes import LIMIT, measure_entry

TRACEPARENT, TRACESTATE, BAGGAGE = ("traceparent", "tracestate", "baggage")
ENTRIES = st.lists(
    st.fixed_dictionaries(
        {
            "Source": st.text(max_size=5),
            "DetailType": st.text(max_size=5),
            "Detail": st.dictionaries(st.text(max_size=3), st.text(max_size=20)).map(
                lambda detail: json.dumps(detail, ensure_ascii=False)
            ),
        },
        optional={
            "Time": st.just(datetime(2026, 1, 1, tzinfo=UTC)),
            "Resources": st.lists(st.text(max_size=5), max_size=2),
            "EventBusName": st.just("stock"),
        },
    ),
    max_size=4,
)


def filled(size: int) -> dict[str, Any]:
    """An entry of that many bytes."""
    empty = {"Source": "s", "DetailType": "t", "Detail": '{"data":""}'}
    data = "x" * (size - measure_entry(empty))
    return {**empty, "Detail": f'{{"data":"{data}"}}'}


def carried(entry: dict[str, Any]) -> list[str]:
    return list(json.loads(entry["Detail"]).get("_otel", {}))


@given(ENTRIES, st.integers(0, 1000))
def test_entries_never_grow_to_the_limit_and_keep_their_data(
    entries: list[dict[str, Any]], limit: int
) -> None:
    before = [dict(entry) for entry in entries]
    injected = eventbridge.inject_entries(entries, limit=limit, context=SENDER)

    assert entries == before
    plain = sum(map(measure_entry, entries))
    assert sum(map(measure_entry, injected)) < max(limit, plain + 1)
    for entry, one in zip(entries, injected, strict=True):
        detail = json.loads(one["Detail"])
        detail.pop("_otel", None)
        assert {**one, "Detail": detail} == {**entry, "Detail": json.loads(entry["Detail"])}
    most_needed_first = [TRACEPARENT, TRACESTATE, BAGGAGE]
    assert all(carried(one) == most_needed_first[: len(carried(one))] for one in injected)


def test_bytes_are_counted_as_aws_counts_them() -> None:
    entry = {
        "Time": datetime(2026, 1, 1, tzinfo=UTC),
        "Source": "ä",
        "DetailType": "tt",
        "Detail": '{"€":1}',
        "Resources": ["arn", "ä"],
        "EventBusName": "does not count",
    }

    assert measure_entry(entry) == 14 + 2 + 2 + 9 + 3 + 2


def test_what_is_no_entry_has_no_bytes() -> None:
    assert measure_entry({"Source": None, "Detail": 1, "Resources": "arn"}) == 0


@pytest.mark.parametrize(
    ("spare", "fields"),
    [
        (30, []),
        (100, [TRACEPARENT]),
        (125, [TRACEPARENT, TRACESTATE]),
        (200, [TRACEPARENT, TRACESTATE, BAGGAGE]),
    ],
)
def test_baggage_goes_first_then_the_tracestate(spare: int, fields: list[str]) -> None:
    [injected] = eventbridge.inject_entries([filled(LIMIT - spare)], context=SENDER)

    assert carried(injected) == fields


def test_an_entry_may_be_one_byte_below_the_limit() -> None:
    [grown] = eventbridge.inject_entries([filled(500)], context=SENDER)
    whole = measure_entry(grown)

    [fitting] = eventbridge.inject_entries([filled(500)], limit=whole + 1, context=SENDER)
    [trimmed] = eventbridge.inject_entries([filled(500)], limit=whole, context=SENDER)
    assert fitting == grown
    assert carried(trimmed) == [TRACEPARENT, TRACESTATE]


def test_every_event_has_a_trace_before_one_has_baggage() -> None:
    large = baggage.set_baggage("k", "v" * 300, SENDER)
    entries = [filled(100), filled(100)]
    injected = eventbridge.inject_entries(entries, limit=700, context=large)

    assert [carried(one)[0] for one in injected] == [TRACEPARENT, TRACEPARENT]
    assert [BAGGAGE in carried(one) for one in injected] == [False, False]


def test_a_full_entry_goes_without_and_says_so(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.WARNING),
        publish_span("stock.publish", eventbridge.sending("full-bus")),
    ):
        full = {**filled(LIMIT), "EventBusName": "full-bus"}
        assert eventbridge.inject_entries([full]) == [full]

    [event] = recording.span("stock.publish").events
    assert dict(event.attributes or {}) == {
        "propagation.dropped.fields": (TRACEPARENT,),
        "propagation.dropped.destination": "full-bus",
    }
    assert caplog.messages == [
        "full-bus: no room for traceparent: the entries of a request would have 262144 bytes or"
        " more: send fewer, or a reference"
    ]


def test_without_a_context_entries_stay_as_they_are() -> None:
    entries = [filled(100), {"Detail": "{"}, {}]

    assert eventbridge.inject_entries(entries, context=Context()) == entries
