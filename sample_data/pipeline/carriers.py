"""How context travels in each broker's messages.

SQS: message attributes, at most ten a message. Kafka: record headers. EventBridge
has neither, so it travels in the event itself, as `_otel` in `detail`.
"""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import Getter, Setter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

SqsAttributes = dict[str, Any]
KafkaHeaders = list[tuple[str, bytes]]

PROPAGATOR = CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()])
MAX_SQS_ATTRIBUTES = 10


class SqsSetter(Setter[SqsAttributes]):
    def set(self, carrier: SqsAttributes, key: str, value: str) -> None:
        if len(carrier) < MAX_SQS_ATTRIBUTES:
            carrier[key] = {"DataType": "String", "StringValue": value}


class SqsGetter(Getter[SqsAttributes]):
    def get(self, carrier: SqsAttributes, key: str) -> list[str] | None:
        value = carrier.get(key, {}).get("StringValue")
        return None if value is None else [value]

    def keys(self, carrier: SqsAttributes) -> list[str]:
        return list(carrier)


class KafkaSetter(Setter[KafkaHeaders]):
    def set(self, carrier: KafkaHeaders, key: str, value: str) -> None:
        carrier.append((key, value.encode()))


class KafkaGetter(Getter[KafkaHeaders]):
    def get(self, carrier: KafkaHeaders, key: str) -> list[str] | None:
        return [value.decode() for name, value in carrier if name == key] or None

    def keys(self, carrier: KafkaHeaders) -> list[str]:
        return [name for name, _ in carrier]


def sqs_attributes() -> SqsAttributes:
    """Message attributes with the current context."""
    carrier: SqsAttributes = {}
    PROPAGATOR.inject(carrier, setter=SqsSetter())
    return carrier


def from_sqs_attributes(attributes: SqsAttributes) -> Context:
    return PROPAGATOR.extract(attributes, context=Context(), getter=SqsGetter())


def kafka_headers() -> KafkaHeaders:
    """Record headers with the current context."""
    carrier: KafkaHeaders = []
    PROPAGATOR.inject(carrier, setter=KafkaSetter())
    return carrier


def from_kafka_headers(headers: KafkaHeaders | None) -> Context:
    """A record without headers has None for them."""
    return PROPAGATOR.extract(headers or [], context=Context(), getter=KafkaGetter())


def put_into_detail(detail: dict[str, Any]) -> dict[str, Any]:
    """The detail of an event, with the current context under `_otel`."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier)
    return {**detail, "_otel": carrier}


def take_from_detail(detail: dict[str, Any]) -> Context:
    """Removes `_otel`, so that the handler sees the payload alone."""
    return PROPAGATOR.extract(detail.pop("_otel", {}), context=Context())


def from_http_headers(headers: Mapping[str, str]) -> Context:
    return PROPAGATOR.extract(
        {name.lower(): value for name, value in headers.items()}, context=Context()
    )


# X-Ray's own header, `Root=1-<epoch seconds>-<96 bits>;Parent=<64 bits>;Sampled=1`:
# https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html


def new_xray_header() -> str:
    """As a traced AWS service in front of the queue would write it."""
    root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled=1"


def from_xray_header(header: str) -> Context:
    """What a propagator that knows only X-Ray makes of it."""
    fields = dict(part.split("=", 1) for part in header.split(";"))
    _, epoch, unique = fields["Root"].split("-")
    remote = trace.SpanContext(
        trace_id=int(epoch + unique, 16),
        span_id=int(fields["Parent"], 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(fields["Sampled"])),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(remote), Context())
