"""The code on the pages about propagation runs as it stands, and its traces connect."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from collector.decoded import decode_request
from collector.decoding import make_decoder
from collector.otlp_sink import OtlpSink
from tests.analysed import analysed_batch
from tests.propagation.conftest import Aws

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "propagation" / "README.md", *sorted((ROOT / "docs" / "propagation").glob("*.md"))]
KAFKA = "localhost:9092"  # what pages call the brokers
# The hand-overs of a page: names of both ends, and how they are known.
EDGES = {
    "sqs.md": {
        ("order.publish", "order.process", "parent"),
        ("orders.publish", "order.process", "parent"),
        ("order.bury", "order.mourn", "parent"),
        ("order.announce", "order.hear", "parent"),
    },
    "kafka.md": {
        ("payment.publish", "payment.process", "parent"),
        ("payment.publish", "payment.retry", "parent"),
        ("payment.publish", "payments.settle", "link"),
        ("refund.publish", "refund.process", "parent"),
    },
    "eventbridge.md": {
        ("stock.publish", "stock.process", "parent"),
        ("stock.publish", "stock.ship", "parent"),
    },
    "lambda.md": {("order.publish", "order.process", "link")},
}


def list_blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def _resources(aws: Aws) -> None:
    """Queues that pages expect to be there, empty, one of them subscribed to a topic."""
    client, topics = aws("sqs"), aws("sns")
    for name in ("orders", "orders-dlq", "announced", "order-steps.fifo"):
        fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        url = client.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
        client.delete_queue(QueueUrl=url)  # with what an earlier page left
        client.create_queue(QueueName=name, Attributes=fifo)
        if name == "announced":
            arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            topics.subscribe(
                TopicArn=topics.create_topic(Name="orders")["TopicArn"],
                Protocol="sqs",
                Endpoint=arn["Attributes"]["QueueArn"],
            )
    create_bus(aws)


def create_bus(aws: Aws) -> None:
    """A bus whose events of the shop arrive on a queue."""
    events, client = aws("events"), aws("sqs")
    url = client.create_queue(QueueName="shipments")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    if "stock" not in {bus["Name"] for bus in events.list_event_buses()["EventBuses"]}:
        events.create_event_bus(Name="stock")
    pattern = json.dumps({"source": ["shop"]})
    events.put_rule(Name="shipments", EventBusName="stock", EventPattern=pattern)
    target = {"Id": "shipments", "Arn": arn["Attributes"]["QueueArn"]}
    events.put_targets(Rule="shipments", EventBusName="stock", Targets=[target])


def run(page: Path, aws_url: str, kafka_servers: str) -> OtlpSink:
    """Run all Python code of a page as one program; what it exported is in the sink."""
    code = "\n".join(list_blocks(page)).replace(KAFKA, kafka_servers)
    with OtlpSink() as sink:
        environment = {
            "AWS_ENDPOINT_URL": aws_url,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{sink.endpoint}",
        }
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    return sink


def analyse(sink: OtlpSink) -> tuple[set[tuple[str, str, str]], dict[str, str]]:
    """(edges, causes): names of both ends and the rule of every connection, and the name and
    cause of every orphan root."""
    spans = [
        span
        for request in sink.parsed()
        for resource_spans in request.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]
    names = {
        (int.from_bytes(span.trace_id[8:], "big"), int.from_bytes(span.span_id, "big")): span.name
        for span in spans
    }
    # encoded messages behind one another are one message with the fields of all
    answers = analysed_batch(decode_request(make_decoder(), b"".join(sink.requests)).batch)
    return (
        {(names[one], names[other], rule) for (one, other), rule in answers.edges.items()},
        {names[root]: cause for root, cause in answers.causes.items()},
    )


@pytest.mark.usefixtures("_resources")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_code_of_a_page_runs_and_its_traces_connect(
    page: Path, aws_url: str, kafka_servers: str
) -> None:
    edges, causes = analyse(run(page, aws_url, kafka_servers))

    assert edges
    assert causes == {}
    if page.name in EDGES:
        assert edges == EDGES[page.name]


def test_pages_have_code() -> None:
    assert [page.name for page in PAGES if not list_blocks(page)] == []
