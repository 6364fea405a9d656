"""Runs random pipelines: messages travel, spans and truth are recorded.

Message by message in the order of true time; one service takes one delivery at a time.
"""

import heapq
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.builders import Built
from tests.generated.causes import cause_of
from tests.generated.noise import make_noise
from tests.generated.scene import Context, Scene, Service, ids
from tests.generated.shapes import SHAPES, Delivery, Handled, Parcel
from tests.generated.styles import W3C, spell
from tests.generated.topology import Channel, Habits, Subscription, World, draw_world

ANYTHING = Habits()


@dataclass(frozen=True, slots=True)
class Generated:
    spans: list[Built]
    truth: dict[str, Any]
    """`edges` and `orphan_roots` as in a truth.json."""
    orders: dict[tuple[str, str], frozenset[str]]
    """Which orders a span handled."""


@dataclass
class Message:
    channel: Channel
    number: int
    order: str
    facts: dict[str, Any]
    producer: Context
    others: list[Context]
    carried: dict[str, Context]
    sent: float
    _reaches: dict[str, bool] = field(default_factory=dict)

    def reaches(self, subscription: Subscription, random: Random) -> bool:
        """Whether this message's context is not lost on its way there, as in every attempt."""
        return self._reaches.setdefault(subscription.service.name, random.random() < 0.5)


@dataclass(order=True)
class _Arrival:
    at: float
    number: int
    subscription: Subscription = field(compare=False)
    messages: list[Message] = field(compare=False)
    attempt: int = field(compare=False, default=1)


def generate(random: Random, habits: Habits = ANYTHING) -> Generated:
    """Up to two environments with up to five orders each."""
    scene = Scene()
    places = random.sample(
        [("production", "shop"), ("staging", "shop"), ("production", "other"), (None, None)],
        random.choice([1, 1, 2]),
    )
    seed = random.randrange(2**32)
    for environment, namespace in places:
        # the same names in each, and the same orders; faults and habits differ
        drawn = Random(seed) if random.random() < 0.5 else random
        world = draw_world(drawn, environment, namespace, habits)
        _Run(random, scene, world).run()
    if random.random() < 0.6:
        make_noise(random, scene, *places[0])
    return Generated(list(scene.spans.values()), scene.truth(), scene.orders)


