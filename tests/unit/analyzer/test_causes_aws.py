"""Causes of SQS, SNS, EventBridge, Lambda and X-Ray: each beside its look-alike."""

from typing import Any

import pytest

from tests.analysed import Analysed, analysed
from tests.builders import EPOCH, SECOND, Built, link, span
from tests.unit.analyzer.messages import DELIVERED, ORDER, UUID, delivery, send

ID = {"messaging.message.id": UUID}
OTHER_ID = {"messaging.message.id": UUID.replace("0", "7")}
BOTO3SQS = "opentelemetry.instrumentation.boto3sqs"
BOTOCORE = "opentelemetry.instrumentation.botocore.sqs"
PYTHON_LAMBDA = "opentelemetry.instrumentation.aws_lambda"
JAVA_LAMBDA = "io.opentelemetry.aws-lambda-events-2.2"
TOPIC = {"messaging.system": "aws_sns", "messaging.destination.name": "order-events"}
BUS = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "stock"}
TARGET = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "notify"}
FUNCTION = {"faas.trigger": "pubsub", "faas.invocation_id": "i"}
SEGMENT = ((EPOCH // SECOND) << 96) | 5


def handed_over(number: int, at: float, scope: str = "tests", **changes: object) -> list[Built]:
    """One that connects: a send of trace `number` and its delivery, a tenth of a second later."""
    told = {"trace": number, "scope": scope}
    return [
        send(id=number * 10, at=at, duration=0.01, **told),
        delivery(id=number * 10 + 1, parent=number * 10, at=at + 0.1, **(told | changes)),
    ]


def lost(number: int, at: float, scope: str = "tests") -> list[Built]:
    """The same without context."""
    names = {"messaging.message.id": f"00000000-0000-4000-8000-{number:012}"}
    return [
        send(id=number * 10, at=at, duration=0.01, trace=number, scope=scope, attributes=names),
        delivery(id=number * 10 + 1, trace=number + 1000, at=at + 0.1, attributes=names),
    ]


def only_cause(answers: Analysed) -> set[str]:
    return set(answers.causes.values())


def test_a_consumer_that_never_continues_a_message_is_s1() -> None:
    cut = [built for number in range(20, 26) for built in lost(number, number)]
    assert only_cause(analysed(*cut)) == {"S1"}


def test_a_consumer_that_was_changed_is_s1_before_and_after_it_is_changed_back() -> None:
    before = [built for number in range(20, 30) for built in handed_over(number, number)]
    cut = [built for number in range(30, 36) for built in lost(number, number)]
    after = [built for number in range(36, 42) for built in handed_over(number, number)]

    assert only_cause(analysed(*before, *cut)) == {"S1"}
    assert only_cause(analysed(*before, *cut, *after)) == {"S1"}


def test_a_consumer_that_continues_every_other_message_can_read_and_is_not_s1() -> None:
    mixed = [
        built
        for number in range(20, 32)
        for built in (lost if number % 3 == 1 else handed_over)(number, number)
    ]
    answers = analysed(*mixed)

    assert only_cause(answers) == {"S3"}
    listed = {
        other["code"] for orphan in answers.orphans.values() for other in orphan["other_causes"]
    }
    assert {"S1", "S2", "S4"} <= listed


def test_a_producer_none_of_whose_contexts_arrive_beside_others_is_s2() -> None:
    mixed = [
        built
        for number in range(20, 32)
        for built in (
            [send(id=5, trace=number, at=number, service="importer", attributes=ID),
             delivery(id=6, trace=900, at=number + 0.1, attributes=ID)]
            if number == 22
            else handed_over(number, number)
        )
    ]  # fmt: skip
    assert only_cause(analysed(*mixed)) == {"S2"}


def test_a_sender_without_attributes_is_s2_for_a_worker_and_s5_for_a_function() -> None:
    sent = send(scope=BOTOCORE, kind="CLIENT", attributes=ID)
    assert analysed(sent, delivery(attributes=ID)).causes == {DELIVERED: "S2"}

    invoked = span("fn", trace=2, id=20, kind="SERVER", service="fn", at=2.0, attributes=FUNCTION)
    handled = delivery(parent=20, service="fn", at=2.0, scope=PYTHON_LAMBDA, scope_version="0.66b1")
    assert analysed(sent, invoked, handled).causes == {(2, 20): "S5"}


@pytest.mark.parametrize(
    ("writes", "reads", "version", "cause"),
    [
        (BOTO3SQS, PYTHON_LAMBDA, "0.66b1", "S3"),
        (BOTO3SQS, PYTHON_LAMBDA, "0.65b0", "S6"),
        (BOTO3SQS, PYTHON_LAMBDA, "1.2.0", "S3"),
        (BOTO3SQS, JAVA_LAMBDA, "2.33.1-alpha", "S5"),
        (BOTO3SQS, "@opentelemetry/instrumentation-aws-lambda", "0.71.0", "S5"),
        ("@opentelemetry/instrumentation-aws-sdk", "io.opentelemetry.aws-sdk-2.2", "2.33.1", "S5"),
        ("my-orders", "io.opentelemetry.aws-sdk-2.2", "2.33.1", "S5"),
        ("my-orders", "@opentelemetry/instrumentation-aws-sdk", "0.78.0", "S2"),
        ("OpenTelemetry.Instrumentation.AWS", JAVA_LAMBDA, "2.33.1-alpha", "S3"),
        ("io.opentelemetry.aws-sdk-2.2", "@opentelemetry/instrumentation-aws-sdk", "0.78.0", "S2"),
        ("go.opentelemetry.io/contrib/x/aws-sdk-go-v2/otelaws", "my-worker", "1.0", "S2"),
    ],
)
def test_two_libraries_tell_whether_their_carriers_meet(
    writes: str, reads: str, version: str, cause: str
) -> None:
    answers = analysed(send(scope=writes), delivery(scope=reads, scope_version=version))
    assert answers.causes == {DELIVERED: cause}


@pytest.mark.parametrize(
    ("scope", "version"),
    [
        (PYTHON_LAMBDA, "0.64b0"),
        (PYTHON_LAMBDA, "0.65b0"),
        ("@opentelemetry/instrumentation-aws-lambda", "0.70.0"),
    ],
)
def test_a_function_without_a_span_for_the_message_is_s7_whatever_its_version(
    scope: str, version: str
) -> None:
    queue = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}
    invoked = span(
        "fn", trace=2, id=20, kind="SERVER", service="fn", at=2.0, scope=scope,
        scope_version=version, attributes=FUNCTION | queue,
    )  # fmt: skip
    assert analysed(send(), invoked).causes == {(2, 20): "S7"}


@pytest.mark.parametrize(("version", "cause"), [("0.64b0", "S7"), ("0.65b0", "S6")])
def test_only_the_version_that_makes_a_span_and_reads_nothing_is_s6(
    version: str, cause: str
) -> None:
    invoked = span(
        "fn", trace=2, id=20, kind="SERVER", service="fn", at=2.0, scope=PYTHON_LAMBDA,
        scope_version=version, attributes=FUNCTION,
    )  # fmt: skip
    handled = delivery(parent=20, service="fn", at=2.0, scope=PYTHON_LAMBDA, scope_version=version)
    assert analysed(send(), invoked, handled).causes == {(2, 20): cause}


def test_a_functions_root_that_names_its_message_itself_is_no_span_that_the_library_made() -> None:
    root = span(
        "fn", trace=2, id=20, kind="SERVER", service="fn", at=2.0, scope=PYTHON_LAMBDA,
        scope_version="0.65b0", attributes=ID | {"faas.invocation_id": "i"},
    )  # fmt: skip
    answers = analysed(send(attributes=ID), root)
    assert answers.edges == {((1, 11), (2, 20)): "message-id"}
    assert answers.causes == {(2, 20): "S7"}


def test_a_function_that_continues_others_meanwhile_reads_what_is_written_and_is_not_s5() -> None:
    javascript = "@opentelemetry/instrumentation-aws-sdk"
    function = "@opentelemetry/instrumentation-aws-lambda"

    def invoked(number: int, *, kept: bool) -> list[Built]:
        got: dict[str, Any] = {"links": [link(trace=number, id=number * 10)]} if kept else {}
        told: dict[str, Any] = {"trace": number + 1000, "service": "fn", "scope": function}
        told["at"] = number + 0.1
        root, handled = number * 10 + 1, number * 10 + 2
        return [
            send(trace=number, id=number * 10, at=number, duration=0.01, scope=javascript),
            span("fn", id=root, kind="SERVER", attributes=FUNCTION, **told),
            delivery(id=handled, parent=root, scope_version="0.75.0", **(told | got)),
        ]

    mixed = [built for n in range(20, 32) for built in invoked(n, kept=n % 3 != 1)]
    assert only_cause(analysed(*mixed)) == {"S3"}
    never = [built for n in range(20, 32) for built in invoked(n, kept=False)]
    assert only_cause(analysed(*never)) == {"S5"}


def test_a_forwarder_that_drops_attributes_is_s4_and_any_other_request_is_not() -> None:
    inbound = {"messaging.destination.name": "inbox"}
    received = [
        send(trace=1, id=9, at=0.5, attributes=inbound),
        delivery(trace=1, id=10, parent=9, at=0.9, duration=0.5, service="router",
                 attributes=inbound),
    ]  # fmt: skip
    sent = send(parent=10, service="router", attributes=ID)
    assert analysed(*received, sent, delivery(attributes=ID)).causes == {DELIVERED: "S4"}

    # a library that injects into every send does so for the forwarder, too
    written = send(parent=10, service="router", scope=BOTO3SQS, attributes=ID)
    assert analysed(*received, written, delivery(attributes=ID)).causes == {DELIVERED: "S1"}

    request = span("POST /", trace=1, id=10, kind="SERVER", service="router", at=0.9, duration=0.5)
    assert analysed(request, sent, delivery(attributes=ID)).causes == {DELIVERED: "S1"}


def test_an_id_that_no_send_has_came_over_the_topic_or_was_moved_back() -> None:
    healthy = [
        send(trace=5, id=51, scope=BOTO3SQS, attributes=OTHER_ID),
        delivery(trace=5, id=52, parent=51, scope=BOTO3SQS, attributes=OTHER_ID),
    ]
    cut = delivery(scope=BOTO3SQS, attributes=ID)
    published = send(trace=8, id=81, attributes=TOPIC)

    assert analysed(*healthy, cut, published).causes == {DELIVERED: "S9"}
    assert analysed(*healthy, cut).causes == {DELIVERED: "S12"}
    sent = send(scope=BOTO3SQS, attributes=ID)
    assert analysed(*healthy, cut, sent, published).causes == {DELIVERED: "S3"}


def test_ids_that_nobody_sent_are_of_a_silent_producer_or_moved_back() -> None:
    def pipeline(lost: set[int], scope: str = BOTO3SQS) -> Analysed:
        spans = []
        for n in range(20, 40):
            named = {"messaging.message.id": f"00000000-0000-4000-8000-{n:012}"}
            told: dict[str, Any] = {"id": n * 10 + 1, "at": n + 0.2, "attributes": named}
            if n in lost:
                spans.append(delivery(trace=n + 1000, scope=scope, **told))
                continue
            sent = send(trace=n, id=n * 10, at=n, scope=BOTO3SQS, attributes=named)
            spans += [sent, delivery(trace=n, parent=n * 10, scope=scope, **told)]
        return analysed(*spans)

    def sure(answers: Analysed) -> dict[str, float]:
        orphan = next(iter(answers.orphans.values()))
        others = {each["code"]: each["confidence"] for each in orphan["other_causes"]}
        return {orphan["cause_code"]: orphan["cause_confidence"]} | others

    among = pipeline({23, 26, 31, 34, 38})
    assert only_cause(among) == {"P3"}
    assert sure(among)["S12"] < 0.5
    together = pipeline({35, 36, 37, 38, 39})
    assert only_cause(together) == {"S12"}
    assert sure(together)["P3"] < sure(together)["S12"] < 0.6
    by_hand = pipeline({35, 36, 37, 38, 39}, "my-worker")
    assert only_cause(by_hand) == {"S12"}, "a consumer that continued others reads attributes"
    assert sure(by_hand)["S1"] <= 0.3


def test_a_producer_whose_library_injects_is_s3_where_none_of_its_contexts_arrive() -> None:
    def pipeline(scope: str) -> Analysed:
        spans = []
        for n in range(20, 40):
            named = {"messaging.message.id": f"00000000-0000-4000-8000-{n:012}"}
            told: dict[str, Any] = {"attributes": named}
            if n % 3 == 0:
                spans += [
                    send(trace=n, id=n * 10, at=n, service="importer", scope=scope, **told),
                    delivery(trace=n + 1000, id=n * 10 + 1, at=n + 0.2, scope=BOTO3SQS, **told),
                ]
                continue
            spans += handed_over(n, n, BOTO3SQS, **told)
        return analysed(*spans)

    assert only_cause(pipeline(BOTO3SQS)) == {"S3"}
    assert only_cause(pipeline("importer")) == {"S2"}


def test_work_that_failed_here_and_comes_again_without_its_context_is_s12() -> None:
    first = [
        send(attributes=ORDER | {"messaging.message.id": ""}),
        delivery(trace=1, id=12, parent=11, status="ERROR", attributes=ORDER | OTHER_ID),
    ]
    again = delivery(at=500.0, attributes=ORDER | ID)
    assert analysed(*first, again).causes == {DELIVERED: "S12"}

    done = [
        first[0],
        delivery(trace=1, id=12, parent=11, attributes=ORDER | OTHER_ID),
    ]
    assert "S12" not in only_cause(analysed(*done, again))
    redelivered = delivery(at=500.0, attributes=ORDER | OTHER_ID)
    assert "S12" not in only_cause(analysed(*first, redelivered)), "a redrive gives a new id"
    another = send(trace=6, id=61, at=499.0, attributes=ORDER)
    assert "S12" not in only_cause(analysed(*first, another, again)), "the order's next message"


@pytest.mark.parametrize("destination", [{}, TARGET], ids=["queue", "event"])
def test_a_parent_in_a_trace_of_xray_is_x1(destination: dict[str, str]) -> None:
    system = {name: value for name, value in destination.items() if name == "messaging.system"}
    sent = send(attributes=BUS if system else {})
    cut = delivery(trace=SEGMENT, parent=99, flags=0x300, attributes=destination)

    assert only_cause(analysed(sent, cut)) == {"X1"}


def test_a_parent_in_the_form_of_xray_is_not_x1_where_the_services_make_such_ids() -> None:
    cut = delivery(trace=SEGMENT, parent=99, flags=0x300)
    own = span("tick", trace=SEGMENT + 1, id=3, service="payment-service")
    sending = (
        send(trace=SEGMENT + 2, id=31, attributes=OTHER_ID),
        delivery(trace=SEGMENT + 2, id=32, parent=31, attributes=OTHER_ID),
    )

    assert only_cause(analysed(cut, *sending, own)) == {"P1"}
    assert only_cause(analysed(cut, send(trace=SEGMENT, id=31))) == {"X2"}


def test_a_link_to_a_trace_of_xray_is_x4_unless_the_services_make_such_ids() -> None:
    cut = delivery(links=[link(trace=SEGMENT, id=99, flags=0x300)])

    assert analysed(send(), cut).causes == {DELIVERED: "X4"}
    assert analysed(send(trace=SEGMENT + 2), cut).causes == {DELIVERED: "P1"}


def test_an_id_does_not_hide_that_the_parent_is_in_the_trace_of_its_producer() -> None:
    cut = delivery(trace=1, parent=99, flags=0x300, attributes=ID)

    assert analysed(send(attributes=ID), cut).causes == {(1, 21): "X2"}
    assert analysed(send(trace=7, attributes=ID), cut).causes == {(1, 21): "P1"}


def test_a_function_that_follows_xray_is_found_by_the_id_of_its_work() -> None:
    sent = send(attributes=BUS | ORDER, kind="CLIENT")
    root = span(
        "fn",
        trace=SEGMENT,
        id=5,
        parent=99,
        flags=0x300,
        kind="SERVER",
        service="fn",
        at=2.0,
        attributes={"faas.invocation_id": "i"},
    )
    handled = span("notify", trace=SEGMENT, id=6, parent=5, service="fn", at=2.0, attributes=ORDER)

    assert only_cause(analysed(sent, root, handled)) == {"X1"}
    assert analysed(sent, root).causes == {}, "somebody may have called it directly"


def test_a_replay_is_e4_and_an_event_that_others_got_with_its_context_is_e2() -> None:
    sent = send(attributes=BUS | ORDER)
    other = delivery(trace=1, id=12, parent=11, service="audit", attributes=TARGET)
    cut = delivery(attributes=TARGET | ORDER)
    assert analysed(sent, other, cut).causes == {DELIVERED: "E2"}

    first = delivery(trace=1, id=12, parent=11, attributes=TARGET | ORDER)
    replayed = delivery(at=4000.0, attributes=TARGET | ORDER)
    assert analysed(sent, first, replayed).causes == {DELIVERED: "E4"}


def test_an_event_that_this_consumer_got_with_its_context_is_no_e2() -> None:
    sent = send(attributes=BUS | ORDER)
    first = delivery(trace=1, id=12, parent=11, at=1.5, attributes=TARGET | ORDER)
    again = delivery(at=2.0, attributes=TARGET | ORDER)
    assert analysed(sent, first, again).causes == {DELIVERED: "E4"}

    another = {"messaging.destination.name": "audit"}
    target = delivery(trace=1, id=12, parent=11, at=1.5, attributes=TARGET | ORDER | another)
    assert analysed(sent, target, again).causes == {DELIVERED: "E2"}, "two targets of one service"


def test_events_with_ids_that_nobody_sent_are_e4_where_the_consumer_continues_others() -> None:
    other = {"order.id": "ORD-2"}
    healthy = (
        send(attributes=BUS | ORDER),
        delivery(trace=1, id=12, parent=11, attributes=TARGET | ORDER),
    )
    cut = delivery(at=9.0, attributes=TARGET | other)

    assert analysed(*healthy, cut).causes == {DELIVERED: "E4"}
    known = send(trace=6, id=61, at=8.0, attributes=BUS | other)
    assert analysed(*healthy, known, cut).causes == {DELIVERED: "E2"}
