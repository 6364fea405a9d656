"""Carries trace context through SQS, SNS, Kafka, EventBridge and Lambda."""

from tracestitch_propagation.messages import Received, Sending
from tracestitch_propagation.spans import Publishing, process_span, publish_span

__all__ = ["Publishing", "Received", "Sending", "process_span", "publish_span"]
