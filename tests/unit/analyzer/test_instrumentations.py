"""Span shapes that instrumentation libraries are known to send."""

from typing import Any

from tests.analysed import analysed
from tests.builders import link, span
from tests.unit.analyzer.messages import KAFKA, ORDER, SENT, UUID, send

QUEUE = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
URL = "http://localhost:4566/123456789012/orders"
ARN = "arn:aws:sqs:eu-west-1:123456789012:orders"


def worker(name: str, **changes: Any) -> Any:
    told: dict[str, Any] = {"trace": 2, "service": "payment-service", "at": 2.0}
    return span(name, **(told | changes))


def poll(*, at: float = 2.0, trace: int = 2, **changes: Any) -> tuple[Any, Any]:
    """kafkajs eachBatch: a `poll` root, `process` below it; the work is a sibling."""
    told = KAFKA | {"messaging.operation.name": "poll", "messaging.operation.type": "receive"}
    process = KAFKA | {"messaging.operation.type": "process"}
    return (
        worker("poll orders", trace=trace, id=20, kind="CLIENT", at=at, attributes=told),
        worker(
            "process orders",
            trace=trace,
            id=21,
            parent=20,
            kind="CONSUMER",
            at=at,
            attributes=process,
            **changes,
        ),
    )


def test_the_id_of_a_span_beside_the_only_delivery_of_a_poll_is_its_own() -> None:
    work = worker("charge", id=22, parent=20, attributes=ORDER)
    answers = analysed(send(attributes=KAFKA | ORDER), *poll(), work)
    assert answers.edges == {(SENT, (2, 21)): "correlation-id"}
    assert answers.causes == {(2, 20): "K1"}


def test_an_id_beside_two_deliveries_of_a_poll_belongs_to_neither() -> None:
    second = worker(
        "process orders",
        id=23,
        parent=20,
        kind="CONSUMER",
        attributes=KAFKA | {"messaging.operation.type": "process"},
    )
    work = worker("charge", id=22, parent=20, attributes=ORDER)
    assert analysed(send(attributes=KAFKA | ORDER), *poll(), second, work).edges == {}


def test_ids_beside_a_delivery_but_behind_its_next_send_are_those_of_the_next_hop() -> None:
    following = worker("audit send", id=22, parent=20, kind="PRODUCER", attributes=KAFKA)
    told = worker("sent", id=24, parent=22, attributes=ORDER)
    assert analysed(send(attributes=KAFKA | ORDER), *poll(), following, told).edges == {}


def invocation(*bodies: Any) -> tuple[Any, ...]:
    """JavaScript Lambda: SERVER root, `process` that never was active, bodies beside it."""
    faas = {"faas.trigger": "pubsub", "faas.invocation_id": "r-1"}
    process = QUEUE | {"messaging.operation.type": "process", "aws.sqs.queue.url": ARN}
    return (
        worker("charge-orders", id=20, kind="SERVER", attributes=faas),
        worker("process orders", id=21, parent=20, kind="CONSUMER", attributes=process),
        *bodies,
    )


def test_a_lambda_that_took_two_messages_has_an_edge_from_each_producer() -> None:
    first = QUEUE | ORDER
    second = QUEUE | {"order.id": "o-2"}
    answers = analysed(
        send(attributes=first),
        send(trace=3, id=31, attributes=second),
        *invocation(
            worker("charge", id=22, parent=20, attributes=ORDER),
            worker("charge", id=23, parent=20, attributes={"order.id": "o-2"}),
        ),
    )
    assert set(answers.edges) == {(SENT, (2, 21)), ((3, 31), (2, 21))}
    assert set(answers.orphans) == {(2, 20)}


def test_message_ids_are_read_beside_the_process_span_too() -> None:
    body = worker("charge", id=22, parent=20, attributes={"messaging.message.id": UUID})
    answers = analysed(send(attributes=QUEUE | {"messaging.message.id": UUID}), *invocation(body))
    assert answers.edges == {(SENT, (2, 21)): "message-id"}


