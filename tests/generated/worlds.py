"""What a pipeline consists of: channels, who reads them, and what begins it."""

from dataclasses import dataclass, field

from tests.generated.scene import Service
from tests.generated.styles import ReceiveStyle, SendStyle


@dataclass
class Subscription:
    service: Service
    group: str
    queue: str
    """Where the consumer reads: a queue, or the channel's own name."""
    style: ReceiveStyle
    fault: str | None = None
    """A cause of tests/generated/breaks.py, of its messages since `since`."""
    since: float = 0.0
    tells_order: bool = True
    """Its work carries `order.id`."""
    captures: bool = False
    """Its instrumentation records the header that it cannot read."""
    dead_letter: "Subscription | None" = None
    parks: "Channel | None" = None
    """Where its application sends what it cannot handle."""
    onward: "Channel | None" = None


@dataclass
class Channel:
    system: str
    name: str
    sender: Service
    style: SendStyle
    fault: str | None = None
    until: float = float("inf")
    """The fault ends: a roll-out, or the beginning of what is kept."""
    partitions: int = 1
    subscriptions: list[Subscription] = field(default_factory=list)
    sets_ids: bool = True
    """RabbitMQ: the application gives its messages ids."""


@dataclass
class World:
    """One environment and namespace; another one may run the same pipeline."""

    environment: str | None
    namespace: str | None
    entry: Channel
    begins: str = "request"
    """What makes the entry's service send: a "request", a "timer", or "relay", which sends
    what others left in an outbox and has no span but its sends."""
    tells_order: bool = True
    """Entry spans carry `order.id`."""
    loses_entries: bool = False
    """Some entry spans are not exported: their sends name a parent that is missing."""
    sends_batches: bool = False
    """Some entries take two orders and send both in one call."""
    failing: float = 0.15
    """The share of deliveries that fail."""
    samples: bool = False
    """The sampler of the entry's service writes its threshold."""
