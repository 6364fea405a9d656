"""What spans a delivery leaves, by the instrumentation's habit.

A shape records the spans of one delivery and says of each message where it ended.
`work` records what the application does with a message, below a span or, where the
receive span is over by then, as a root of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.generated.scene import Context, Scene, Service
from tests.generated.styles import ReceiveStyle, Told, spell


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message as it arrives at one consumer."""

    facts: dict[str, Any]
    order: str
    context: Context | None
    """None when the context was lost on the way."""
    fails: bool = False
    captured: Mapping[str, Any] = field(default_factory=dict)
    """Headers of the message that the instrumentation was told to record."""
    dropped: int = 0
    """Attributes of its span that a limit took away."""


@dataclass(frozen=True, slots=True)
class Handled:
    """Where a message ended: the consumer's span, its root, other spans of the delivery, how
    the telemetry states the hand-over, and the root of the work if it has its own."""

    consumer: Context
    root: Context
    relation: str
    alt: tuple[Context, ...] = ()
    body: Context | None = None


Work = Callable[[Context | None, Parcel, float], Context]


@dataclass(frozen=True, slots=True)
class Delivery:
    scene: Scene
    service: Service
    style: ReceiveStyle
    destination: str
    parcels: list[Parcel]
    at: float
    work: Work

    @property
    def orders(self) -> list[str]:
        return [parcel.order for parcel in self.parcels]

    def links(self, *parcels: Parcel) -> list[Any]:
        names, told = self.style.names, self.style.process
        return [
            self.scene.link(
                self.service,
                parcel.context,
                spell(names, told, parcel.facts, self.style.link_facts)
                if self.style.link_facts
                else {},
            )
            for parcel in parcels
            if parcel.context
        ]

    def record(self, told: Told, at: float, parcels: list[Parcel], **more: Any) -> Context:
        facts = parcels[0].facts | {"count": len(parcels)}
        failed = len(parcels) == 1 and parcels[0].fails
        return self.scene.record(
            self.service,
            told.name.format(self.destination, domain=facts["domain"]),
            at=at,
            kind=told.kind,
            scope=self.style.scope,
            attributes=spell(self.style.names, told, facts) | dict(parcels[0].captured),
            dropped_attributes=parcels[0].dropped,
            orders=[parcel.order for parcel in parcels],
            status="ERROR" if failed else "UNSET",
            **more,
        )


def child(delivery: Delivery, *, linked: bool = False) -> list[Handled]:
    """The consumer's span continues the producer's trace."""
    parcel = delivery.parcels[0]
    process = delivery.record(
        delivery.style.process,
        delivery.at,
        [parcel],
        parent=parcel.context,
        remote=parcel.context is not None,
        links=delivery.links(parcel) if linked else (),
        duration=0.1,
    )
    delivery.work(process, parcel, delivery.at + 0.01)
    return [Handled(process, process, "parent" if parcel.context else "none")]


def child_and_link(delivery: Delivery) -> list[Handled]:
    return child(delivery, linked=True)


def link(delivery: Delivery) -> list[Handled]:
    """The consumer's span starts a trace and links to the producer's."""
    parcel = delivery.parcels[0]
    process = delivery.record(
        delivery.style.process, delivery.at, [parcel], links=delivery.links(parcel), duration=0.1
    )
    delivery.work(process, parcel, delivery.at + 0.01)
    return [Handled(process, process, _linked(parcel))]


def receive_over_process(delivery: Delivery) -> list[Handled]:
    """A poll's span over a linked span for each message."""
    assert delivery.style.receive
    # the poll began before the messages were there
    root = delivery.record(
        delivery.style.receive, delivery.at - 1, delivery.parcels, duration=1 + _span(delivery)
    )
    handled = []
    for number, parcel in enumerate(delivery.parcels):
        at = delivery.at + 0.1 * number
        process = delivery.record(
            delivery.style.process,
            at,
            [parcel],
            parent=root,
            links=delivery.links(parcel),
            duration=0.08,
        )
        delivery.work(process, parcel, at + 0.01)
        handled.append(Handled(process, root, _linked(parcel)))
    _settle(delivery)
    return handled


def function(delivery: Delivery) -> list[Handled]:
    """A Lambda invocation: one linked span for the batch, the work beside it."""
    assert delivery.style.receive
    root = delivery.record(
        delivery.style.receive, delivery.at, delivery.parcels, duration=_span(delivery)
    )
    process = delivery.record(
        delivery.style.process,
        delivery.at + 0.001,
        delivery.parcels,
        parent=root,
        links=delivery.links(*delivery.parcels),
        duration=_span(delivery) - 0.01,
    )
    for number, parcel in enumerate(delivery.parcels):
        delivery.work(root, parcel, delivery.at + 0.01 + 0.1 * number)
    return [Handled(process, root, _linked(parcel)) for parcel in delivery.parcels]


def closed_receive(delivery: Delivery) -> list[Handled]:
    """The receive span continues the trace and is over before the work begins (K4)."""
    assert delivery.style.receive
    parcel = delivery.parcels[0]
    receive = delivery.record(
        delivery.style.receive,
        delivery.at - 0.005,
        [parcel],
        parent=parcel.context,
        remote=parcel.context is not None,
        duration=0.004,
    )
    body = delivery.work(None, parcel, delivery.at)
    return [
        Handled(receive, receive, "parent" if parcel.context else "none", alt=(body,), body=body)
    ]


def closed_receive_with_links(delivery: Delivery) -> list[Handled]:
    """The same of a batch, with a link for each message."""
    assert delivery.style.receive
    receive = delivery.record(
        delivery.style.receive,
        delivery.at - 0.5,
        delivery.parcels,
        links=delivery.links(*delivery.parcels),
        duration=0.499,
    )
    handled = []
    for number, parcel in enumerate(delivery.parcels):
        body = delivery.work(None, parcel, delivery.at + 0.1 * number)
        handled.append(Handled(receive, receive, _linked(parcel), alt=(body,), body=body))
    _settle(delivery)
    return handled


def call(delivery: Delivery) -> list[Handled]:
    """The API call is recorded, nothing of the message: the work is the delivery."""
    assert delivery.style.receive
    parcel = delivery.parcels[0]
    receive = delivery.record(delivery.style.receive, delivery.at - 1, [parcel], duration=0.999)
    body = delivery.work(None, parcel, delivery.at)
    return [Handled(body, body, "none", alt=(receive,))]


SHAPES: dict[str, Callable[[Delivery], list[Handled]]] = {
    "child": child,
    "child and link": child_and_link,
    "link": link,
    "receive over process": receive_over_process,
    "lambda": function,
    "closed receive": closed_receive,
    "closed receive with links": closed_receive_with_links,
    "call": call,
}


def _linked(parcel: Parcel) -> str:
    return "link" if parcel.context else "none"


def _span(delivery: Delivery) -> float:
    """Seconds that the messages take."""
    return 0.1 * len(delivery.parcels)


def _settle(delivery: Delivery) -> None:
    told = delivery.style.settles
    if told:
        at = delivery.at + _span(delivery) + 0.001
        delivery.record(told, at, delivery.parcels, duration=0.002)