def test_a_queue_url_without_a_region_is_the_queue_of_that_account() -> None:
    sent = {"messaging.system": "aws_sqs", "url.full": URL}
    arn = {"messaging.system": "aws_sqs", "messaging.destination.name": ARN}
    process = arn | ORDER | {"messaging.operation.type": "process"}
    consumer = worker("process orders", id=20, kind="CONSUMER", attributes=process)
    answers = analysed(send(attributes=sent | ORDER), consumer)
    assert answers.edges == {(SENT, (2, 20)): "correlation-id"}


def test_a_queue_of_another_account_is_another_queue() -> None:
    sent = {"messaging.system": "aws_sqs", "url.full": URL}
    arn = {"messaging.system": "aws_sqs", "messaging.destination.name": ARN.replace("1234", "9934")}
    process = arn | ORDER | {"messaging.operation.type": "process"}
    consumer = worker("process orders", id=20, kind="CONSUMER", attributes=process)
    assert analysed(send(attributes=sent | ORDER), consumer).edges == {}


def counted(messages: int, **changes: Any) -> Any:
    """JavaScript aws-sdk: one `receive` root, links alone tell of its messages."""
    told = QUEUE | {
        "messaging.operation.type": "receive",
        "messaging.batch.message_count": messages,
    }
    return worker("orders receive", id=20, kind="CONSUMER", attributes=told, **changes)


def test_a_poll_that_took_messages_and_links_to_none_is_an_orphan() -> None:
    assert set(analysed(send(attributes=QUEUE), counted(1)).orphans) == {(2, 20)}


def test_an_idle_poll_and_a_linked_one_are_none() -> None:
    sent = send(attributes=QUEUE)
    assert analysed(sent, counted(0)).orphans == {}
    assert analysed(sent, counted(1, links=[link(trace=1, id=11)])).orphans == {}


def test_a_poll_whose_messages_continue_their_contexts_in_spans_of_their_own_is_none() -> None:
    process = QUEUE | {"messaging.operation.type": "process"}
    told: dict[str, Any] = {"trace": 1, "id": 22, "parent": 11, "kind": "CONSUMER"}
    answers = analysed(
        send(attributes=QUEUE),
        counted(1),
        worker("orders process", **told, flags=0x300, attributes=process),
    )
    assert answers.edges == {(SENT, (1, 22)): "parent"}
    assert answers.orphans == {}


def test_a_poll_of_a_message_that_has_a_process_span_in_another_trace_is_no_delivery() -> None:
    record = KAFKA | {"messaging.kafka.partition": 0, "messaging.kafka.offset": 7}
    told = record | {"messaging.operation.type": "receive"}
    receive = worker("poll orders", trace=4, id=41, kind="CLIENT", attributes=told)
    process = record | {"messaging.operation.type": "process"}
    linked = worker(
        "process orders",
        id=21,
        kind="CONSUMER",
        attributes=process,
        links=[link(trace=1, id=11)],
    )
    answers = analysed(send(attributes=KAFKA), receive, linked)
    assert answers.edges == {(SENT, (2, 21)): "link"}
    assert answers.orphans == {}
    alone = analysed(send(attributes=KAFKA), receive)
    assert set(alone.orphans) == {(4, 41)}


def named(system: str, name: str) -> dict[str, str]:
    return {"messaging.system": system, "messaging.destination.name": name}


def taken(system: str, name: str, **changes: Any) -> Any:
    told = named(system, name) | ORDER | {"messaging.operation.type": "process"}
    return worker(f"process {name}", id=21, kind="CONSUMER", attributes=told, **changes)


def test_an_exchange_fills_queues_of_other_names() -> None:
    for exchange, queue in (("events", "billing"), ("events:paid", "events:paid:billing")):
        answers = analysed(
            send(attributes=named("rabbitmq", exchange) | ORDER), taken("rabbitmq", queue)
        )
        assert answers.edges == {(SENT, (2, 21)): "correlation-id"}
        assert answers.causes == {(2, 21): "R1"}
    other = analysed(send(attributes=named("kafka", "events") | ORDER), taken("kafka", "billing"))
    assert other.edges == {}


