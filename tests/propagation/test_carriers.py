"""Fields of a context, and what is said of those that found no room."""

import logging

import pytest
from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState

from tests.propagation.recording import Recording
from tracestitch_propagation.carriers import (
    DROPPED_AT,
    DROPPED_EVENT,
    DROPPED_FIELDS,
    context_fields,
    read_fields,
    report_dropped,
    stale_names,
)

SENDER = SpanContext(
    7, 9, is_remote=False, trace_flags=TraceFlags(1), trace_state=TraceState([("a", "1")])
)
SENDING = trace.set_span_in_context(
    NonRecordingSpan(SENDER), baggage.set_baggage("k", "v", Context())
)


def test_fields_come_with_the_most_needed_first() -> None:
    assert list(context_fields(SENDING)) == ["traceparent", "tracestate", "baggage"]


def test_what_was_written_is_read() -> None:
    found = read_fields(context_fields(SENDING))

    sender = trace.get_current_span(found).get_span_context()
    assert (sender.trace_id, sender.span_id, sender.is_remote) == (7, 9, True)
    assert sender.trace_state.get("a") == "1"
    assert baggage.get_all(found) == {"k": "v"}


@pytest.mark.usefixtures("recording")
def test_what_is_current_is_not_taken_for_the_sender() -> None:
    with trace.get_tracer("t").start_as_current_span("work"):
        found = read_fields({})

    assert not trace.get_current_span(found).get_span_context().is_valid


def test_a_new_span_makes_every_old_field_stale() -> None:
    assert stale_names({"traceparent"}, SENDING) == {"traceparent", "tracestate", "baggage"}


def test_without_a_span_only_what_is_written_anew_is_stale() -> None:
    assert stale_names({"Baggage"}, Context()) == {"baggage"}


def test_dropped_fields_are_on_the_span_each_time_and_in_the_log_once(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), trace.get_tracer("t").start_as_current_span("send"):
        for _ in range(2):
            report_dropped(["baggage"], "bus-of-this-test", "the entry is full")
        report_dropped([], "bus-of-this-test", "the entry is full")

    told = {DROPPED_FIELDS: ("baggage",), DROPPED_AT: "bus-of-this-test"}
    events = recording.span("send").events
    assert [(event.name, dict(event.attributes or {})) for event in events] == [
        (DROPPED_EVENT, told),
        (DROPPED_EVENT, told),
    ]
    assert caplog.messages == ["bus-of-this-test: no room for baggage: the entry is full"]
