"""What comes again when a function cannot handle some records of a batch."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from tests.propagation.conftest import Aws
from tests.propagation.lambda_events import body_of, kafka_event, kafka_record, sqs_event
from tests.propagation.lambda_queue import Queue
from tests.propagation.recording import Recording
from tracestitch_propagation import aws_lambda

Handle = Callable[[Any], object]


def failing(*bodies: str) -> tuple[Handle, list[str]]:
    """A handler that cannot handle these bodies, and what it got to see."""
    seen: list[str] = []

    def handle(record: dict[str, Any]) -> None:
        seen.append(record["body"])
        if record["body"] in bodies:
            raise LookupError(record["body"])

    return handle, seen


def test_failed_messages_come_again_and_the_others_do_not(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    messages = [{"MessageId": body, "Body": body} for body in "abcd"]
    handle, seen = failing("b", "d")
    with caplog.at_level(logging.ERROR):
        answer = aws_lambda.process_records(sqs_event(messages), handle, name="order.process")

    assert seen == ["a", "b", "c", "d"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "d"}]}
    statuses = [span.status.status_code for span in recording.spans]
    assert statuses == [StatusCode.UNSET, StatusCode.ERROR] * 2
    assert caplog.messages == ["a record of aws_sqs failed"] * 2


def test_of_a_fifo_queue_what_is_behind_a_failure_in_its_group_comes_again(aws: Aws) -> None:
    queue = Queue(aws, "lambda-groups.fifo")
    ids = {
        body: queue.send(body, MessageGroupId=body[0], MessageDeduplicationId=body)
        for body in ("x1", "x2", "y1", "x3", "y2")
    }
    event = queue.trigger()
    assert [record["body"] for record in event["Records"]] == list(ids)
    handle, seen = failing("x2")
    answer = aws_lambda.process_records(event, handle, name="order.process")

    assert seen == ["x1", "x2", "y1", "y2"]
    assert answer == {
        "batchItemFailures": [{"itemIdentifier": ids["x2"]}, {"itemIdentifier": ids["x3"]}]
    }


def test_without_group_or_id_nothing_of_a_fifo_queue_overtakes() -> None:
    messages = [{"MessageId": None, "Body": body} for body in "ab"]
    handle, seen = failing("a")
    answer = aws_lambda.process_records(sqs_event(messages, "q.fifo"), handle, name="process")

    assert seen == ["a"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": ""}] * 2}


def test_an_error_in_an_attribute_is_one_of_its_record() -> None:
    answer = aws_lambda.process_records(
        sqs_event([{"MessageId": "m-1", "Body": "{"}]),
        lambda _: None,
        name="order.process",
        attributes=lambda record: {"order.id": body_of(record)["order"]},
    )

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}


def test_errors_of_kafka_are_raised_after_the_other_partitions_had_their_turn() -> None:
    records = [kafka_record([], partition=p, at=at) for p, at in ((0, 1), (0, 2), (1, 1), (1, 2))]
    seen: list[tuple[int, int]] = []

    def handle(record: dict[str, Any]) -> None:
        seen.append((record["partition"], record["offset"]))
        if record["offset"] == 1:
            raise LookupError(record["partition"])

    with pytest.raises(LookupError, match="0"):
        aws_lambda.process_records(kafka_event("payments", records), handle, name="process")

    assert seen == [(0, 1), (1, 1)]
