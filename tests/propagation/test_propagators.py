"""The process's own propagator, whatever it is, reads and writes messages."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import baggage, propagate, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tests.propagation.senders import SENDER, sender_of
from tracestitch_propagation import sqs
from tracestitch_propagation.carriers import context_fields, read_fields
from tracestitch_propagation.xray import read_header, write_header

XRAY = "X-Amzn-Trace-Id"
TRACEPARENT = f"00-{7:032x}-{9:016x}-01"
OTHER = f"Root=1-6553f100-{'ab' * 12};Parent={'cd' * 8};Sampled=1"


class XrayPropagator(TextMapPropagator):
    """As opentelemetry-propagator-aws-xray does it."""

    def extract(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> Context:
        [header] = getter.get(carrier, XRAY) or [""]
        found = read_header(header)
        if found is None:
            return context or Context()
        return trace.set_span_in_context(trace.NonRecordingSpan(found), context)

    def inject(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        setter: Setter[CarrierT] = default_setter,
    ) -> None:
        setter.set(carrier, XRAY, write_header(trace.get_current_span(context).get_span_context()))

    @property
    def fields(self) -> set[str]:
        return {XRAY}


class Raising(XrayPropagator):
    def extract(self, *_: object, **__: object) -> Context:
        raise ValueError("garbage")

    def inject(self, *_: object, **__: object) -> None:
        raise ValueError("garbage")


W3C, BAGGAGE = TraceContextTextMapPropagator(), W3CBaggagePropagator()


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = propagate.get_global_textmap()
    yield
    propagate.set_global_textmap(before)


@pytest.mark.parametrize("order", [[W3C, XrayPropagator()], [XrayPropagator(), W3C]])
def test_w3c_wins_over_xray_in_every_order(order: list[TextMapPropagator]) -> None:
    propagate.set_global_textmap(CompositePropagator(order))

    found = sender_of(read_fields({"traceparent": TRACEPARENT, XRAY.lower(): OTHER}))
    assert found
    assert found.trace_id == 7


def test_who_reads_xray_alone_is_not_given_w3c() -> None:
    propagate.set_global_textmap(XrayPropagator())

    found = sender_of(read_fields({"traceparent": TRACEPARENT, XRAY.lower(): OTHER}))
    assert found
    assert found.span_id == int("cd" * 8, 16)


def test_what_is_written_in_another_way_is_read_in_that_way() -> None:
    propagate.set_global_textmap(CompositePropagator([XrayPropagator(), BAGGAGE]))
    arguments = sqs.send_arguments(context=SENDER)

    assert set(arguments["MessageAttributes"]) == {XRAY, "baggage"}
    found = sender_of(sqs.extract_context(arguments))
    assert found
    assert (found.trace_id, found.span_id) == (7, 9)


def test_a_propagator_that_raises_does_not_cost_the_message() -> None:
    propagate.set_global_textmap(CompositePropagator([Raising(), W3C]))

    assert sender_of(read_fields({"traceparent": TRACEPARENT})) is not None


def test_a_context_of_another_propagator_is_told_on_the_span() -> None:
    b3 = {"DataType": "String", "StringValue": "0-0-d"}
    received = sqs.received({"MessageAttributes": {"b3": b3}}, "orders")

    assert received.attributes == {
        "messaging.header.b3": ["0-0-d"],
        "propagation.received.attributes": 1,
    }


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("a=1," * 250_000, id="a megabyte"),
        pytest.param(" " * 8_000, id="blanks"),
        pytest.param("a=1" + "\t " * 4_000 + "x", id="blanks inside"),
    ],
)
def test_no_propagator_gets_what_is_too_long_or_mostly_blanks(value: str) -> None:
    seen: list[str] = []

    class Looking(W3CBaggagePropagator):
        def extract(self, carrier: Any, context: Any = None, getter: Any = None) -> Context:
            seen.extend(getter.keys(carrier))
            return super().extract(carrier, context, getter)

    propagate.set_global_textmap(CompositePropagator([W3C, Looking()]))
    found = read_fields({"traceparent": TRACEPARENT, "baggage": value})

    assert seen == ["traceparent"]
    assert sender_of(found) is not None
    assert sender_of(read_fields({"traceparent": value})) is None


def test_baggage_as_long_as_w3c_allows_is_read() -> None:
    entries = ",".join(f"key{number:03d}={'v' * 37}" for number in range(180))

    assert len(baggage.get_all(read_fields({"baggage": entries}))) == 180


def test_a_propagator_that_raises_when_it_writes_does_not_cost_the_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    propagate.set_global_textmap(CompositePropagator([W3C, Raising()]))

    for _ in range(2):
        assert list(context_fields(SENDER)) == ["traceparent", "tracestate"]
    assert caplog.messages == ["a propagator could not write into a message: ValueError: garbage"]


def test_baggage_that_is_no_utf_8_does_not_cost_the_message() -> None:
    context = baggage.set_baggage("mine", "\ud800", SENDER)

    assert "traceparent" in context_fields(context)
