"""Amazon SQS and SNS: which library wrote and which read the carrier."""

import re

from analyzer.case import Case
from analyzer.conditions import condition

_AWS_API = re.compile(r"botocore|otelaws|aws-sdk|AWSSDK")
# Consumers that request and extract message attributes by themselves.
_EXTRACTS_ITSELF = re.compile(r"boto3sqs|aws[_-]lambda|instrumentation-aws-sdk|io\.opentelemetry\.")
# Which carrier of SQS a library uses: message attributes, or only the X-Ray header.
_WRITES_ATTRIBUTES = re.compile(r"boto3sqs|instrumentation-aws-sdk")
_READS_XRAY = re.compile(r"instrumentation-aws-lambda|io\.opentelemetry\.aws-")


@condition("queue")
def queue(case: Case) -> bool:
    """The message came over an SQS queue that somebody sends to directly, without context."""
    sender = case.facts["producer_system"]
    direct = case.around.direct or sender == "aws_sqs"
    return not case.arrived and case.system == "aws_sqs" and sender in (None, "aws_sqs") and direct


@condition("dead-letter queue")
def dead_letter_queue(case: Case) -> bool:
    """The name of the destination is that of a dead-letter queue."""
    return bool(case.facts["dead_letter"])


@condition("reads by hand")
def reads_by_hand(case: Case) -> bool:
    """No library that requests and extracts message attributes recorded the consumer."""
    return not _EXTRACTS_ITSELF.search(case.facts["scope_name"] or "")


@condition("reads the X-Ray header")
def reads_xray(case: Case) -> bool:
    """The consumer's library reads the X-Ray header, not the message attributes."""
    return bool(_READS_XRAY.search(case.facts["scope_name"] or ""))


@condition("sends are API calls")
def sends_are_api_calls(case: Case) -> bool:
    """All producers are recorded at the AWS API, which writes no message attributes."""
    scopes = case.around.sender_scopes
    return (
        bool(scopes)
        and all(_AWS_API.search(s) for s in scopes)
        and not any(_WRITES_ATTRIBUTES.search(s) for s in scopes)
    )


@condition("senders write attributes")
def senders_write_attributes(case: Case) -> bool:
    """All producers are recorded by libraries that write message attributes."""
    scopes = case.around.sender_scopes
    return bool(scopes) and all(_WRITES_ATTRIBUTES.search(s) for s in scopes)


@condition("Lambda library 0.65b")
def broken_lambda_library(case: Case) -> bool:
    """The Python Lambda instrumentation is of version 0.65b."""
    version = case.facts["scope_version"] or ""
    return "aws_lambda" in (case.facts["scope_name"] or "") and version.startswith("0.65b")


@condition("from a topic")
def from_a_topic(case: Case) -> bool:
    """The message came over an SNS topic, without context."""
    sender = case.facts["producer_system"]
    over_topic = sender == "aws_sns" or (sender is None and "aws_sns" in case.around.bridges)
    return not case.arrived and over_topic


@condition("only topics deliver")
def only_topics(case: Case) -> bool:
    """The producer was found at a topic, or nothing but topics delivers to this queue."""
    return case.facts["producer_system"] == "aws_sns" or case.around.bridges == {"aws_sns"}


@condition("read from a queue")
def read_from_queue(case: Case) -> bool:
    """The consumer reads an SQS queue."""
    return bool(case.root["system"] == "aws_sqs")
