"""What stands beside pipelines: polls without messages, timers, other requests."""

from random import Random

from tests.generated.scene import Scene, Service

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
