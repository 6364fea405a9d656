"""What buses and topics are believed to deliver, and what a function without a destination got."""

from typing import Any

import pytest

from analyzer.bridges import is_named_after
from tests.analysed import Analysed, analysed
from tests.builders import Built, link, span
from tests.unit.analyzer.messages import DELIVERED, ORDER, UUID, delivery, send

BOTO3SQS = "opentelemetry.instrumentation.boto3sqs"
ID = {"messaging.message.id": UUID}
OTHER_ID = {"messaging.message.id": UUID.replace("0", "7")}
JAVASCRIPT = "@opentelemetry/instrumentation-aws-lambda"
FUNCTION = {"faas.trigger": "pubsub", "faas.invocation_id": "i"}
QUEUE = {"messaging.destination.name": "labels"}


def topic(name: str = "order-events") -> dict[str, str]:
    return {"messaging.system": "aws_sns", "messaging.destination.name": name}


def bus(name: str = "stock") -> dict[str, str]:
    return {"messaging.system": "aws_eventbridge", "messaging.destination.name": name}


def arrived(
    number: int, at: float = 0.5, *, sent: dict[str, str], got: dict[str, Any], **changes: Any
) -> list[Built]:
    """A message that connects: its send, in trace `number`, and its delivery."""
    who = {"service": changes.pop("sender", "order-service")}
    return [
        send(trace=number, id=number * 10, at=at, attributes=sent, **who),
        delivery(
            trace=number,
            id=number * 10 + 1,
            parent=number * 10,
            at=at + 1,
            attributes=got,
            **changes,
        ),
    ]


def invoked(trace: int = 2, at: float = 2.0, **changes: Any) -> Built:
    """A function's root that names no queue."""
    told: dict[str, Any] = {"id": 21, "kind": "SERVER", "service": "fn", "scope": JAVASCRIPT}
    return span("fn", **(told | {"trace": trace, "at": at, "attributes": FUNCTION} | changes))


def listed(answers: Analysed) -> dict[str, float]:
    return {each["code"]: each["confidence"] for each in answers.orphans[DELIVERED]["other_causes"]}


@pytest.mark.parametrize(
    ("queue", "bridge", "named"),
    [
        ("orders-payments", "orders", True),
        ("eu-orders-audit-queue", "orders-topic", True),
        ("OrdersAuditQueue", "order-events", True),
        ("orders.fifo", "orders.fifo", True),
        ("order-audit", "orders-bus", True),
        ("order-audit", "sns-orders", True),
        ("reorders", "orders", False),
        ("audit-orders", "orders-eu", False),
        ("payments-queue", "default", False),
        ("payments-queue", "event-bus", False),
    ],
)
def test_a_queue_is_named_after_a_topic_by_whole_words(
    queue: str, bridge: str, *, named: bool
) -> None:
    assert is_named_after(queue, bridge) == named


def test_a_bus_that_merely_exists_is_no_sender_that_e3_can_be_said_of() -> None:
    elsewhere = arrived(5, sent=bus(), got=bus("audit"), service="audit")
    alerts = send(trace=7, id=71, attributes=topic("alerts"))

    unseen = analysed(*elsewhere, alerts, delivery(attributes=QUEUE))
    assert unseen.causes == {DELIVERED: "unknown"}
    assert {"E1", "E3", "S9", "P3"} <= listed(unseen).keys()

    # the context of another one who sends to the bus did arrive at this queue, at somebody else
    filled = arrived(6, sent=bus(), got=QUEUE, sender="stock-service", service="printer")
    assert analysed(*elsewhere, alerts, *filled, delivery(attributes=QUEUE)).causes == {
        DELIVERED: "E3"
    }
    # … who also sends to the queue itself
    both = [send(trace=8, id=81, attributes=QUEUE, service="stock-service")]
    answers = analysed(*elsewhere, alerts, *filled, *both, delivery(attributes=QUEUE))
    assert answers.causes[DELIVERED][0] == "S"


def test_what_a_service_publishes_itself_is_not_taken_for_what_it_reads() -> None:
    cut = delivery(attributes=QUEUE)
    published = {"trace": 5, "id": 51, "attributes": topic()}

    assert analysed(send(**published), cut).causes == {DELIVERED: "S9"}
    own = analysed(send(**published, service="payment-service"), cut)
    assert own.causes == {DELIVERED: "unknown"}
    assert "P3" in listed(own)