class _Run:
    def __init__(self, random: Random, scene: Scene, world: World) -> None:
        self._random, self._scene, self._world = random, scene, world
        self._arrivals: list[_Arrival] = []
        self._busy_until: dict[Service, float] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._held: dict[tuple[str, str], list[Message]] = {}

    def run(self) -> None:
        random, sender = self._random, self._world.entry.sender
        reuses = random.random() < 0.2
        for number in range(random.randint(1, 5)):
            order = f"ORD-{100 + (random.randint(0, 1) if reuses else number)}"
            at = 10.0 * number + random.random()
            root = self._scene.record(
                sender,
                "POST /orders",
                at=at,
                duration=0.2,
                kind="SERVER",
                attributes={"http.request.method": "POST"}
                | ({"order.id": order} if self._world.tells_order else {}),
                orders=[order],
            )
            self._send(self._world.entry, order, root, at + 0.05)
        self._release()
        while self._arrivals:
            self._deliver(heapq.heappop(self._arrivals))
            if not self._arrivals:
                self._release()

    def _send(self, channel: Channel, order: str, parent: Context, at: float) -> None:
        scene, style = self._scene, channel.style
        number = scene.next_number()
        facts = self._facts(channel, number, order)
        producer = scene.record(
            channel.sender,
            style.span.name.format(channel.name, domain=channel.name),
            parent=parent,
            at=at,
            kind=style.span.kind,
            scope=style.scope,
            attributes=spell(style.names, style.span, facts),
            orders=[order],
        )
        carried = dict.fromkeys(style.carriers, producer)
        others = []
        if style.call:
            api = scene.record(
                channel.sender,
                style.call.name,
                parent=producer,
                at=at + 0.001,
                duration=0.015,
                kind=style.call.kind,
                scope=("opentelemetry.instrumentation.botocore.sqs", "0.66b1"),
                attributes=spell(style.names, style.call, facts),
                orders=[order],
            )
            others.append(api)
            carried["xray"] = api
        message = Message(channel, number, order, facts, producer, others, carried, at)
        self._lose(message, parent)
        for subscription in channel.subscriptions:
            self._hold(subscription, message)

    def _lose(self, message: Message, parent: Context) -> None:
        """What the channel's fault does to the producer's side."""
        fault = message.channel.fault
        if fault in ("not written", "uninstrumented"):
            message.carried.clear()
        if fault in ("uninstrumented", "lost", "unsampled"):
            self._scene.drop([message.producer, *message.others])
        if fault == "unsampled":
            self._scene.drop([parent])

    def _facts(self, channel: Channel, number: int, order: str) -> dict[str, Any]:
        partition = number % channel.partitions
        offset = self._offsets.get((channel.name, partition), 0)
        self._offsets[channel.name, partition] = offset + 1
        unique = f"5f0c1e2a-7b3d-4e4f-8a1b-{number:012x}"
        return {
            "domain": channel.name,
            "destination": channel.name,
            "destination_url": f"https://sqs.eu-west-1.amazonaws.com/123456789012/{channel.name}",
            "topic_arn": f"arn:aws:sns:eu-west-1:123456789012:{channel.name}",
            "id": unique if channel.sets_ids or channel.system != "rabbitmq" else None,
            "celery_id": unique,
            "task": "orders.ship",
            "routing_key": "order.created",
            "partition": partition,
            "offset": offset,
            "record_id": f"{channel.name}.{partition}.{offset}",
            "key": order,
            "order": order,
            "source": "shop",
            "detail_type": "OrderPlaced",
        }

    def _hold(self, subscription: Subscription, message: Message) -> None:
        """Messages of a batching consumer wait for company, the others travel at once."""
        waiting = self._held.setdefault((subscription.service.name, subscription.queue), [])
        waiting.append(message)
        most = 3 if subscription.style.batches else 1
        if len(waiting) >= most or self._random.random() < 0.3:
            self._travel(subscription, waiting)

    def _release(self) -> None:
        for subscription in _subscriptions(self._world.entry):
            waiting = self._held.get((subscription.service.name, subscription.queue), [])
            if waiting:
                self._travel(subscription, waiting)

    def _travel(self, subscription: Subscription, messages: list[Message]) -> None:
        delay = self._random.choice([0.005, 0.5, 2.0])
        at = max(message.sent for message in messages) + 0.03 + delay
        self._arrive(_Arrival(at, self._scene.next_number(), subscription, list(messages)))
        messages.clear()

    def _arrive(self, arrival: _Arrival) -> None:
        heapq.heappush(self._arrivals, arrival)

    def _deliver(self, arrival: _Arrival) -> None:
        subscription = arrival.subscription
        at = max(arrival.at, self._busy_until.get(subscription.service, 0.0) + 2.0)
        self._busy_until[subscription.service] = at + 0.2 * len(arrival.messages) + 0.3
        retried = self._retry(arrival)
        parcels = [
            self._parcel(subscription, message, attempt=arrival.attempt, fails=retried)
            for message in arrival.messages
        ]
        handled = SHAPES[subscription.style.shape](
            Delivery(
                self._scene,
                subscription.service,
                subscription.style,
                subscription.queue,
                [parcel for parcel, _ in parcels],
                at,
                lambda parent, parcel, begun: self._work(subscription, parent, parcel, begun),
            )
        )
        for message, (parcel, fault), end in zip(arrival.messages, parcels, handled, strict=True):
            self._tell_edge(arrival, message, parcel, fault, end)
        self._tell_orphans(arrival, parcels, handled)

    def _retry(self, arrival: _Arrival) -> bool:
        """The delivery fails: it comes again, or goes to the dead-letter queue."""
        alone = len(arrival.messages) == 1 and arrival.subscription.group
        if not alone or arrival.attempt > 2 or self._random.random() > 0.15:
            return False
        dead_letter = arrival.subscription.dead_letter if arrival.attempt == 2 else None
        again = _Arrival(
            arrival.at + 3.0,
            self._scene.next_number(),
            dead_letter or arrival.subscription,
            arrival.messages,
            arrival.attempt + 1,
        )
        self._arrive(again)
        return True

    def _parcel(
        self, subscription: Subscription, message: Message, *, attempt: int, fails: bool
    ) -> tuple[Parcel, str | None]:
        """The message as it arrives, and the fault that took its context."""
        channel, reads = message.channel, subscription.style.carriers
        if channel.system in ("sns", "eventbridge"):
            reads &= W3C
        # the last context that is read wins, and X-Ray's is read last
        found = [message.carried[c] for c in ("w3c", "xray") if c in reads & message.carried.keys()]
        context = found[-1] if found else None
        fault = channel.fault or subscription.fault
        if context is None:
            if fault not in ("not written", "not read", "uninstrumented"):
                fault = _why_none_arrives(reads, message)
        elif fault == "not read":
            context = None
        elif fault == "some":
            if message.reaches(subscription, self._random):
                fault = None
            else:
                context = None
        elif fault == "X-Ray":
            epoch = 1_760_000_000 + int(message.sent)
            context = Context((epoch << 96) + message.number, 0xEE00 + message.number)
        elif fault == "rewritten":
            context = Context(context.trace, 0xFF00 + message.number)
        facts = message.facts | {
            "destination": subscription.queue,
            "destination_url": f"https://sqs.eu-west-1.amazonaws.com/123456789012/{subscription.queue}",
            "group": subscription.group,
            "attempt": attempt,
            "invocation": f"inv-{self._scene.next_number()}",
        }
        if channel.system in ("sns", "eventbridge") and subscription.style.scope[0] != "shop":
            # the queue gives the notification an id of its own
            facts["id"] = f"77777777-7b3d-4e4f-8a1b-{message.number:012x}"
        return Parcel(facts, message.order, context, fails), fault

    def _work(
        self, subscription: Subscription, parent: Context | None, parcel: Parcel, at: float
    ) -> Context:
        told = {"order.id": parcel.order} if subscription.tells_order else {}
        body = self._scene.record(
            subscription.service,
            "handle order",
            parent=parent,
            at=at,
            duration=0.06,
            attributes=told,
            orders=[parcel.order],
        )
        if self._random.random() < 0.3:
            self._scene.record(
                subscription.service,
                "SELECT",
                parent=body,
                at=at + 0.01,
                kind="CLIENT",
                orders=[parcel.order],
            )
        if subscription.onward and not parcel.fails:
            self._send(subscription.onward, parcel.order, body, at + 0.03)
        return body

    def _tell_edge(
        self, arrival: _Arrival, message: Message, parcel: Parcel, fault: str | None, end: Handled
    ) -> None:
        producer = message.producer
        if parcel.context in message.others:  # the API call's own context travelled
            producer = parcel.context
        relation = "same_trace" if fault == "rewritten" else end.relation
        if fault == "X-Ray":
            relation = "none"
        cause = None
        if fault:
            dead = arrival.subscription.group == ""
            cause, _ = cause_of(message.channel.system, fault, dead_letter=dead)
        alt = [c for c in (message.producer, *message.others) if c != producer]
        self._scene.edges.append(
            {
                "producer": ids(producer),
                "producer_alt": [ids(context) for context in alt],
                "consumer": ids(end.consumer),
                "consumer_root": ids(end.root),
                "consumer_alt": [ids(context) for context in end.alt],
                "relation": relation,
                "cause": cause,
                "order_id": message.order,
                "attempt": arrival.attempt,
                "shared": self._shared(arrival.subscription, message, fault),
            }
        )

    def _shared(self, subscription: Subscription, message: Message, fault: str | None) -> str:
        if fault is None:
            return "visible"
        sends, receives = message.channel.style, subscription.style
        here = set(sends.span.facts) | set(sends.call.facts if sends.call else ())
        there = set(receives.process.facts) | set(
            receives.receive.facts if receives.receive else ()
        )
        same_id = (
            message.channel.system not in ("sns", "eventbridge") or receives.scope[0] == "shop"
        )
        record = {"partition", "offset"} <= here and (
            {"partition", "offset"} <= there or "record_id" in there
        )
        if (
            (same_id and message.facts["id"] and "id" in here & there)
            or record
            or "celery_id" in here & there
        ):
            return "id"
        return "nothing"

    def _tell_orphans(
        self,
        arrival: _Arrival,
        parcels: list[tuple[Parcel, str | None]],
        handled: list[Handled],
    ) -> None:
        system = arrival.messages[0].channel.system
        dead = arrival.subscription.group == ""
        faults = [fault for _, fault in parcels]
        if all(faults):
            self._tell_orphan(
                handled[0].root,
                cause_of(system, faults[0] or "", dead_letter=dead),
                [end.body for end in handled if end.body],
            )
            return
        for end in handled:
            if end.body:
                self._tell_orphan(end.body, cause_of(system, "closed", dead_letter=dead), [])

    def _tell_orphan(
        self, root: Context, cause: tuple[str, list[str]], same: list[Context]
    ) -> None:
        self._scene.orphan_roots.append(
            {
                **ids(root),
                "cause": cause[0],
                "also_ok": cause[1],
                "same_as": [ids(context) for context in same],
            }
        )


def _why_none_arrives(reads: frozenset[str], message: Message) -> str:
    """The fault of a healthy hop whose two sides do not fit."""
    if not reads:
        return "not read"
    return "carriers" if message.carried else "not written"


def _subscriptions(channel: Channel) -> list[Subscription]:
    found = []
    for subscription in channel.subscriptions:
        found.append(subscription)
        if subscription.onward:
            found += _subscriptions(subscription.onward)
    return found
