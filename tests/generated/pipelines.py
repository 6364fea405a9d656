"""Runs random pipelines: messages travel, spans and truth are recorded.

Message by message in the order of true time; one service takes one delivery at a time.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.builders import Built
from tests.generated.messages import Arrival, Message, bring
from tests.generated.noise import end_partition, make_noise
from tests.generated.scene import Context, Scene, Service
from tests.generated.shapes import SHAPES, Delivery, Parcel
from tests.generated.styles import spell
from tests.generated.telling import tell_delivery
from tests.generated.topology import Channel, Habits, Subscription, World, draw_world

ANYTHING = Habits()
# What a span of several messages cannot tell.
_OF_ONE = ("id", "celery_id", "partition", "offset", "record_id", "key", "order")


@dataclass(frozen=True, slots=True)
class Generated:
    spans: list[Built]
    truth: dict[str, Any]
    """`edges` and `orphan_roots` as in a truth.json."""
    orders: dict[tuple[str, str], frozenset[str]]
    """Which orders a span handled."""


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
        self._arrivals: list[Arrival] = []
        self._busy_until: dict[Service, float] = {}
        self._written: dict[tuple[str, int], list[float]] = defaultdict(list)  # by offset
        self._ends_seen: list[tuple[Service, str, int, float]] = []
        self._held: dict[tuple[str, str], list[Message]] = {}

    def run(self) -> None:
        random, sender = self._random, self._world.entry.sender
        reuses = random.random() < 0.2
        for number in range(random.randint(1, 5)):
            orders = [f"ORD-{100 + (random.randint(0, 1) if reuses else number)}"]
            if self._world.sends_batches and random.random() < 0.5:
                orders.append(f"ORD-{200 + number}")
            tells = self._world.tells_order and len(orders) == 1
            at = 10.0 * number + random.random()
            root = self._scene.record(
                sender,
                "POST /orders",
                at=at,
                duration=0.2,
                kind="SERVER",
                attributes={"http.request.method": "POST"}
                | ({"order.id": orders[0]} if tells else {}),
                orders=orders,
            )
            self._send(self._world.entry, orders, root, at + 0.05)
            if self._world.loses_entries and random.random() < 0.5:
                self._scene.drop([root])
        self._release()
        while self._arrivals:
            self._deliver(heapq.heappop(self._arrivals))
            if not self._arrivals:
                self._release()
        for service, topic, partition, at in self._ends_seen:
            written = enumerate(self._written[topic, partition], start=1)
            end = max((offset for offset, sent in written if sent <= at), default=0)
            end_partition(self._scene, service, topic, partition, end, at)

    def _send(self, channel: Channel, orders: list[str], parent: Context, at: float) -> None:
        """One message an order, in one call: of several its span names none."""
        scene, style = self._scene, channel.style
        messages = [self._facts(channel, scene.next_number(), order, at) for order in orders]
        told = messages[0] if len(orders) == 1 else messages[0] | dict.fromkeys(_OF_ONE)
        producer = scene.record(
            channel.sender,
            style.span.name.format(channel.name, domain=channel.name),
            parent=parent,
            at=at,
            kind=style.span.kind,
            scope=style.scope,
            attributes=spell(style.names, style.span, told),
            orders=orders,
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
                attributes=spell(style.names, style.call, told),
                orders=orders,
            )
            others.append(api)
            carried["xray"] = api
        for order, facts in zip(orders, messages, strict=True):
            message = Message(
                channel, order, facts, producer, others, dict(carried), at, alone=len(orders) == 1
            )
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

    def _facts(self, channel: Channel, number: int, order: str, at: float) -> dict[str, Any]:
        partition = number % channel.partitions
        written = self._written[channel.name, partition]
        offset = len(written)
        written.append(at)
        unique = f"5f0c1e2a-7b3d-4e4f-8a1b-{number:012x}"
        return {
            "number": number,
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
        self._arrive(Arrival(at, self._scene.next_number(), subscription, list(messages)))
        messages.clear()

    def _arrive(self, arrival: Arrival) -> None:
        heapq.heappush(self._arrivals, arrival)

    def _deliver(self, arrival: Arrival) -> None:
        subscription = arrival.subscription
        at = max(arrival.at, self._busy_until.get(subscription.service, 0.0) + 2.0)
        self._busy_until[subscription.service] = at + 0.2 * len(arrival.messages) + 0.3
        retried = self._retry(arrival)
        parcels = [
            bring(
                message,
                subscription,
                self._random,
                number=self._scene.next_number(),
                attempt=arrival.attempt,
                fails=retried,
            )
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
        tell_delivery(self._scene, arrival, parcels, handled)
        if "confluent" in subscription.style.scope[0] and self._random.random() < 0.3:
            facts = parcels[0][0].facts
            place = facts["destination"], facts["partition"]
            self._ends_seen.append((subscription.service, *place, at + 0.3))

    def _retry(self, arrival: Arrival) -> bool:
        """The delivery fails: it comes again, or goes to the dead-letter queue."""
        alone = len(arrival.messages) == 1 and arrival.subscription.group
        if not alone or arrival.attempt > 2 or self._random.random() > 0.15:
            return False
        dead_letter = arrival.subscription.dead_letter if arrival.attempt == 2 else None
        again = Arrival(
            arrival.at + 3.0,
            self._scene.next_number(),
            dead_letter or arrival.subscription,
            arrival.messages,
            arrival.attempt + 1,
        )
        self._arrive(again)
        return True

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
            self._send(subscription.onward, [parcel.order], body, at + 0.03)
        return body


def _subscriptions(channel: Channel) -> list[Subscription]:
    found = []
    for subscription in channel.subscriptions:
        found.append(subscription)
        if subscription.onward:
            found += _subscriptions(subscription.onward)
    return found
