"""Causes told by which libraries stand on both sides of a queue."""

from tests.analysed import analysed
from tests.builders import link
from tests.unit.analyzer.messages import DELIVERED, delivery, send

BUS = {"messaging.system": "aws_eventbridge", "messaging.destination.name": "stock"}
BOTO3SQS = "opentelemetry.instrumentation.boto3sqs"


def test_between_two_libraries_that_use_attributes_something_took_them() -> None:
    sent, cut = send(scope=BOTO3SQS), delivery(scope=BOTO3SQS)
    assert analysed(sent, cut).causes == {DELIVERED: "S4"}
    healthy = (
        send(trace=5, id=51, scope=BOTO3SQS),
        delivery(trace=6, id=61, scope=BOTO3SQS, links=[link(trace=5, id=51)]),
    )
    assert analysed(sent, cut, *healthy).causes == {DELIVERED: "S3"}


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