def test_the_name_of_a_queue_says_which_of_several_fills_it() -> None:
    stock = send(trace=5, id=51, attributes=bus("stock-bus"))
    labels = send(trace=6, id=61, attributes=topic("labels-topic"))
    prints = QUEUE | {"messaging.destination.name": "labels-printer"}

    assert analysed(stock, labels, delivery(attributes=prints)).causes == {DELIVERED: "S9"}
    # a word that names every queue is the project's
    other = send(trace=7, id=71, attributes={"messaging.destination.name": "labels-archive"})
    assert analysed(stock, labels, other, delivery(attributes=prints)).causes == {
        DELIVERED: "unknown"
    }


def test_a_bus_that_merely_exists_does_not_send_before_the_first_send() -> None:
    later = arrived(5, at=100.0, sent={}, got={})
    early = delivery(at=2.0)
    assert analysed(early, *later, send(trace=7, id=71, attributes=bus())).causes == {
        DELIVERED: "P4"
    }
    # one that is seen to deliver here does
    named = send(trace=7, id=71, attributes=bus("orders-bus"))
    assert analysed(early, *later, named).causes != {DELIVERED: "P4"}


def test_an_event_of_which_the_root_tells_came_over_the_bus() -> None:
    sent = [send(trace=5, id=51, attributes=bus()), send(trace=6, id=61, attributes=topic())]
    told = QUEUE | {"aws.eventbridge.event.id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718"}

    assert analysed(*sent, delivery(attributes=told)).causes == {DELIVERED: "E1"}
    assert analysed(*sent, delivery(attributes=QUEUE)).causes == {DELIVERED: "unknown"}


def test_a_queue_whose_consumer_continues_others_of_a_topic_is_not_e4() -> None:
    published = arrived(5, sent=topic(), got=QUEUE, sender="shop")
    events = arrived(6, sent=bus(), got=bus("audit"), service="audit")

    causes = analysed(*published, *events, delivery(attributes=QUEUE | ID)).causes
    assert causes == {DELIVERED: "S9"}
    over_bus = arrived(5, sent=bus(), got=QUEUE, sender="shop")
    assert analysed(*over_bus, *events, delivery(attributes=QUEUE | ID)).causes == {DELIVERED: "E4"}


@pytest.mark.parametrize(("name", "cause"), [("order-events", "S9"), ("billing-alerts", "S12")])
def test_an_id_of_no_send_came_over_a_topic_only_if_that_is_seen_to_deliver(
    name: str, cause: str
) -> None:
    healthy = [
        send(trace=5, id=51, scope=BOTO3SQS, attributes=OTHER_ID),
        delivery(trace=5, id=52, parent=51, scope=BOTO3SQS, attributes=OTHER_ID),
    ]
    published = send(trace=8, id=81, attributes=topic(name))
    cut = delivery(scope=BOTO3SQS, attributes=ID)
    assert analysed(*healthy, cut, published).causes == {DELIVERED: cause}


def test_one_of_a_topics_messages_is_s3_where_its_consumer_continues_others_meanwhile() -> None:
    sns = "opentelemetry.instrumentation.botocore.sns"

    def published(number: int, *, kept: bool) -> list[Built]:
        order = {"order.id": f"ORD-{number}"}
        sent = send(trace=number, id=number * 10, at=number, scope=sns, attributes=topic() | order)
        got: dict[str, Any] = {"at": number + 0.2, "attributes": order, "id": number * 10 + 1}
        got |= {"links": [link(trace=number, id=number * 10)]} if kept else {}
        return [sent, delivery(trace=number + 1000, **got)]

    mixed = [b for n in range(20, 32) for b in published(n, kept=n % 3 != 1)]
    assert set(analysed(*mixed).causes.values()) == {"S3"}
    never = [b for n in range(20, 32) for b in published(n, kept=False)]
    assert set(analysed(*never).causes.values()) == {"S9"}
    switched_on = [b for n in range(20, 32) for b in published(n, kept=n > 25)]
    assert set(analysed(*switched_on).causes.values()) == {"S9"}


def test_a_topics_messages_stay_s9_beside_others_that_are_sent_to_the_queue() -> None:
    def beside(*, raw: set[str]) -> Analysed:
        """Two topics and direct sends fill a queue; those of `raw` bring their contexts."""
        spans = []
        for n in range(20, 44):
            through = ("direct", "order-events", "labels")[n % 3]
            who = {"service": f"sender-of-{through}", "trace": n, "id": n * 10, "at": n}
            order = {"order.id": f"ORD-{n}"}
            sent = {} if through == "direct" else topic(through)
            got: dict[str, Any] = {"links": [link(trace=n, id=n * 10)]} if through in raw else {}
            received = delivery(
                trace=n + 1000, id=n * 10 + 1, at=n + 0.2, attributes=order, scope=BOTO3SQS, **got
            )
            spans += [send(attributes=sent | order, **who), received]
        return analysed(*spans)

    assert set(beside(raw={"direct"}).causes.values()) == {"S9"}
    assert set(beside(raw={"direct", "labels"}).causes.values()) == {"S9"}, "of another topic"