def test_a_topic_fills_subscriptions_and_is_no_missing_producer() -> None:
    answers = analysed(
        send(attributes=named("gcp_pubsub", "events") | ORDER), taken("gcp_pubsub", "billing")
    )
    assert answers.edges == {(SENT, (2, 21)): "correlation-id"}
    assert answers.causes != {(2, 21): "P3"}


def test_a_queue_of_another_name_gets_no_message_that_somebody_has() -> None:
    answers = analysed(
        send(attributes=named("rabbitmq", "events") | ORDER),
        worker(
            "process events",
            trace=1,
            id=30,
            parent=11,
            service="audit",
            kind="CONSUMER",
            flags=0x300,
            attributes=named("rabbitmq", "events"),
        ),
        taken("rabbitmq", "billing"),
    )
    assert answers.edges == {(SENT, (1, 30)): "parent"}


def test_hand_written_spans_may_leave_the_system_out() -> None:
    told = {"messaging.destination.name": "orders"} | ORDER
    for name in ("handle order", "on_message"):
        answers = analysed(
            send(name="publish order", kind="INTERNAL", attributes=told | {"messaging.system": ""}),
            worker(name, id=20, attributes=told),
        )
        assert answers.edges == {(SENT, (2, 20)): "correlation-id"}
    quiet = analysed(send(attributes=QUEUE | ORDER), worker("handle order", attributes=ORDER))
    assert quiet.edges == {}
    assert quiet.orphans == {}


def test_a_mirrored_topic_is_filled_by_the_topic_it_is_named_after() -> None:
    answers = analysed(
        send(attributes=named("kafka", "orders") | ORDER), taken("kafka", "eu.orders")
    )
    assert answers.edges == {(SENT, (2, 21)): "correlation-id"}
    assert answers.causes == {(2, 21): "K6"}
    direct = analysed(
        send(attributes=named("kafka", "eu.orders") | ORDER), taken("kafka", "eu.orders")
    )
    assert direct.causes == {(2, 21): "K1"}


def test_a_root_that_only_names_a_message_that_was_sent_is_its_delivery() -> None:
    sent = send(attributes=QUEUE | {"messaging.message.id": UUID})
    body = worker("charge", id=20, attributes={"messaging.message.id": UUID})
    answers = analysed(sent, body)
    assert answers.edges == {(SENT, (2, 20)): "message-id"}
    assert answers.causes == {(2, 20): "S1"}
    assert analysed(body).orphans == {}
    early = worker("charge", id=20, at=0.1, attributes={"messaging.message.id": UUID})
    assert analysed(sent, early).orphans == {}


def closed(messages: int = 1, **changes: Any) -> Any:
    """A poll from 2.0 to 2.0507 s, as JavaScript times it."""
    return counted(messages, duration=0.0507, **changes)


def handled(**changes: Any) -> Any:
    """Work that starts in the millisecond in which the poll ended."""
    told: dict[str, Any] = {"trace": 3, "id": 30, "at": 2.05, "attributes": ORDER}
    return worker("charge", **(told | changes))


def test_the_ids_on_work_after_a_poll_without_context_are_those_of_its_message() -> None:
    answers = analysed(send(attributes=QUEUE | ORDER), closed(), handled())
    assert answers.edges == {(SENT, (3, 30)): "correlation-id"}
    assert set(answers.orphans) == {(2, 20), (3, 30)}


def test_work_after_a_linked_poll_is_k4_and_no_second_delivery() -> None:
    linked = closed(links=[link(trace=1, id=11)])
    answers = analysed(send(attributes=QUEUE | ORDER), linked, handled())
    assert answers.edges == {(SENT, (2, 20)): "link"}
    assert answers.causes == {(3, 30): "K4"}


def test_work_after_an_idle_poll_or_long_after_it_has_no_producer() -> None:
    sent = send(attributes=QUEUE | ORDER)
    for poll_, work in ((closed(0), handled()), (closed(), handled(at=2.6))):
        answers = analysed(sent, poll_, work)
        assert answers.edges == {}
        assert (3, 30) not in answers.orphans
