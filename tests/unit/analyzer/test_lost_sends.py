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
    attributes = {"messaging.system": "kafka", "messaging.destination.name": "carts"} | KEY
    return span(**({"attributes": attributes} | told | changes))


def cart_sent() -> Any:
    attributes = {"messaging.system": "kafka", "messaging.destination.name": "carts"}
    return send(name="carts send", trace=6, id=61, at=0.2, service="web", attributes=attributes)


def pair(number: int, at: float, **changes: Any) -> tuple[Any, Any]:
    """A request (trace 100 + number) and a root send (trace 200 + number) 0.1 s after it
    began."""
    sent = {"trace": 200 + number, "id": 2000 + number, "at": at + 0.1}
    asked = {"trace": 100 + number, "id": 1000 + number, "at": at}
    return request(**(asked | changes)), send(**sent)


def pairs(*names: str) -> list[Any]:
    """Such pairs, ten seconds apart."""
    return [each for n, name in enumerate(names) for each in pair(n, 10.0 * n, name=name)]


def root(number: int) -> tuple[int, int]:
    return 200 + number, 2000 + number


ROOTS = [root(0), root(1), root(2)]
POST = "POST /orders"


def test_sends_that_always_begin_beside_the_same_request_lost_its_context() -> None:
    told = analysed(*pairs(POST, POST, POST))
    assert told.causes == dict.fromkeys(ROOTS, "P6")
    lost = told.orphans[root(0)]
    assert (lost["producer_span_id"], lost["producer_service_name"]) == (None, "order-service")
    assert lost["is_send"]
    assert lost["destination"] == "orders"
    assert lost["cause_confidence"] == 0.7
    fields = {item["field"] for item in lost["evidence"]}
    assert "origin" in fields
    assert "receive span" not in fields, "nothing was received"


def test_ids_in_paths_do_not_make_other_requests() -> None:
    told = analysed(*pairs("PUT /orders/17?now=1", "PUT /orders/18", "PUT /orders/a9-f2"))
    assert told.causes == dict.fromkeys(ROOTS, "P6")


def test_a_request_beside_one_send_or_two_is_chance() -> None:
    assert analysed(send(), request()).causes == {}
    assert analysed(*pairs(POST, POST)).causes == {}


def test_all_messages_of_one_run_are_one_moment() -> None:
    burst = [send(trace=200 + n, id=2000 + n, at=1.0 + n / 100) for n in range(20)]
    assert analysed(request(), *burst).causes == {}


@pytest.mark.parametrize(
    "name",
    [
        "GET /healthz",
        "/healthz",
        "POST /ping",
        "HEAD /",
        "HTTP GET",
        "GET",
        "GET /metrics",
        "/actuator/health/readiness",
        "grpc.health.v1.Health/Check",
        "GET /products/7",
    ],
)
def test_probes_and_reading_are_no_reason_to_send(name: str) -> None:
    """A scheduler that runs every ten seconds, as the probe does."""
    assert analysed(*pairs(name, name, name)).causes == {}
    # … and whose other runs happen to begin beside requests
    assert analysed(*pairs(POST, POST, POST, name)).causes == {}


@pytest.mark.parametrize("name", [POST, "orders.Orders/Place", "/orders", "POST", "/health-plans"])
def test_what_asks_for_work_may_be_a_reason(name: str) -> None:
    assert analysed(*pairs(name, name, name)).causes == dict.fromkeys(ROOTS, "P6")


def test_sends_beside_ever_different_requests_are_those_of_a_scheduler() -> None:
    assert analysed(*pairs(POST, "POST /carts", "PUT /carts", "POST /users")).causes == {}


def test_a_scheduler_that_now_and_then_runs_beside_a_request_is_healthy() -> None:
    alone = send(trace=7, id=71, at=95.0)
    assert analysed(*pairs(POST, POST, POST), alone).causes == {}


def test_what_a_pool_takes_over_may_begin_just_after_the_request() -> None:
    soon = [each for n in range(3) for each in pair(n, 10.0 * n, duration=0.07)]
    assert analysed(*soon).causes == dict.fromkeys(ROOTS, "P6")
    late = [each for n in range(3) for each in pair(n, 10.0 * n, duration=0.04)]
    assert analysed(*late).causes == {}


