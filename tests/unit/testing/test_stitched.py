"""The fixture's object: waiting, and what it shows."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.builders import request, span
from tests.unit.testing.handovers import process, process_cut, publish
from tests.unit.testing.test_receiver import now, send
from tests.waiting import join
from tracestitch.testing.process_spans import ProcessSpans
from tracestitch.testing.receiver import Receiver
from tracestitch.testing.sources import WITHOUT_SDK, Sources
from tracestitch.testing.stitched import Stitched

SHORT = 0.05
LONG = 60.0
"""Nobody waits so long."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def stitched(receiver: Receiver) -> Iterator[Stitched]:
    """Without the process's own spans."""
    sources = Sources(receiver, None)
    stitched = Stitched(sources, timeout=LONG)
    with receiver.going_to(sources.inbox):
        yield stitched
    stitched.close()


def test_what_was_seen_has_the_shape_of_the_api(stitched: Stitched) -> None:
    stitched.add(request(publish(), process_cut()))

    assert [one["name"] for one in stitched.spans] == ["order.publish", "order.process"]
    assert [one["relation"] for one in stitched.connections] == ["stitch"]
    assert [one["cause"]["code"] for one in stitched.orphans] == ["S1"]
    journey = stitched.journey("order.id", 123)
    assert journey is not None
    assert len(journey["spans"]) == 2
    assert stitched.journey("order.id", "124") is None


def test_nothing_seen_is_empty(stitched: Stitched) -> None:
    assert (stitched.spans, stitched.connections, stitched.orphans) == ((), (), ())
    assert stitched.journey("order.id", "123") is None


def test_an_assertion_waits_for_what_is_missing(stitched: Stitched) -> None:
    stitched.add(request(publish()))
    assert stitched.spans
    arriving = threading.Timer(SHORT, lambda: stitched.add(request(process())))
    arriving.start()

    stitched.assert_propagated("order.publish", "order.process")
    join(arriving)


def test_what_comes_later_can_mend_a_break(stitched: Stitched) -> None:
    """A consumer whose producer has not been seen yet."""
    stitched.add(request(process()))
    arriving = threading.Timer(SHORT, lambda: stitched.add(request(publish())))
    arriving.start()

    stitched.assert_propagated("order.publish", "order.process")
    join(arriving)


def test_a_break_fails_at_the_end_of_the_timeout_with_its_cause(stitched: Stitched) -> None:
    stitched.add(request(publish(), process_cut()))

    with pytest.raises(AssertionError, match="S1 Message attributes were not requested"):
        stitched.assert_propagated("order.publish", "order.process", timeout="50ms")


def test_an_assertion_can_be_made_while_an_event_loop_runs(stitched: Stitched) -> None:
    stitched.add(request(publish(), process()))

    async def assert_here_and_in_a_thread() -> None:
        stitched.assert_propagated("order.publish", "order.process")
        await asyncio.to_thread(stitched.assert_one_journey, "order.id", "123")

    asyncio.run(assert_here_and_in_a_thread())


def test_a_stopped_clock_does_not_stop_waiting(
    stitched: Stitched, monkeypatch: pytest.MonkeyPatch
) -> None:
    stitched.add(request(publish()))
    assert stitched.spans
    monkeypatch.setattr("time.monotonic", lambda: 5.0)

    with pytest.raises(AssertionError, match=r"Not seen: order\.process"):
        stitched.assert_propagated("order.publish", "order.process", timeout=SHORT)


def test_an_absence_is_believed_when_other_processes_are_quiet(
    stitched: Stitched, receiver: Receiver
) -> None:
    assert receiver.endpoint
    stitched.add(request(publish(), process()))
    arriving = threading.Timer(SHORT, lambda: stitched.add(request(process_cut(id=9))))
    arriving.start()

    with pytest.raises(AssertionError, match="Seen: 1 orphan root"):
        stitched.assert_no_orphans(timeout=1)
    join(arriving)


def test_an_absence_holds_after_the_quiet(stitched: Stitched, receiver: Receiver) -> None:
    send_to = stitched.endpoint.removeprefix("http://")
    assert send_to
    stitched.add(request(publish(), process()))
    send(receiver, now("order.process"))

    stitched.assert_no_orphans()


