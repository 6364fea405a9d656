"""Carries trace context through SQS, SNS, Kafka, EventBridge and Lambda."""

from tracestitch_propagation.bootstrap import init_tracer
from tracestitch_propagation.messages import Received, Sending
from tracestitch_propagation.spans import Publishing, process_span, publish_span
from tracestitch_propagation.workflow import BaggageSpanProcessor

__all__ = [
    "BaggageSpanProcessor",
    "Publishing",
    "Received",
    "Sending",
    "init_tracer",
    "process_span",
    "publish_span",
]
