"""What a span says of a message: before it is sent, and when it was received."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

Attributes = Mapping[str, AttributeValue]


def know_nothing(_answer: object) -> Attributes:
    """What became known from an answer that tells nothing."""
    return {}


@dataclass(frozen=True, slots=True)
class Sending:
    """What is known before the message is sent.

    `system` and `destination` are as the semantic convention of messaging wants them,
    `attributes` the broker's own, by current names. `identify` makes of the broker's
    answer what became known: message id, sequence number, partition, offset. For a batch
    it gives one mapping for each message; a span has them as events. It never raises.
    """

    system: str
    destination: str
    attributes: Attributes = field(default_factory=dict)
    identify: Callable[[object], Attributes | Sequence[Attributes]] = know_nothing


@dataclass(frozen=True, slots=True)
class Received:
    """What a message said when it was received.

    `context` is what it carried, an empty Context if nothing. `attributes` are by current
    names: partition, offset, consumer group, delivery attempt, sequence number, key.
    """

    context: Context
    system: str
    destination: str | None
    message_id: str | None = None
    attributes: Attributes = field(default_factory=dict)
