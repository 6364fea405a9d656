"""The failures that can be switched on, one at a time."""

from enum import StrEnum
from typing import Literal


class Switch(StrEnum):
    """What the services do. The value is the name on the wire and in recordings."""

    HEALTHY = "healthy"
    ATTRIBUTES_NOT_REQUESTED = "attributes_not_requested"
    HEADERS_DROPPED = "headers_dropped"
    INPUT_TRANSFORMER = "input_transformer"
    XRAY_MIXED = "xray_mixed"
    PRODUCER_UNSAMPLED = "producer_unsampled"
    DEAD_LETTERS = "dead_letters"
    REDELIVERY = "redelivery"
    FAN_OUT = "fan_out"

    @property
    def sentence(self) -> str:
        """What happens while it is on, for people."""
        return _SENTENCES[self]

    @property
    def hop(self) -> str | None:
        """The destination whose hand-overs lose their context, None if none does."""
        return _BREAKS[self][0] if self in _BREAKS else None

    @property
    def relation(self) -> Literal["parent", "link"]:
        """What a consumer's span has with the one that sent its message."""
        return "link" if self is Switch.FAN_OUT else "parent"

    @property
    def cause(self) -> str | None:
        """Code of the cause that its orphan roots have, None if it makes none."""
        return _BREAKS[self][1] if self in _BREAKS else None


_SENTENCES = {
    Switch.HEALTHY: "healthy orders: every hop hands its context on",
    Switch.ATTRIBUTES_NOT_REQUESTED: (
        "payment-service receives from SQS without asking for message attributes"
    ),
    Switch.HEADERS_DROPPED: "payment-service publishes to Kafka without headers",
    Switch.INPUT_TRANSFORMER: "an input transformer on the EventBridge rule leaves _otel out",
    Switch.XRAY_MIXED: "payment-service follows the X-Ray header instead of traceparent",
    Switch.PRODUCER_UNSAMPLED: "order-service does not sample, but payment-service does",
    Switch.DEAD_LETTERS: "payments fail three times and their orders go to the dead-letter queue",
    Switch.REDELIVERY: "the first attempt at each payment fails, the second succeeds",
    Switch.FAN_OUT: (
        "orders of one workflow, consumers that link instead of continuing, "
        "and a second consumer group"
    ),
}

_BREAKS = {
    Switch.ATTRIBUTES_NOT_REQUESTED: ("orders", "S1"),
    Switch.HEADERS_DROPPED: ("payments", "K1"),
    Switch.INPUT_TRANSFORMER: ("shipments", "E2"),
    Switch.XRAY_MIXED: ("orders", "X1"),
    Switch.PRODUCER_UNSAMPLED: ("orders", "P1"),
}

FAILURES = tuple(switch for switch in Switch if switch is not Switch.HEALTHY)
