"""Services as tutorials write them, over real protocols: a span around the send, a span around
the handling, the context in what the broker carries."""

import json
from collections.abc import Iterator
from typing import Any

import boto3  # type: ignore[import-untyped]  # ships no types
from confluent_kafka import Consumer, Message, Producer
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter, Setter
from opentelemetry.trace import Link, SpanKind

SQS = {"messaging.system": "aws_sqs"}
KAFKA = {"messaging.system": "kafka"}
EVENTS = {"messaging.system": "aws_eventbridge"}
_TOPIC = "payments"
# What an input transformer makes of an event: `_otel` is not in it.
_STRIPPED = {
    "InputPathsMap": {"order": "$.detail.order_id", "id": "$.id"},
    "InputTemplate": '{"id": "<id>", "detail": {"order_id": "<order>"}}',
}

tracer = trace.get_tracer("tutorial")


def aws_client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


class _Attributes(Setter[dict[str, Any]], Getter[dict[str, Any]]):
    """SQS message attributes."""

    def set(self, carrier: dict[str, Any], key: str, value: str) -> None:
        carrier[key] = {"DataType": "String", "StringValue": value}

    def get(self, carrier: dict[str, Any], key: str) -> list[str] | None:
        return [carrier[key]["StringValue"]] if key in carrier else None

    def keys(self, carrier: dict[str, Any]) -> list[str]:
        return list(carrier)


class Queue:
    """SQS."""

    def __init__(self, url: str, name: str) -> None:
        self.aws_url, self.name = url, name
        self._sqs = aws_client("sqs", url)
        self.url = self._sqs.create_queue(QueueName=name)["QueueUrl"]

    def publish(self, order_id: str, context: Context | None = None) -> None:
        described = SQS | {"messaging.destination": self.url, "order.id": order_id}
        with tracer.start_as_current_span("order.publish", context, attributes=described):
            attributes: dict[str, Any] = {}
            propagate.inject(attributes, setter=_Attributes())
            body = json.dumps({"order_id": order_id})
            self._sqs.send_message(
                QueueUrl=self.url, MessageBody=body, MessageAttributes=attributes
            )

    def receive(self, *, with_attributes: bool = True) -> list[dict[str, Any]]:
        """At most ten; they are gone from the queue."""
        answer = self._sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"] if with_attributes else [],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        for message in messages:
            self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def process(self, *, with_attributes: bool = True, as_link: bool = False) -> int:
        """Each message in a span. How many there were."""
        messages = self.receive(with_attributes=with_attributes)
        for message in messages:
            carried = context_of(message)
            links = [Link(trace.get_current_span(carried).get_span_context())] if as_link else []
            with tracer.start_as_current_span(
                "order.process",
                Context() if as_link else carried,
                SpanKind.CONSUMER,
                SQS | {"messaging.message_id": message["MessageId"]},
                links,
            ):
                pass
        return len(messages)

    def process_batch(self, *, with_attributes: bool = True) -> None:
        """All messages in one span that links to each."""
        messages = self.receive(with_attributes=with_attributes)
        spans = [trace.get_current_span(context_of(m)).get_span_context() for m in messages]
        with tracer.start_as_current_span(
            "order.process",
            Context(),
            SpanKind.CONSUMER,
            SQS | {"messaging.batch.message_count": len(messages)},
            [Link(span) for span in spans if span.is_valid],
        ):
            pass


def context_of(message: dict[str, Any]) -> Context:
    attributes = message.get("MessageAttributes", {})
    return propagate.extract(attributes, Context(), getter=_Attributes())


class Topic:
    """Kafka, from librdkafka's mock cluster."""

    def __init__(self) -> None:
        self._cluster = Producer({"test.mock.num.brokers": 1, "log_level": 2})
        brokers = self._cluster.list_topics(_TOPIC, timeout=10).brokers.values()
        self._servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
        self._producer = Producer(
            {"bootstrap.servers": self._servers, "linger.ms": 0, "log_level": 2}
        )

    def publish(self, order_id: str, *, with_headers: bool = True) -> None:
        described = KAFKA | {"messaging.destination": _TOPIC, "order.id": order_id}
        with tracer.start_as_current_span("payment.publish", attributes=described) as span:
            carrier: dict[str, str] = {}
            propagate.inject(carrier)
            headers = [(name, value.encode()) for name, value in carrier.items()]

            def note(_: object, message: Message) -> None:
                span.set_attribute("messaging.kafka.partition", message.partition() or 0)
                span.set_attribute("messaging.kafka.offset", message.offset() or 0)

            self._producer.produce(
                _TOPIC,
                json.dumps({"order_id": order_id}),
                headers=headers if with_headers else None,  # type: ignore[arg-type]  # None is taken
                on_delivery=note,
            )
            self._producer.flush(10)

    def process(self) -> None:
        """One record."""
        for message in self._poll():
            headers = message.headers() or []
            carrier = {k: v.decode() for k, v in dict(headers).items() if isinstance(v, bytes)}
            with tracer.start_as_current_span(
                "payment.process",
                propagate.extract(carrier, Context()),
                SpanKind.CONSUMER,
                KAFKA
                | {
                    "messaging.kafka.topic": _TOPIC,
                    "messaging.kafka.partition": message.partition() or 0,
                    "messaging.kafka.offset": message.offset() or 0,
                },
            ):
                pass

    def _poll(self) -> Iterator[Message]:
        consumer = Consumer(
            {
                "bootstrap.servers": self._servers,
                "group.id": "inventory",
                "auto.offset.reset": "earliest",
                "log_level": 2,
            }
        )
        consumer.subscribe([_TOPIC])
        try:
            message = consumer.poll(60)
            assert message is not None, "no record came"
            yield message
        finally:
            consumer.close()


class Bus:
    """EventBridge with a rule that puts events on a queue, through an input transformer or
    not."""

    def __init__(self, url: str, name: str, *, transformed: bool) -> None:
        self._events, self._sqs = aws_client("events", url), aws_client("sqs", url)
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        self._name = name
        self._events.create_event_bus(Name=name)
        pattern = json.dumps({"source": ["shop"]})
        self._events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
        target: dict[str, Any] = {"Id": "1", "Arn": arn["Attributes"]["QueueArn"]}
        if transformed:
            target["InputTransformer"] = _STRIPPED
        self._events.put_targets(Rule=name, EventBusName=name, Targets=[target])

    def publish(self, order_id: str) -> None:
        described = EVENTS | {"messaging.destination": self._name, "order.id": order_id}
        with tracer.start_as_current_span("stock.publish", attributes=described) as span:
            carrier: dict[str, str] = {}
            propagate.inject(carrier)
            entry = {
                "EventBusName": self._name,
                "Source": "shop",
                "DetailType": "Stock reserved",
                "Detail": json.dumps({"order_id": order_id, "_otel": carrier}),
            }
            answer = self._events.put_events(Entries=[entry])
            span.set_attribute("messaging.message_id", answer["Entries"][0]["EventId"])

    def process(self) -> None:
        for message in self._sqs.receive_message(QueueUrl=self._queue)["Messages"]:
            event = json.loads(message["Body"])
            carried = propagate.extract(event["detail"].pop("_otel", {}), Context())
            with tracer.start_as_current_span(
                "stock.process",
                carried,
                SpanKind.CONSUMER,
                EVENTS | {"faas.trigger": "pubsub", "messaging.message_id": event["id"]},
            ):
                pass
