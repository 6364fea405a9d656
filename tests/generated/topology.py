"""Random pipelines: which services hand what on to whom, and what breaks between them."""

from dataclasses import dataclass
from random import Random

from tests.generated import brokers, events, kafka, sqs
from tests.generated.breaks import BREAKS, HIDING, PRODUCERS, Break
from tests.generated.scene import Service
from tests.generated.styles import W3C, XRAY, ReceiveStyle, SendStyle
from tests.generated.worlds import Channel, Subscription, World

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
# Whose producers write no context, whatever they could.
_NEED_NO_CONTEXT = {"E1", "P3", "P4", "T1"}
# One consumer group or queue takes all of its messages.
_FANS_OUT = {"kafka", "sns", "eventbridge"}


@dataclass(frozen=True, slots=True)
class Habits:
    """What may happen. `healthy`: every hop hands its context on, and the consumer continues
    it. `open`: no producer is without its span, and the work of every service tells its
    order, so that nothing that is said of an order can come from what was not said.
    `cause`: one hop is broken by it, the others are healthy, and there are more orders."""

    healthy: bool = False
    open: bool = False
    cause: str | None = None


def draw_world(
    random: Random, environment: str | None, namespace: str | None, habits: Habits
) -> World:
    drawing = _Drawing(random, environment, namespace, habits)
    broken = drawing.draw_break()
    world = World(
        environment,
        namespace,
        drawing.first_channel(broken),
        tells_order=habits.open or random.random() < 0.7,
        loses_entries=not habits.open and random.random() < 0.2,
        sends_batches=not habits.open and random.random() < 0.2,
    )
    if habits.cause is None:
        begins = random.random()
        world.begins = "timer" if begins < 0.1 else "request"
        if 0.1 <= begins < 0.2 and not habits.open:  # nothing of a relay tells its order
            world.begins = "relay"
    elif habits.cause in ("S11", "S12", "K9"):
        world.failing = 0.5
    if world.entry.fault in ("P6", "K8"):
        world.begins = "request"
    world.samples = world.entry.fault == "P1" and random.random() < 0.4
    return world


