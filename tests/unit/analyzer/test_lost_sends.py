"""Sends that lost the work they belong to, and those that rightly begin a trace."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import KAFKA, ORDER, SENT, send

KEY = {"messaging.kafka.message.key": "K-1"}


def request(**changes: Any) -> Any:
    """`POST /orders` of order-service, trace 5, span 51, around the time of `send()`."""
    told: dict[str, Any] = {
        "name": "POST /orders",
        "trace": 5,
        "id": 51,
        "kind": "SERVER",
        "service": "order-service",
        "at": 0.9,
        "duration": 0.3,
    }
    return span(**(told | changes))


def consumed(**changes: Any) -> Any:
    """A record that order-service handled before, with its context: trace 6, span 62."""
    told: dict[str, Any] = {
        "name": "carts process",
        "trace": 6,
        "id": 62,
        "parent": 61,
        "kind": "CONSUMER",
        "service": "order-service",
        "at": 0.5,
        "duration": 0.1,
        "flags": 0x300,
    }
    attributes = {"messaging.system": "kafka", "messaging.destination.name": "carts"}
    return span(**(told | changes), attributes=attributes | KEY)


def cart_sent() -> Any:
    attributes = {"messaging.system": "kafka", "messaging.destination.name": "carts"}
    return send(name="carts send", trace=6, id=61, at=0.2, service="web", attributes=attributes)


def test_a_root_send_while_a_request_of_its_process_runs_lost_its_context() -> None:
    told = analysed(send(), request())
    assert told.causes == {SENT: "P6"}
    root = told.orphans[SENT]
    assert (root["producer_span_id"], root["producer_service_name"]) == (None, "order-service")
    assert root["destination"] == "orders"
    fields = {item["field"] for item in root["evidence"]}
    assert "origin" in fields
    assert "receive span" not in fields, "nothing was received"


def test_what_a_pool_takes_over_may_begin_just_after_the_request() -> None:
    assert analysed(send(), request(at=0.7, duration=0.27)).causes == {SENT: "P6"}
    assert analysed(send(), request(at=0.5, duration=0.27)).causes == {}


@pytest.mark.parametrize(
    "beside",
    [
        request(at=1.05),  # it begins later
        request(service="billing-service"),
        request(resource={"service.instance.id": "other"}),
        request(kind="CLIENT"),
        request(at=-2.0, duration=9.0),  # too long before
    ],
)
def test_a_root_send_beside_no_request_of_its_process_is_none(beside: Any) -> None:
    assert analysed(send(), beside).causes == {}


def test_among_many_requests_at_once_any_root_would_be_in_one() -> None:
    requests = [request(trace=50 + n, id=500 + n) for n in range(4)]
    assert analysed(send(), *requests[:3]).causes == {SENT: "P6"}
    assert analysed(send(), *requests).causes == {}
    # … which is no sign of a scheduler either
    other = send(trace=7, id=71, at=30.0), request(trace=8, id=81, at=29.9)
    assert analysed(send(), *requests, *other).causes == {SENT: "P6", (7, 71): "P6"}


def test_a_scheduler_that_now_and_then_runs_beside_a_request_is_healthy() -> None:
    later = send(trace=7, id=71, at=30.0)
    assert analysed(send(), request(), later).causes == {}


def test_a_root_among_sends_that_have_requests_lost_its_own() -> None:
    whole = (request(at=30.0), send(trace=5, id=52, parent=51, at=30.1))
    assert analysed(send(), *whole).causes == {SENT: "P6"}
    elsewhere = (
        request(at=30.0),
        send(trace=5, id=52, parent=51, at=30.1, name="x", attributes=KAFKA),
    )
    assert analysed(send(), *elsewhere).causes == {}


def test_a_root_among_sends_of_jobs_is_a_job_of_its_own() -> None:
    job = span("nightly", trace=5, id=51, service="order-service", at=30.0)
    assert analysed(send(), job, send(trace=5, id=52, parent=51, at=30.0)).causes == {}


def test_a_root_send_with_a_link_names_where_it_comes_from() -> None:
    linked = send(links=[link(trace=5, id=51)])
    assert analysed(linked, request()).causes == {}


def test_a_go_program_that_sends_to_kafka_without_context_is_k8() -> None:
    go = {"telemetry.sdk.language": "go"}
    told = analysed(send(attributes=KAFKA, resource=go), request(resource=go))
    assert told.causes == {SENT: "K8"}
    assert analysed(send(resource=go), request(resource=go)).causes == {SENT: "P6"}


def test_a_send_after_a_record_with_its_key_is_k5() -> None:
    assert analysed(send(attributes=KAFKA | KEY), cart_sent(), consumed()).causes == {SENT: "K5"}


def test_a_send_with_another_key_or_long_after_is_none() -> None:
    other = send(attributes=KAFKA | {"messaging.kafka.message.key": "K-2"})
    assert analysed(other, cart_sent(), consumed()).causes == {}
    late = send(attributes=KAFKA | KEY, at=9.0)
    assert analysed(late, cart_sent(), consumed()).causes == {}


def test_a_send_of_kafka_streams_is_k5_whatever_its_key() -> None:
    store = {"messaging.system": "kafka", "messaging.destination.name": "app-totals-changelog"}
    told = analysed(send(attributes=store), cart_sent(), consumed())
    assert told.causes == {SENT: "K5"}
    assert analysed(send(attributes=store)).causes == {}  # the service consumes nothing


def test_a_send_while_a_message_of_its_order_is_handled_is_p6() -> None:
    handled = consumed(at=0.9, duration=0.3)
    assert analysed(send(attributes=KAFKA | KEY), cart_sent(), handled).causes == {SENT: "P6"}
    assert analysed(send(attributes=KAFKA | ORDER), cart_sent(), handled).causes == {}


def test_a_failed_record_published_anew_without_its_work_is_k9() -> None:
    dead = {"messaging.system": "kafka", "messaging.destination.name": "carts-dlt"}
    told = analysed(send(attributes=dead | KEY), cart_sent(), consumed())
    assert told.causes == {SENT: "K9"}
