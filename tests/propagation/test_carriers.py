"""Fields of a context, and what is said of those that found no room."""

import logging

import pytest
from opentelemetry import baggage, trace
from opentelemetry.context import Context

from tests.propagation.recording import Recording
from tests.propagation.senders import SENDER, sender_of
from tracestitch_propagation.carriers import (
    DROPPED_AT,
    DROPPED_EVENT,
    DROPPED_FIELDS,
    as_text,
    context_fields,
    read_fields,
    report_dropped,
    stale_names,
)


def test_fields_come_with_the_most_needed_first() -> None:
    assert list(context_fields(SENDER)) == ["traceparent", "tracestate", "baggage"]


def test_what_was_written_is_read() -> None:
    found = read_fields(context_fields(SENDER))

    assert sender_of(found) == sender_of(SENDER)
    assert baggage.get_all(found) == {"workflow.id": "w"}


@pytest.mark.usefixtures("recording")
def test_what_is_current_is_not_taken_for_the_sender() -> None:
    with trace.get_tracer("t").start_as_current_span("work"):
        found = read_fields({})

    assert sender_of(found) is None


def test_a_new_span_makes_every_old_field_stale() -> None:
    assert stale_names({"traceparent"}, SENDER) == {"traceparent", "tracestate", "baggage"}


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


@pytest.mark.parametrize(
    "value", ["", b"", b"\xff", "\ud800", None, 1, ["a"], memoryview(b"abcd")[::2]]
)
def test_what_no_span_may_have_is_no_text(value: object) -> None:
    assert as_text(value) is None


@pytest.mark.parametrize(
    "value", ["ä", "ä".encode(), bytearray("ä".encode()), memoryview("ä".encode())]
)
def test_text_and_bytes_of_utf_8_are_text(value: object) -> None:
    assert as_text(value) == "ä"