def test_one_of_two_publishers_whose_contexts_never_arrive_is_no_s9() -> None:
    spans = []
    for n in range(20, 40):
        lost, order = n % 3 == 0, {"order.id": f"ORD-{n}"}
        who = "importer" if lost else "shop"
        got: dict[str, Any] = {} if lost else {"links": [link(trace=n, id=n * 10)]}
        spans += [
            send(trace=n, id=n * 10, at=n, service=who, attributes=topic() | order),
            delivery(trace=n + 1000, id=n * 10 + 1, at=n + 0.2, attributes=order, **got),
        ]
    assert set(analysed(*spans).causes.values()) == {"S2"}


def test_a_function_that_continued_events_gets_a_replay() -> None:
    first = [
        send(attributes=bus() | ORDER),
        invoked(trace=1, parent=11, id=12, at=1.5),
        span("work", trace=1, id=13, parent=12, service="fn", at=1.5, attributes=ORDER),
        send(trace=5, id=51, at=9.0),  # to a queue, by somebody else
    ]
    again = [invoked(at=4000.0), span("work", trace=2, id=22, parent=21, service="fn", at=4000.0,
                                      attributes=ORDER)]  # fmt: skip
    assert analysed(*first, *again).causes == {DELIVERED: "E4"}


def test_a_function_without_destination_is_told_by_what_can_have_invoked_it() -> None:
    sent = send(attributes=bus())
    broker = {"messaging.system": "rabbitmq", "messaging.destination.name": "jobs"}
    no_lambda = send(trace=6, id=61, attributes=broker)
    queue, stream = send(trace=7, id=71), send(trace=8, id=81, attributes={
        "messaging.system": "kafka", "messaging.destination.name": "clicks"})  # fmt: skip

    assert analysed(sent, no_lambda, invoked()).causes == {DELIVERED: "E1"}
    # the instrumentation names the queue of every batch that it gets
    assert analysed(sent, queue, invoked()).causes == {DELIVERED: "E1"}
    assert analysed(sent, queue, invoked(scope="handler")).causes == {DELIVERED: "unknown"}
    older = invoked(scope_version="0.70.0")
    assert analysed(sent, queue, older).causes == {DELIVERED: "unknown"}
    assert analysed(sent, stream, invoked()).causes == {DELIVERED: "unknown"}
    assert analysed(sent, invoked(attributes={"faas.trigger": "timer"})).causes == {}

    other = arrived(5, sent=bus(), got=bus("audit"), service="audit")
    assert analysed(sent, *other, invoked()).causes == {DELIVERED: "E2"}


def test_a_send_about_the_same_work_says_what_invoked_a_function() -> None:
    told: dict[str, Any] = {"service": "fn", "trace": 2, "at": 2.0}
    work = span("work", id=22, parent=21, attributes=ORDER, **told)
    beside = [
        *arrived(5, at=0.1, sent=bus() | ORDER, got=bus("audit"), service="audit"),
        send(trace=7, id=71, attributes=topic("alerts"), service="biller"),
    ]
    answers = analysed(*beside, invoked(), work)
    assert answers.edges.keys().isdisjoint({((5, 50), DELIVERED)}), "too doubtful to draw"
    assert answers.causes == {DELIVERED: "E2"}
    assert answers.orphans[DELIVERED]["cause_confidence"] <= 0.5
    assert "S9" not in listed(answers)
    assert analysed(*beside, invoked()).causes == {DELIVERED: "unknown"}
    # both are about it
    alert = send(trace=8, id=81, attributes=topic("alerts") | ORDER, service="biller")
    assert analysed(*beside, alert, invoked(), work).causes == {DELIVERED: "unknown"}


def test_a_destination_without_its_system_is_that_of_who_sends_there() -> None:
    named = FUNCTION | {"messaging.destination.name": "orders"}
    root = invoked(
        scope="opentelemetry.instrumentation.aws_lambda", scope_version="0.64b0", attributes=named
    )

    answers = analysed(send(scope=BOTO3SQS), root)
    assert answers.causes == {DELIVERED: "S7"}
    assert answers.orphans[DELIVERED]["system"] == "aws_sqs"
    record = {"messaging.system": "kafka"}
    both = analysed(send(scope=BOTO3SQS), send(trace=5, id=51, attributes=record), root)
    assert both.causes == {DELIVERED: "unknown"}
