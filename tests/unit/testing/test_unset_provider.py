"""Spans where no global tracer provider is set, and word of one that is set."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from tests.unit.testing.providers import provider_of, record, unset_provider
from tracestitch.testing.inbox import Inbox
from tracestitch.testing.process_spans import ProcessSpans
from tracestitch.testing.receiver import Receiver
from tracestitch.testing.sources import Sources
from tracestitch.testing.unset_provider import telling_of_provider, tracing_without_provider


@pytest.fixture(autouse=True)
def _without_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    unset_provider(monkeypatch)


@pytest.fixture
def own() -> TracerProvider:
    return provider_of("own")


def test_tracers_record_while_no_provider_is_set_and_nothing_is_left_behind(
    own: TracerProvider,
) -> None:
    before = (vars(trace.ProxyTracer)["_tracer"], trace._set_tracer_provider)
    tracer = trace.get_tracer("shop")
    with tracing_without_provider(own), telling_of_provider(lambda: None):
        assert tracer.start_span("one").is_recording()

    assert (vars(trace.ProxyTracer)["_tracer"], trace._set_tracer_provider) == before
    assert not tracer.start_span("two").is_recording()


def test_a_provider_that_is_set_is_told_of_when_it_is_there(own: TracerProvider) -> None:
    found: list[object] = []
    with telling_of_provider(lambda: found.append(trace.get_tracer_provider())):
        trace.set_tracer_provider(own)

    assert found == [own]


def test_an_api_with_another_inside_costs_only_what_needs_it(
    own: TracerProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(trace.ProxyTracer, "_tracer")
    monkeypatch.setattr(
        trace.ProxyTracer, "start_span", lambda *_, **__: trace.INVALID_SPAN, raising=True
    )
    inbox, process = Inbox(), ProcessSpans()
    with process.going_to(inbox):
        assert not trace.get_tracer("shop").start_span("one").is_recording()
        trace.set_tracer_provider(own)
        process.watch_global()
        record(own.get_tracer("shop"), "order.publish")

    assert len(inbox.read()) == 1
    assert "given to `stitched.watch`" in Sources(Receiver(), process).tell()
