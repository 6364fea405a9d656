"""What stands beside pipelines: polls without messages, timers, other requests, and a bus and
a topic that deliver nothing to them."""

from random import Random
from typing import Any

from tests.generated.scene import Context, Scene, Service, ids

_CONFLUENT = ("opentelemetry.instrumentation.confluent_kafka", "0.66b1")


def end_partition(
    scene: Scene, service: Service, topic: str, partition: int, offset: int | None, at: float
) -> None:
    """confluent-kafka's spans of a poll that found the end of a partition, or an error (no
    offset). The end carries the id of a record that does not exist yet."""
    recv = scene.record(service, "recv", at=at, kind="CONSUMER", scope=_CONFLUENT)
    told = {} if offset is None else {"messaging.message.id": f"{topic}.{partition}.{offset}"}
    scene.record(
        service,
        f"{topic} process",
        parent=recv,
        at=at,
        kind="CONSUMER",
        scope=_CONFLUENT,
        attributes={
            "messaging.system": "kafka",
            "messaging.destination": topic,
            "messaging.kafka.partition": partition,
            "messaging.operation": "process",
            **told,
        },
    )


def make_noise(
    random: Random, scene: Scene, environment: str | None, namespace: str | None
) -> None:
    python = Service("idler", environment, namespace, "python")
    javascript = Service("ticker", environment, namespace, "nodejs")
    for number in range(random.randint(1, 3)):
        at = 7.0 * number
        scene.record(
            python,
            "orders-1 receive",
            at=at,
            duration=5,
            kind="CONSUMER",
            scope=("opentelemetry.instrumentation.boto3sqs", "0.66b1"),
            attributes={
                "messaging.system": "aws.sqs",
                "messaging.destination.name": "orders-1",
                "messaging.operation": "receive",
            },
        )
        end_partition(scene, python, "stock-1", 0, None, at + 5.5)
        scene.record(
            javascript,
            "orders-1 receive",
            at=at,
            duration=2,
            kind="CONSUMER",
            scope=("@opentelemetry/instrumentation-aws-sdk", "0.78.0"),
            attributes={
                "messaging.system": "aws_sqs",
                "messaging.destination.name": "orders-1",
                "messaging.operation.type": "receive",
                "messaging.batch.message_count": 0,
            },
        )
        tick = scene.record(
            javascript, "cleanup", at=at + 1, kind="INTERNAL", attributes={"faas.trigger": "timer"}
        )
        scene.record(javascript, "DELETE", parent=tick, at=at + 1, kind="CLIENT")
        scene.record(
            javascript,
            "GET /health",
            at=at,
            kind="SERVER",
            attributes={"http.request.method": "GET"},
        )
    if random.random() < 0.5:
        _make_bystanders(scene, environment, namespace)


def _make_bystanders(scene: Scene, environment: str | None, namespace: str | None) -> None:
    """A topic that nobody is seen to read, and a bus whose target continues its contexts."""
    biller = Service("biller", environment, namespace, "python")
    auditor = Service("auditor", environment, namespace, "python")
    for number in range(2):
        at = 9.0 * number + 0.5
        root = scene.record(biller, "close books", at=at, attributes={"faas.trigger": "timer"})
        scene.record(
            biller,
            "alerts send",
            parent=root,
            at=at,
            kind="PRODUCER",
            scope=("opentelemetry.instrumentation.botocore.sns", "0.66b1"),
            attributes={
                "messaging.system": "aws.sns",
                "messaging.destination.name": "arn:aws:sns:eu-west-1:123456789012:alerts",
            },
        )
        sent = scene.record(
            biller,
            "books.publish",
            parent=root,
            at=at,
            kind="PRODUCER",
            attributes={
                "messaging.system": "aws_eventbridge",
                "messaging.destination.name": "bookkeeping",
                "aws.eventbridge.detail_type": "BooksClosed",
            },
        )
        taken = scene.record(
            auditor,
            "books.process",
            parent=sent,
            remote=True,
            at=at + 0.4,
            kind="CONSUMER",
            attributes={"messaging.system": "aws_eventbridge"},
        )
        scene.edges.append(_connected(sent, taken))


def _connected(sent: Context, taken: Context) -> dict[str, Any]:
    return {
        "producer": ids(sent),
        "producer_alt": [],
        "consumer": ids(taken),
        "consumer_root": ids(taken),
        "consumer_alt": [],
        "relation": "parent",
        "cause": None,
        "order_id": None,
        "attempt": 1,
        "shared": "visible",
    }
