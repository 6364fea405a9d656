"""Random pipelines: which services hand what on to whom, and where the context is lost."""

from dataclasses import dataclass, field
from random import Random

from tests.generated import brokers, events, kafka, sqs
from tests.generated.scene import Service
from tests.generated.styles import ReceiveStyle, SendStyle

SENDS = {
    "sqs": sqs.SENDS,
    "kafka": kafka.SENDS,
    "sns": events.TOPIC_SENDS,
    "eventbridge": events.BUS_SENDS,
    "rabbitmq": brokers.EXCHANGE_SENDS,
    "celery": brokers.TASK_SENDS,
}
RECEIVES = {
    "sqs": sqs.RECEIVES,
    "kafka": kafka.RECEIVES,
    "sns": sqs.RECEIVES,
    "eventbridge": events.BUS_RECEIVES,
    "rabbitmq": brokers.EXCHANGE_RECEIVES,
    "celery": brokers.TASK_RECEIVES,
}
# One consumer group or queue takes all of its messages.
_FANS_OUT = {"kafka", "sns", "eventbridge"}

# What happens to contexts and producers' spans of a whole channel, …
PRODUCER_FAULTS = ["not written"]
HIDING_FAULTS = ["uninstrumented", "unsampled", "lost"]
# … and to contexts on the way to one consumer: of every message, of some, or replaced, …
CONSUMER_FAULTS = ["not read", "some"]
# … which AWS does to spans that continue the trace.
REPLACING_FAULTS = {"sqs": ["X-Ray"], "sns": ["X-Ray"], "eventbridge": ["X-Ray", "rewritten"]}


@dataclass
class Subscription:
    service: Service
    group: str
    queue: str
    """Where the consumer reads: a queue, or the channel's own name."""
    style: ReceiveStyle
    fault: str | None = None
    tells_order: bool = True
    """Its work carries `order.id`."""
    dead_letter: "Subscription | None" = None
    onward: "Channel | None" = None


@dataclass
class Channel:
    system: str
    name: str
    sender: Service
    style: SendStyle
    fault: str | None = None
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
    tells_order: bool = True
    """Entry spans carry `order.id`."""
    loses_entries: bool = False
    """Some entry spans are not exported: their sends name a parent that is missing."""
    sends_batches: bool = False
    """Some entries take two orders and send both in one call."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What may happen. `healthy`: every hop hands its context on, and the consumer continues
    it. `open`: no producer is without its span, and the work of every service tells its
    order, so that nothing that is said of an order can come from what was not said."""

    healthy: bool = False
    open: bool = False


def draw_world(
    random: Random, environment: str | None, namespace: str | None, habits: Habits
) -> World:
    return World(
        environment,
        namespace,
        _Drawing(random, environment, namespace, habits).channel(0),
        tells_order=habits.open or random.random() < 0.7,
        loses_entries=not habits.open and random.random() < 0.2,
        sends_batches=not habits.open and random.random() < 0.2,
    )


class _Drawing:
    def __init__(
        self, random: Random, environment: str | None, namespace: str | None, habits: Habits
    ) -> None:
        self._random = random
        self._place = environment, namespace
        self._habits = habits
        self._count = 0

    def channel(self, depth: int, sender: Service | None = None) -> Channel:
        random = self._random
        system = random.choice(sorted(SENDS))
        style = random.choice(
            [s for s in SENDS[system].values() if s.carriers or not self._habits.healthy]
        )
        self._count += 1
        channel = Channel(
            system,
            f"{random.choice(['orders', 'payments', 'stock'])}-{self._count}",
            sender or self._service("api", style.language),
            style,
            partitions=random.randint(1, 3) if system == "kafka" else 1,
            sets_ids=random.random() < 0.5,
        )
        hiding = [f for f in HIDING_FAULTS if f != "unsampled" or depth == 0]
        channel.fault = self._fault(PRODUCER_FAULTS + ([] if self._habits.open else hiding))
        for _ in range(random.randint(1, 2) if system in _FANS_OUT else 1):
            channel.subscriptions.append(self._subscription(channel, depth))
        return channel

    def _subscription(self, channel: Channel, depth: int) -> Subscription:
        random = self._random
        receives = RECEIVES[channel.system]
        if channel.system == "eventbridge" and random.random() < 0.3:
            receives = sqs.RECEIVES
        style = random.choice(
            [r for r in receives.values() if not self._habits.healthy or _fits(channel, r)]
        )
        service = self._service("worker", style.language)
        reads_queue = channel.system in ("sns", "eventbridge")
        made = Subscription(
            service,
            group=service.name,
            queue=f"{channel.name}-{service.name}" if reads_queue else channel.name,
            style=style,
            tells_order=self._habits.open or random.random() < 0.8,
        )
        if channel.system != "celery":
            replacing = REPLACING_FAULTS.get(channel.system, []) if style.shape == "child" else []
            made.fault = self._fault(CONSUMER_FAULTS + replacing)
        if channel.system == "sqs" and style.shape != "call" and random.random() < 0.3:
            made.dead_letter = Subscription(
                self._service("parker", style.language),
                group="",
                queue=f"{channel.name}-dlq",
                style=style,
            )
        if depth < 2 and random.random() < 0.6:
            made.onward = self.channel(depth + 1, service)
        return made

    def _service(self, role: str, language: str) -> Service:
        self._count += 1
        skew = self._random.choice([0.0, 0.0, -1.5, 1.5])
        return Service(f"{role}-{self._count}", *self._place, language, skew)

    def _fault(self, faults: list[str]) -> str | None:
        if self._habits.healthy or self._random.random() < 0.7:
            return None
        return self._random.choice(faults)


def _fits(channel: Channel, style: ReceiveStyle) -> bool:
    """Its consumer finds the context that the channel's producer writes."""
    carriers = style.carriers if channel.system == "sqs" else style.carriers & {"w3c"}
    return bool(carriers & channel.style.carriers)