@pytest.mark.parametrize(
    "beside",
    [
        {"at": 1.05},  # it begins later
        {"service": "billing-service"},
        {"resource": {"service.instance.id": "other"}},
        {"kind": "CLIENT"},
        {"at": -2.0, "duration": 9.0},  # too long before
    ],
)
def test_a_root_send_beside_no_request_of_its_process_is_none(beside: dict[str, Any]) -> None:
    usual = (request(trace=8, id=81, at=30.0), send(trace=8, id=82, parent=81, at=30.1))
    assert analysed(send(), request(), *usual).causes == {SENT: "P6"}
    assert analysed(send(), request(**beside), *usual).causes == {}


def test_among_many_requests_at_once_any_root_would_be_in_one() -> None:
    others = [request(trace=50 + n, id=500 + n) for n in range(4)]
    seen = pairs(POST, POST, POST)
    # it shows nothing, but is told where others are, and is no sign of a scheduler either
    assert analysed(send(), *others).causes == {}
    crowd = [request(trace=50 + n, id=500 + n, at=50.9) for n in range(4)]
    told = analysed(send(at=51.0), *crowd, *seen)
    assert told.causes == dict.fromkeys([SENT, *ROOTS], "P6")
    elsewhere = [request(trace=50 + n, id=500 + n, at=50.9, name=f"POST /{n}x") for n in range(4)]
    assert analysed(send(at=51.0), *elsewhere, *seen).causes == dict.fromkeys(ROOTS, "P6")


def test_a_root_beside_work_whose_like_sends_itself_lost_its_own() -> None:
    usual = (request(at=30.0), send(trace=5, id=52, parent=51, at=30.1))
    told = analysed(*pair(0, 1.0), *usual)
    assert told.causes == {root(0): "P6"}
    assert told.orphans[root(0)]["cause_confidence"] == 0.75
    assert analysed(*pair(0, 1.0, name="POST /carts"), *usual).causes == {}
    elsewhere = (request(at=30.0), send(trace=5, id=52, parent=51, at=30.1, attributes=KAFKA))
    assert analysed(*pair(0, 1.0), *elsewhere).causes == {}


def test_reading_that_is_seen_to_send_is_work_like_other() -> None:
    usual = (request(at=30.0, name="GET /a"), send(trace=5, id=52, parent=51, at=30.1))
    assert analysed(*pair(0, 1.0, name="GET /a"), *usual).causes == {root(0): "P6"}


def test_a_scheduler_that_sends_where_requests_send_is_healthy() -> None:
    usual = (request(at=30.0), send(trace=5, id=52, parent=51, at=30.1))
    runs = [send(trace=200 + n, id=2000 + n, at=10.0 * n) for n in range(3)]
    assert analysed(*runs, *usual).causes == {}


def test_a_timer_beside_requests_that_have_their_sends_is_healthy() -> None:
    orders = [
        each
        for n in range(3)
        for each in (*pair(n, 10.0 * n), send(trace=100 + n, id=3000 + n, parent=1000 + n, at=0.0))
    ]
    assert analysed(*orders).causes == {}
    without_the_first = [*orders[:2], *orders[3:]]
    assert analysed(*without_the_first).causes == {root(0): "P6"}


def test_a_send_beside_a_message_whose_like_sends_itself_lost_it() -> None:
    usual = (cart_sent(), consumed(at=30.0), send(trace=6, id=63, parent=62, at=30.05))
    other = consumed(trace=9, id=92, at=0.95, duration=0.2, attributes={})
    assert analysed(send(), other, *usual).causes[SENT] == "P6"
    assert SENT not in analysed(send(at=5.0), other, *usual).causes, "a timer beside it"


def test_a_root_among_sends_of_jobs_is_a_job_of_its_own() -> None:
    job = span("nightly", trace=5, id=51, service="order-service", at=30.0)
    assert analysed(send(), job, send(trace=5, id=52, parent=51, at=30.0)).causes == {}


def test_a_script_and_a_batch_job_are_healthy() -> None:
    runs = [send(trace=200 + n, id=2000 + n, at=n / 10) for n in range(30)]
    assert analysed(*runs).causes == {}


