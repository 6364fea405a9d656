"""Work after a receive span that ended too early."""

from typing import Any

import pytest

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import KAFKA, UUID, delivery, send

RECORD = KAFKA | {"messaging.kafka.partition": 0}


def receive(**changes: Any) -> Any:
    """kafka-python's span of one record, from second 2.0 to 2.1; child of the producer."""
    told: dict[str, Any] = {"name": "payments receive", "trace": 1, "parent": 11, "flags": 0x300}
    attributes = RECORD | changes.pop("attributes", {})
    return delivery(**(told | changes), attributes=attributes)


def handling(at: float = 2.11, **changes: Any) -> Any:
    told: dict[str, Any] = {"name": "charge", "trace": 3, "id": 31, "service": "payment-service"}
    return span(**(told | {"at": at, "duration": 0.05} | changes))


def test_work_after_a_connected_receive_span_is_k4() -> None:
    answers = analysed(send(attributes=KAFKA), receive(), handling())
    assert answers.causes == {(3, 31): "K4"}
    orphan = answers.orphans[3, 31]
    assert (orphan["system"], orphan["destination"]) == ("kafka", "payments")
    assert "receive span" in {item["field"] for item in orphan["evidence"]}
    assert list(answers.edges) == [((1, 11), (1, 21))]


def test_a_cut_receive_span_and_the_work_after_it_are_one_orphan_root() -> None:
    cut = receive(trace=2, parent=None)
    answers = analysed(send(attributes=KAFKA), cut, handling())
    assert answers.causes == {(2, 21): "K1"}


def test_the_producer_that_the_work_tells_of_is_the_cut_receive_spans() -> None:
    order = {"order.id": "o-1"}
    cut = receive(trace=2, parent=None)
    sent = send(attributes=KAFKA | order)
    answers = analysed(sent, cut, handling(), handling(2.2, trace=4, attributes=order))
    assert answers.edges == {((1, 11), (4, 31)): "correlation-id"}
    assert answers.causes == {(2, 21): "K1"}
    assert answers.orphans[2, 21]["producer_span_id"] == 11


def test_each_work_after_a_poll_that_only_counts_its_messages_is_a_root_of_its_own() -> None:
    poll = delivery(
        name="payments receive",
        attributes=KAFKA | {"messaging.batch.message_count": 2},
    )
    works = [handling(trace=n, id=n, at=2.11 + n / 20) for n in (3, 4)]
    assert set(analysed(send(attributes=KAFKA), poll, *works).orphans) >= {(3, 3), (4, 4)}


def test_each_handling_of_a_batch_follows_the_one_before_it() -> None:
    works = [handling(at, trace=n, id=n) for n, at in ((3, 2.2), (4, 2.4), (5, 2.9))]
    answers = analysed(send(attributes=KAFKA), receive(), *works)
    assert set(answers.orphans) == {(3, 3), (4, 4)}


@pytest.mark.parametrize(
    "spans",
    [
        pytest.param([receive(), handling(2.5)], id="later than handling begins"),
        pytest.param([receive(), handling(1.9)], id="before the receive span ended"),
        pytest.param([receive(), handling(service="cron")], id="another process"),
        pytest.param([receive(), handling(kind="SERVER")], id="a request"),
        pytest.param([receive(), handling(links=[link(trace=9, id=9)])], id="with a link"),
        pytest.param([receive(), handling(parent=9)], id="no root"),
        pytest.param(
            [
                receive(),
                span(name="work", trace=1, id=22, parent=21, service="payment-service", at=2.0),
                handling(),
            ],
            id="the receive span has work below",
        ),
        pytest.param(
            [
                receive(duration=0.01),
                receive(
                    trace=2,
                    id=22,
                    parent=None,
                    attributes={"messaging.batch.message_count": 0},
                ),
                handling(),
            ],
            id="an idle poll came after it",
        ),
    ],
)
def test_other_work_is_none(spans: list[Any]) -> None:
    assert analysed(send(attributes=KAFKA), *spans).orphans == {}


API: dict[str, Any] = {
    "name": "SQS.ReceiveMessage",
    "kind": "CLIENT",
    "scope": "opentelemetry.instrumentation.botocore.sqs",
}
CALL = {"rpc.system": "aws-api", "rpc.service": "SQS", "rpc.method": "ReceiveMessage"}


def test_work_after_an_api_call_that_received_a_message_is_cut() -> None:
    full = delivery(**API, attributes=CALL | {"messaging.message.id": UUID})
    answers = analysed(send(), full, handling())
    assert answers.causes == {(3, 31): "S1"}
    assert answers.edges == {}
    assert (3, 31) not in answers.endpoints
    assert analysed(send(), delivery(**API, attributes=CALL), handling()).orphans == {}


def test_the_id_of_an_api_call_is_that_of_the_first_work_after_it() -> None:
    known = {"messaging.message.id": UUID}
    full = delivery(**API, attributes=CALL | known)
    second = handling(2.2, trace=4, id=41)
    answers = analysed(send(attributes=known), full, handling(), second)
    assert answers.edges == {((1, 11), (3, 31)): "message-id"}
    assert answers.endpoints[3, 31]["destination"] == "orders"
    assert answers.causes == {(3, 31): "S1", (4, 41): "S1"}
    assert answers.orphans[3, 31]["cause_confidence"] == 0.7


def test_work_after_an_api_call_is_found_by_its_own_correlation_id() -> None:
    full = delivery(**API, attributes=CALL | {"messaging.message.id": UUID})
    order = {"order.id": "o-1"}
    answers = analysed(send(attributes=order), full, handling(attributes=order))
    assert answers.edges == {((1, 11), (3, 31)): "correlation-id"}
    other = handling(3.0, attributes=order)  # too late to be work of that call
    assert analysed(send(attributes=order), full, other).edges == {}


OTELAWS = "go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-sdk-go-v2/otelaws"
ORDER = {"order.id": "o-1"}


def polled_by_go(**changes: Any) -> list[Any]:
    """otelaws' call, which says the same of an idle poll, and that to delete the message."""
    told: dict[str, Any] = {"kind": "CLIENT", "scope": OTELAWS, "service": "payment-service"}
    call = {
        "rpc.system": "aws-api",
        "server.address": "https://sqs.eu-west-1.amazonaws.com/1/orders",
    }
    return [
        delivery(name="SQS.ReceiveMessage", attributes=CALL, **{**told, **changes}),
        span(
            "SQS.DeleteMessage",
            trace=9,
            id=91,
            at=2.2,
            attributes=call | {"rpc.service": "SQS", "rpc.method": "DeleteMessage"},
            **told,
        ),
    ]


def test_work_after_a_call_of_go_is_told_where_its_order_finds_the_producer() -> None:
    answers = analysed(send(attributes=ORDER), *polled_by_go(), handling(attributes=ORDER))
    assert answers.edges == {((1, 11), (3, 31)): "correlation-id"}
    assert answers.causes == {(3, 31): "S1"}


@pytest.mark.parametrize(
    "work",
    [
        pytest.param([], id="the calls alone"),
        pytest.param([handling()], id="a timer of the process"),
        pytest.param([handling(attributes={"order.id": "o-2"})], id="work on something else"),
        pytest.param([handling(2.5, attributes=ORDER)], id="work that begins later"),
    ],
)
def test_calls_of_go_and_work_of_its_own_are_no_orphan_roots(work: list[Any]) -> None:
    answers = analysed(send(attributes=ORDER), *polled_by_go(), *work)
    assert (answers.orphans, answers.edges) == ({}, {})
