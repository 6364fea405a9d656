"""Causes told by which libraries stand on both sides of a queue."""

from tests.analysed import Analysed, analysed
from tests.builders import EPOCH, SECOND, link, span
from tests.unit.analyzer.messages import DELIVERED, UUID, delivery, send

ID = {"messaging.message.id": UUID}
SQS = {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}

BUS = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "stock"}
BOTO3SQS = "opentelemetry.instrumentation.boto3sqs"


def test_between_two_libraries_that_use_attributes_there_was_no_room_for_them() -> None:
    sent, cut = send(scope=BOTO3SQS), delivery(scope=BOTO3SQS)
    answers = analysed(sent, cut)
    assert answers.causes == {DELIVERED: "S3"}
    assert listed(answers) == ["S4", "P5"], "a library that injects is no S2"
    by_hand = analysed(send(), cut)
    assert by_hand.causes == {DELIVERED: "S2"}
    # one of two libraries at the queue: the other one may have sent this message
    botocore = send(trace=5, id=51, scope="opentelemetry.instrumentation.botocore.sqs")
    assert analysed(sent, botocore, cut).causes == {DELIVERED: "S2"}
    healthy = (
        send(trace=5, id=51, scope=BOTO3SQS),
        delivery(trace=6, id=61, scope=BOTO3SQS, links=[link(trace=5, id=51)]),
    )
    assert analysed(sent, cut, *healthy).causes == {DELIVERED: "S3"}


def listed(answers: Analysed, root: tuple[int, int] = DELIVERED) -> list[str]:
    return [other["code"] for other in answers.orphans[root]["other_causes"]]


def test_a_reader_written_by_hand_may_read_another_header_beside_x_ray() -> None:
    xray = (EPOCH // SECOND) << 96
    cut = delivery(attributes=ID)
    plain = analysed(send(scope=BOTO3SQS, attributes=ID), cut)
    assert plain.causes == {DELIVERED: "S1"}
    assert plain.orphans[DELIVERED]["cause_confidence"] > 0.7
    assert "S5" not in listed(plain)
    assert "P5" in listed(plain)

    beside = analysed(send(scope=BOTO3SQS, trace=xray | 1, attributes=ID), cut)
    assert beside.causes == {DELIVERED: "S1"}
    assert "S5" in listed(beside)

    by_hand = analysed(send(attributes=ID), cut)
    assert by_hand.causes == {DELIVERED: "S1"}
    assert by_hand.orphans[DELIVERED]["cause_confidence"] <= 0.7


def test_a_version_that_makes_no_span_is_listed_where_a_later_one_reads() -> None:
    def listed_of(scope: str, version: str, sender: str = BOTO3SQS) -> list[str]:
        told = {"faas.trigger": "pubsub", "faas.invocation_id": "i"} | SQS
        root = span("fn", trace=2, id=21, kind="SERVER", service="fn", at=2.0, scope=scope,
                    scope_version=version, attributes=told)  # fmt: skip
        return listed(analysed(send(scope=sender), root))

    python = "opentelemetry.instrumentation.aws_lambda"
    assert "S6" in listed_of(python, "0.50b0")
    assert "S6" not in listed_of(python, "0.66b1")
    assert "S6" not in listed_of(python, "0.50b0", "opentelemetry.instrumentation.botocore.sqs")
    assert "S6" not in listed_of("@opentelemetry/instrumentation-aws-lambda", "0.70.0")
    assert "S6" not in listed_of("my-handler", "0.50b0")


def test_two_carriers_that_do_not_meet_are_s5() -> None:
    javascript = "@opentelemetry/instrumentation-aws-sdk"
    lambda_scope = "@opentelemetry/instrumentation-aws-lambda"
    assert analysed(send(scope=javascript), delivery(scope=lambda_scope)).causes == {
        DELIVERED: "S5"
    }
    # the X-Ray header of botocore is what the Lambda reads
    botocore = send(scope="opentelemetry.instrumentation.botocore.sqs", kind="CLIENT")
    assert analysed(botocore, delivery(scope=lambda_scope)).causes != {DELIVERED: "S5"}


def test_a_version_that_never_links_is_s6() -> None:
    scope = "opentelemetry.instrumentation.aws_lambda"
    assert analysed(send(), delivery(scope=scope, scope_version="0.65b0")).causes == {
        DELIVERED: "S6"
    }
    assert analysed(send(), delivery(scope=scope, scope_version="0.66b1")).causes != {
        DELIVERED: "S6"
    }


def test_a_queue_that_only_a_topic_feeds_is_s9() -> None:
    topic = {"messaging.system": "aws.sns", "messaging.destination.name": "order-events"}
    assert analysed(send(attributes=topic), delivery()).causes == {DELIVERED: "S9"}
    bus = send(trace=5, id=51, attributes=BUS)
    assert analysed(bus, delivery()).causes == {DELIVERED: "E1"}
    direct = send(trace=5, id=51)
    assert analysed(send(attributes=topic), direct, delivery()).causes == {DELIVERED: "S1"}
