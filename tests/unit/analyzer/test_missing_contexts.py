"""A context that names an absent span: was it not sampled (P1), or lost (P2)?"""

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import DELIVERED, delivery, send

REQUEST = span("POST /orders", trace=2, id=10, kind="SERVER", service="order-service", at=0.2)


def test_the_request_of_the_producers_trace_says_that_its_span_was_lost() -> None:
    child = delivery(parent=11, flags=0x300)

    assert analysed(send(trace=9), child).causes == {DELIVERED: "P1"}
    assert analysed(send(trace=9), REQUEST, child).causes == {DELIVERED: "P2"}


def test_a_clock_that_is_ahead_changes_nothing() -> None:
    late = span("POST /orders", trace=2, id=10, kind="SERVER", service="order-service", at=9.0)

    assert analysed(send(trace=9), late, delivery(parent=11, flags=0x300)).causes == {
        DELIVERED: "P2"
    }


def test_another_consumer_below_the_same_missing_span_says_nothing() -> None:
    other = delivery(parent=11, flags=0x300, id=31, service="stock-service", at=1.5)
    below = span("write", trace=2, id=32, parent=31, service="database", kind="SERVER", at=1.6)
    spans = send(trace=9), other, below, delivery(parent=11, flags=0x300)

    assert set(analysed(*spans).causes.values()) == {"P1"}


def test_the_flags_of_a_link_beside_the_parent_say_whether_it_was_sampled() -> None:
    java = {"telemetry.sdk.language": "java"}
    told = {"parent": 11, "flags": 0x301, "resource": java}

    [unsampled] = analysed(
        send(trace=9), delivery(links=[link(2, 11, flags=0x300)], **told)
    ).orphans.values()
    [sampled] = analysed(
        send(trace=9), delivery(links=[link(2, 11, flags=0x301)], **told)
    ).orphans.values()

    assert (unsampled["cause_code"], unsampled["cause_confidence"]) == ("P1", 0.9)
    assert sampled["cause_code"] == "P2"
