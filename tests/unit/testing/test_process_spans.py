"""Spans of the test's own process."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from collector.python_decoder import parse_request
from tests.unit.testing.providers import provider_of, record, unset_provider
from tests.unit.testing.test_received import names
from tracestitch.testing.inbox import Inbox
from tracestitch.testing.own_work import own_work
from tracestitch.testing.process_spans import ProcessSpans


@pytest.fixture(autouse=True)
def _without_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    unset_provider(monkeypatch)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def process(inbox: Inbox) -> Iterator[ProcessSpans]:
    process = ProcessSpans()
    with process.going_to(inbox):
        yield process


def seen(inbox: Inbox) -> list[str]:
    return [name for request in inbox.read() for name in names(request)]


def service_of(request: bytes) -> str:
    (resource_spans,) = parse_request(request).resource_spans
    return next(
        a.value.string_value for a in resource_spans.resource.attributes if a.key == "service.name"
    )


@pytest.mark.usefixtures("process")
def test_spans_are_seen_without_any_provider(inbox: Inbox) -> None:
    record(trace.get_tracer("shop"), "order.publish")

    assert seen(inbox) == ["order.publish"]
    (scope,) = parse_request(inbox.read()[0]).resource_spans[0].scope_spans
    assert scope.scope.name == "shop"


@pytest.mark.usefixtures("process")
def test_an_application_finds_no_provider_and_may_set_its_own(inbox: Inbox) -> None:
    made_before = trace.get_tracer("shop")
    record(made_before, "early")
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)

    trace.set_tracer_provider(provider_of("shop"))
    record(made_before, "order.publish")
    record(trace.get_tracer("late"), "order.process")

    assert seen(inbox) == ["early", "order.publish", "order.process"]
    assert [service_of(request) for request in inbox.read()[1:]] == ["shop", "shop"]


def test_a_provider_that_is_there_already_is_seen(inbox: Inbox) -> None:
    trace.set_tracer_provider(provider_of("shop"))

    with ProcessSpans().going_to(inbox):
        record(trace.get_tracer("shop"), "order.publish")

    assert seen(inbox) == ["order.publish"]


def test_a_provider_that_is_not_global_is_seen_when_it_is_given(
    process: ProcessSpans, inbox: Inbox
) -> None:
    own = provider_of("pay")
    record(own.get_tracer("pay"), "early")
    process.watch(own)
    process.watch(own)
    record(own.get_tracer("pay"), "order.process")

    assert seen(inbox) == ["order.process"]


def test_a_provider_of_another_sdk_is_refused(process: ProcessSpans) -> None:
    with pytest.raises(TypeError, match=r"NoOpTracerProvider is no TracerProvider of opentele"):
        process.watch(trace.NoOpTracerProvider())


@pytest.mark.usefixtures("process")
def test_an_application_that_wants_no_spans_makes_none(inbox: Inbox) -> None:
    trace.set_tracer_provider(trace.NoOpTracerProvider())
    record(trace.get_tracer("shop"), "order.publish")

    assert seen(inbox) == []


def test_each_test_sees_what_ended_during_it() -> None:
    process, first, second = ProcessSpans(), Inbox(), Inbox()
    tracer = trace.get_tracer("shop")
    with process.going_to(first):
        record(tracer, "one")
        overlapping = tracer.start_span("overlapping")
        assert process.begun() == {"overlapping": 1}
    record(tracer, "between")
    with process.going_to(second):
        assert process.begun() == {}
        overlapping.end()
        record(tracer, "two")

    assert (seen(first), seen(second)) == (["one"], ["overlapping", "two"])


def test_spans_that_are_not_sampled_are_not_seen(process: ProcessSpans, inbox: Inbox) -> None:
    quiet = provider_of("pay", sampler=ALWAYS_OFF)
    process.watch(quiet)
    record(quiet.get_tracer("pay"), "order.process")

    assert seen(inbox) == []


@pytest.mark.usefixtures("process")
def test_our_own_work_is_not_seen(inbox: Inbox) -> None:
    with own_work():
        record(trace.get_tracer("fastapi"), "GET /api/v1/orphans")
    record(trace.get_tracer("shop"), "order.publish")

    assert seen(inbox) == ["order.publish"]


@pytest.mark.usefixtures("process")
def test_a_span_that_cannot_be_encoded_is_told_and_breaks_nothing(inbox: Inbox) -> None:
    record(trace.get_tracer("shop"), "bad\ud800name")
    record(trace.get_tracer("shop"), "order.publish")

    assert seen(inbox) == ["order.publish"]
    (flaw,) = inbox.flaws
    assert "cannot be encoded as OTLP" in flaw
    assert r"bad\ud800name" in flaw


def test_a_provider_that_shuts_down_takes_no_other_along(
    process: ProcessSpans, inbox: Inbox
) -> None:
    gone = provider_of("pay")
    process.watch(gone)
    gone.shutdown()
    record(trace.get_tracer("shop"), "order.publish")

    assert seen(inbox) == ["order.publish"]


def test_an_sdk_that_is_disabled_can_be_told(
    process: ProcessSpans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")

    assert ProcessSpans().is_disabled
    assert not process.is_disabled