def test_a_send_beside_a_request_with_its_id_lost_it() -> None:
    told = analysed(send(attributes=ORDER), request(attributes=ORDER))
    assert told.causes == {SENT: "P6"}
    assert told.orphans[SENT]["cause_confidence"] == 0.78
    assert analysed(send(attributes=ORDER), request(attributes={"order.id": "2"})).causes == {}
    assert analysed(send(attributes=ORDER), request(at=0.2, attributes=ORDER)).causes == {}


def test_a_value_that_many_requests_have_is_the_id_of_none() -> None:
    others = [request(trace=50 + n, id=500 + n, at=5.0 + n, attributes=ORDER) for n in range(10)]
    mine = send(attributes=ORDER), request(attributes=ORDER)
    assert analysed(*mine, *others[:9]).causes == {SENT: "P6"}
    assert analysed(*mine, *others).causes == {}


def test_an_outbox_relay_is_healthy_although_its_first_messages_are_quick() -> None:
    quick = send(attributes=ORDER), request(attributes=ORDER)
    later = send(trace=7, id=71, at=9.0, attributes={"order.id": "2"})
    slow = request(trace=8, id=81, at=8.0, attributes={"order.id": "2"})
    assert analysed(*quick, later, slow).causes == {}


def test_a_root_send_with_a_link_names_where_it_comes_from() -> None:
    linked = send(links=[link(trace=5, id=51)])
    assert analysed(linked, request()).causes == {}


def test_a_go_program_that_sends_to_kafka_without_context_is_k8() -> None:
    go = {"telemetry.sdk.language": "go"}
    asked = request(resource=go, attributes=ORDER)
    told = analysed(send(attributes=KAFKA | ORDER, resource=go), asked)
    assert told.causes == {SENT: "K8"}
    assert analysed(send(attributes=ORDER, resource=go), asked).causes == {SENT: "P6"}
    assert analysed(send(attributes=KAFKA, resource=go), asked).causes == {}


def test_a_send_after_a_record_with_its_key_is_k5() -> None:
    assert analysed(send(attributes=KAFKA | KEY), cart_sent(), consumed()).causes == {SENT: "K5"}


@pytest.mark.parametrize(
    ("language", "cause"), [("java", "K5"), ("python", "P6"), ("dotnet", "P6")]
)
def test_kafka_streams_is_written_in_java(language: str, cause: str) -> None:
    told = {"telemetry.sdk.language": language}
    spans = send(attributes=KAFKA | KEY, resource=told), cart_sent(), consumed(resource=told)
    assert analysed(*spans).causes == {SENT: cause}


@pytest.mark.parametrize("scope", ["faust", "quixstreams.tracing", "Streamiz.Kafka.Net"])
def test_other_libraries_compute_streams_too(scope: str) -> None:
    told = {"telemetry.sdk.language": "python"}
    taken = consumed(resource=told, scope=scope)
    spans = send(attributes=KAFKA | KEY, resource=told), cart_sent(), taken
    assert analysed(*spans).causes == {SENT: "K5"}


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


def heartbeats(*times: float, key: str) -> list[Any]:
    told = {"messaging.system": "kafka", "messaging.destination.name": "heartbeats"}
    told["messaging.kafka.message.key"] = key
    return [send(trace=300 + n, id=3000 + n, at=at, attributes=told) for n, at in enumerate(times)]


def messages(count: int, **changes: Any) -> list[Any]:
    """Records that order-service handles, one a second."""
    return [
        consumed(trace=400 + n, id=4000 + n, parent=9, at=1.0 * n, **changes) for n in range(count)
    ]


def test_one_key_on_all_messages_names_none_of_them() -> None:
    assert set(analysed(*messages(10), *heartbeats(3.5, key="K-1")).causes.values()) >= {"K5"}
    told = analysed(*messages(11), *heartbeats(3.5, 8.5, key="K-1"))
    assert not {root for root in told.causes if root[0] >= 300 and root[0] < 400}


def test_a_heartbeat_that_follows_no_message_shows_that_none_does() -> None:
    told = analysed(*messages(2), *heartbeats(2.5, 60.0, key="K-1"))
    assert not {root for root in told.causes if root[0] >= 300 and root[0] < 400}


def test_a_send_to_a_queue_after_a_message_with_its_id_is_p6() -> None:
    told = analysed(send(attributes=KEY), cart_sent(), consumed())
    assert told.causes == {SENT: "P6"}