def test_processes_from_which_nothing_came_prove_nothing(stitched: Stitched) -> None:
    assert stitched.environment("pay")
    stitched.add(request(publish(), process()))

    with pytest.raises(
        AssertionError, match="Nothing arrived from the processes under test"
    ) as told:
        stitched.assert_no_orphans(timeout=SHORT)

    assert "Requests that arrived at the OTLP port: 0." in str(told.value)


def test_an_orphan_root_that_comes_after_can_be_waited_for(stitched: Stitched) -> None:
    stitched.add(request(publish()))
    arriving = threading.Timer(SHORT, lambda: stitched.add(request(process_cut())))
    arriving.start()

    with pytest.raises(AssertionError, match="Seen: 1 orphan root"):
        stitched.assert_no_orphans(after="order.process", timeout=1)
    join(arriving)


def test_spans_can_be_waited_for(stitched: Stitched) -> None:
    stitched.add(request(span("a", id=1), span("a", id=2)))

    stitched.wait_for("a", "a")
    with pytest.raises(AssertionError, match=r"Not seen: 3 × a"):
        stitched.wait_for("a", "a", "a", timeout=0)


def test_a_wait_has_a_limit(stitched: Stitched) -> None:
    stitched.add(request(publish(), process()))

    stitched.assert_max_wait("order.publish", "order.process", "2s")
    with pytest.raises(AssertionError, match="waited 990 ms"):
        stitched.assert_max_wait("order.publish", "order.process", "100ms", timeout=0)


def test_a_trace_id_may_be_a_number_or_hex(stitched: Stitched) -> None:
    stitched.add(request(span("a", trace=0xAB), publish(trace=0xAB), process(trace=0xAB)))

    for known in (0xAB, f"{0xAB:032X}"):
        stitched.assert_propagated("order.publish", "order.process", trace_id=known)


@pytest.mark.parametrize(
    "arguments",
    [{"relation": "sibling"}, {"timeout": "soon"}, {"timeout": -1}],
)
def test_a_wrong_argument_is_no_failed_assertion(
    arguments: dict[str, Any], stitched: Stitched
) -> None:
    stitched.add(request(publish(), process()))

    with pytest.raises(ValueError):  # noqa: PT011 - each has its own sentence
        stitched.assert_propagated("order.publish", "order.process", **arguments)


def test_without_the_sdk_it_says_what_to_install(stitched: Stitched) -> None:
    with pytest.raises(TypeError, match=r"tracestitch\[pytest\]"):
        stitched.watch(object())
    with pytest.raises(AssertionError) as told:
        stitched.wait_for("order.process", timeout=0)

    assert WITHOUT_SDK in str(told.value)


def test_a_disabled_sdk_is_told(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    stitched = Stitched(Sources(receiver, ProcessSpans()), timeout=0)

    with pytest.raises(AssertionError, match="OTEL_SDK_DISABLED is set"):
        stitched.wait_for("order.process")
    stitched.close()


def test_spans_that_ended_before_the_test_are_counted(
    stitched: Stitched, receiver: Receiver
) -> None:
    send_to = stitched.endpoint
    send(receiver, request(span("order.process")))

    with pytest.raises(AssertionError, match="ended before this test are left out: 1") as told:
        stitched.wait_for("order.process", timeout=0)

    assert "Requests that arrived at the OTLP port: 1." in str(told.value)
    assert send_to == stitched.endpoint


def test_a_cause_that_does_not_exist_cannot_be_allowed(stitched: Stitched) -> None:
    stitched.add(request(publish(), process()))

    with pytest.raises(ValueError, match=r'"K99": causes of orphan roots are .*K9'):
        stitched.assert_no_orphans(allow=["S1", "K99"])
    with pytest.raises(ValueError, match='"B1": causes of orphan roots are'):
        stitched.assert_one_journey("order.id", 123, allow="B1")


def test_a_cause_may_be_allowed_in_any_case(stitched: Stitched) -> None:
    stitched.add(request(publish(), process_cut()))

    stitched.assert_no_orphans(allow=["s1"])