class _Drawing:
    def __init__(
        self, random: Random, environment: str | None, namespace: str | None, habits: Habits
    ) -> None:
        self._random = random
        self._place = environment, namespace
        self._habits = habits
        self._count = 0

    def draw_break(self) -> Break | None:
        """What breaks the pipeline, where that was asked for."""
        rows = [row for row in BREAKS if row.code == self._habits.cause]
        return self._weighted(rows) if rows else None

    def first_channel(self, broken: Break | None) -> Channel:
        if broken is None:
            return self.channel(0)
        if broken.after:  # a hop before it
            before = Break("", broken.system, receives=frozenset({broken.after}))
            return self.channel(0, broken=before, then=broken)
        if broken.code not in HIDING | {"P6", "K8"} and self._random.random() < 0.3:
            healthy = Break("", self._random.choice(sorted(SENDS)))
            return self.channel(0, broken=healthy, then=broken)
        return self.channel(0, broken=broken)

    def channel(
        self,
        depth: int,
        sender: Service | None = None,
        broken: Break | None = None,
        then: Break | None = None,
    ) -> Channel:
        """`broken` breaks it, without a code nothing does; `then` breaks the next one."""
        random = self._random
        if broken is None:
            broken = self._maybe_break(depth)
        system = broken.system if broken else random.choice(sorted(SENDS))
        style = self._send_style(system, broken)
        self._count += 1
        channel = Channel(
            system,
            self._name(broken),
            sender or self._service("api", style.language),
            style,
            partitions=random.randint(1, 3) if system == "kafka" else 1,
            sets_ids=random.random() < 0.5,
        )
        code = broken.code if broken else ""
        if code in PRODUCERS:
            channel.fault = code
            if code in ("P4", "K7"):
                channel.until = random.choice([15.0, 25.0, 35.0])
        many = random.randint(1, 2) if system in _FANS_OUT else 1
        if broken and broken.sibling:
            many = 2 if random.random() < broken.sibling else 1
        if code == "K7":
            many = 1
        for number in range(many):
            hit = broken if number == 0 or code in PRODUCERS or not code else None
            follows = then if number == 0 else None
            channel.subscriptions.append(self._subscription(channel, depth, hit, follows))
        return channel

    def _maybe_break(self, depth: int) -> Break | None:
        """In any pipeline: every other hop; None leaves styles to chance that do not fit."""
        random, habits = self._random, self._habits
        system = random.choice(sorted(SENDS))
        if habits.healthy or habits.cause:
            return Break("", system)
        if random.random() < 0.5:
            return None
        rows = [
            row
            for row in BREAKS
            if row.system == system
            and not row.after
            and not (habits.open and row.code in HIDING)
            and (depth == 0 or row.code not in HIDING | {"P6", "K8"})
        ]
        return self._weighted(rows) if rows else None

    def _weighted(self, rows: list[Break]) -> Break:
        return self._random.choices(rows, [row.weight for row in rows])[0]

    def _name(self, broken: Break | None) -> str:
        name = f"{self._random.choice(['orders', 'payments', 'stock'])}-{self._count}"
        if broken and broken.code == "K5":
            name += self._random.choice(["-changelog", "-repartition"])
        return name

    def _send_style(self, system: str, broken: Break | None) -> SendStyle:
        """One that the fault needs; else one that writes its context, where all is well."""
        styles = SENDS[system]
        if broken and broken.sends is not None:
            return styles[self._random.choice(sorted(broken.sends & styles.keys()))]
        writes = broken is not None and broken.code not in _NEED_NO_CONTEXT
        wanted = W3C if broken and broken.receives else W3C | XRAY
        return self._random.choice(
            [style for style in styles.values() if style.carriers & wanted or not writes]
        )

    def _receive_style(
        self, channel: Channel, receives: dict[str, ReceiveStyle], broken: Break | None
    ) -> ReceiveStyle:
        """One that the fault needs, or one that continues the contexts of the channel; where
        nothing is asked for, any."""
        styles = list(receives.values())
        if broken and broken.receives is not None:
            styles = [style for name, style in receives.items() if name in broken.receives]
        elif broken and broken.code in _NEED_NO_CONTEXT:
            styles = [style for style in styles if "w3c" in style.carriers]
        elif broken:
            styles = [style for style in styles if _fits(channel, style)]
            if self._habits.cause and self._random.random() < 0.7:  # else K4 is everywhere
                open_ones = [s for s in styles if not s.shape.startswith("closed")]
                styles = open_ones or styles
        return self._random.choice(styles)

    def _subscription(
        self, channel: Channel, depth: int, broken: Break | None, then: Break | None
    ) -> Subscription:
        random = self._random
        receives: dict[str, ReceiveStyle] = dict(RECEIVES[channel.system])
        over_queue = random.random() < 0.3 and not (broken and broken.receives)
        if channel.system == "eventbridge" and (over_queue or (broken and broken.queue)):
            receives = dict(sqs.RECEIVES)
        style = self._receive_style(channel, receives, broken)
        service = self._service("worker", style.language)
        made = Subscription(
            service,
            group=service.name,
            queue=channel.name,
            style=style,
            tells_order=self._habits.open or random.random() < 0.8,
            captures=style.language == "java" and random.random() < 0.6,
        )
        if channel.system in ("sns", "eventbridge"):
            made.queue = f"{channel.name}-{service.name}"
        code = broken.code if broken else ""
        if code and code not in PRODUCERS | {"S5", "S11", "S12", "K4", "K9"}:
            made.fault = code
            if code in ("S1", "K3", "R1") and random.random() < 0.3:
                made.since = 25.0
        if code == "K6":
            made.queue = f"eu.{channel.name}"
        self._add_dead_letters(made, channel, code)
        if then is not None:
            made.onward = self.channel(depth + 1, service, then)
        elif depth < 2 and code != "K7" and random.random() < (0.3 if self._habits.cause else 0.6):
            made.onward = self.channel(depth + 1, service)
        return made

    def _add_dead_letters(self, made: Subscription, channel: Channel, code: str) -> None:
        random = self._random
        if code == "K9":
            made.parks = Channel("kafka", f"{channel.name}-dlt", made.service, channel.style, "K9")
            made.parks.style = random.choice([kafka.SENDS["by hand"], kafka.SENDS["java"]])
            parker = self._service("parker", made.style.language)
            made.parks.subscriptions.append(
                Subscription(parker, parker.name, made.parks.name, made.style)
            )
        elif code == "S12":
            made.dead_letter = made  # a redrive brings it back, as a new message
        elif code == "S11" or (
            channel.system == "sqs" and made.style.shape != "call" and random.random() < 0.3
        ):
            style = made.style
            made.dead_letter = Subscription(
                self._service("parker", style.language),
                group="",
                queue=f"{channel.name}-dlq",
                style=style,
                fault="S11" if code == "S11" else None,
            )

    def _service(self, role: str, language: str) -> Service:
        self._count += 1
        skew = self._random.choice([0.0, 0.0, -1.5, 1.5])
        return Service(f"{role}-{self._count}", *self._place, language, skew)


def _fits(channel: Channel, style: ReceiveStyle) -> bool:
    """Its consumer finds the context that the channel's producer writes."""
    carriers = style.carriers if channel.system == "sqs" else style.carriers & {"w3c"}
    return bool(carriers & channel.style.carriers)
